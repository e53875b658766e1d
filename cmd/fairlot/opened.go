package main

import (
	"fmt"

	"fairlot/cmd/fairlot/bundle"
	"fairlot/cmd/fairlot/custodian"
	"fairlot/cmd/fairlot/private"
	"fairlot/cmd/fairlot/release"
	"fairlot/cmd/fairlot/unseal"
	"fairlot/crypto/custody"
)

// opening is what the notifier opens a release with.
type opening struct {
	Key     string   `required:"" placeholder:"FILE" help:"The notifier's key file; for the audit sample the auditor's."`
	Request string   `required:"" placeholder:"FILE" help:"The request that release prepare wrote."`
	Bundle  string   `required:"" placeholder:"PATH|URL" help:"The campaign's newest bundle."`
	Share   []string `required:"" sep:"none" placeholder:"FILE" help:"A custodian's shares; repeat it for each custodian."`
	Release int      `placeholder:"N" help:"Which release of the request, from 1 as release prepare lists them; the newest one if not given. It must be the shares' one."`
}

// parts are all that a release is opened with, read and checked. The bundle is the caller's to close.
type parts struct {
	*bundle.Checked
	key     *custody.Key
	request *release.Request
	release *release.Release
	shares  [][]byte
	pin     custodian.Pin // to be written once it is opened
}

// read refuses a request for another purpose.
func (o *opening) read(a *app, purpose custody.Purpose) (*parts, error) {
	p := &parts{}
	var err error
	if p.key, err = a.readNotifier(o.Key); err != nil {
		return nil, err
	}
	if p.request, p.release, err = readRequest(o.Request, o.Release); err != nil {
		return nil, err
	}
	if !p.request.Sealed {
		return nil, fmt.Errorf("%s is the custodians' file and holds no envelopes: take the request itself, without .locks", o.Request)
	}
	if p.request.Purpose != purpose {
		return nil, fmt.Errorf("%s was prepared for the purpose %s, and this command is for %s: fairlot release prepare --purpose %s makes one", o.Request, p.request.Purpose, purpose, purpose)
	}
	for _, path := range o.Share {
		b, err := private.Read(path, custody.MaxReleased)
		if err != nil {
			return nil, err
		}
		p.shares = append(p.shares, b)
	}
	pin, err := readPin(o.Key)
	if err != nil {
		return nil, err
	}
	if p.Checked, err = a.check(o.Bundle); err != nil {
		return nil, err
	}
	if p.pin, err = custodian.CheckPin(pin, p.Checked); err != nil {
		p.Files.Close()
		return nil, err
	}
	return p, nil
}

// identities opens the envelopes of a release that opens identities.
func (o *opening) identities(p *parts) ([]unseal.Person, error) {
	all, err := unseal.Open(p.Checked, p.key, p.request, p.release, p.shares)
	if err != nil {
		return nil, fmt.Errorf("open identities: %w", err)
	}
	return all, writePin(o.Key, p.pin)
}
