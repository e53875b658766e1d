package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"fairlot/cmd/fairlot/custodian"
	"fairlot/cmd/fairlot/private"
	"fairlot/cmd/fairlot/release"
	"fairlot/cmd/fairlot/unseal"
	"fairlot/crypto/custody"
	fairlotv1 "fairlot/gen/fairlot/v1"
	"fairlot/label"
)

type caseRelease struct {
	ID  string `arg:"" name:"id" help:"The case's id of 32 hexadecimal digits."`
	Out string `required:"" placeholder:"FILE" help:"New file for the request, mode 0600, for the notifier whom the case names. Beside it FILE.locks is made for the custodians: the same without envelopes."`
}

// Help is shown below the usage.
func (caseRelease) Help() string {
	return `The daemon looks at the case anew: three persons whose tokens stand, not closed, not expired. The public log then says first how many persons
are opened and for what kind of case. Repeating it gives the same again, until the case expires.

Example: fairlot case release 0f1e2d3c4b5a69788796a5b4c3d2e1f0 --out request.json`
}

// Run has what a case opens announced, and fetches the locks.
func (cmd *caseRelease) Run(a *app) error {
	locksFile := cmd.Out + ".locks"
	for _, path := range []string{cmd.Out, locksFile} {
		if err := free(path); err != nil {
			return err
		}
	}
	name, err := caseName(cmd.ID)
	if err != nil {
		return err
	}
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	res, err := fairlotv1.NewCaseServiceClient(conn).ReleaseCase(a.ctx, &fairlotv1.ReleaseCaseRequest{Name: name})
	if err != nil {
		return a.explain("release the case", err)
	}
	request, err := release.MarshalCase(res)
	if err != nil {
		return err
	}
	if _, err := release.ParseCase(request); err != nil {
		return fmt.Errorf("what the daemon answered is not sound: %w", err)
	}
	locks, err := release.CaseLocks(res)
	if err != nil {
		return err
	}
	if err := private.Write(cmd.Out, request); err != nil {
		return err
	}
	if err := private.Write(locksFile, locks); err != nil {
		return err
	}
	a.printf("已公開登載 opened record %s, %s named, something is kept of %d\n", res.OpenedHash, plural(int64(res.Case.Count), "entrant", "entrants"), len(res.Entrants))
	a.printf("接著把請求檔與最新的驗證檔交給保管人 next: hand %s and the newest bundle (%s, fetched from now on) to the custodians, who run `fairlot release share`, and %s to notifier %d, who runs `fairlot case read`, all before %s\n",
		locksFile, a.bundleAddress(&fairlotv1.Campaign{Name: res.Case.Campaign}), cmd.Out, res.Case.Notifier, moment(res.Case.ExpireTime))
	return nil
}

// shareCase is release share of a case.
func (cmd *releaseShare) shareCase(a *app, b []byte) error {
	if cmd.Release != 0 || cmd.AcceptUnproven {
		return usage("a case has one release, and rests on no draw: leave out --release and --accept-unproven")
	}
	req, err := release.ParseCase(b)
	if err != nil {
		return fmt.Errorf("nothing is handed over: %s: %w", cmd.Request, err)
	}
	if req.Sealed {
		return cmd.sealed()
	}
	w, err := a.sharing(cmd.Key, cmd.Bundle)
	if err != nil {
		return err
	}
	defer w.end()
	c := w.bundle
	plan, err := w.key.ShareCase(c, w.pin, w.released, req, time.Now())
	if err != nil {
		return fmt.Errorf("nothing is handed over: %w", err)
	}
	files := map[string]custodian.CasePart{}
	for _, part := range plan.Parts {
		path := cmd.Out
		if len(plan.Parts) > 1 {
			path += "." + part.Release.Kind.String()
		}
		if err := free(path); err != nil {
			return err
		}
		files[path] = part
	}
	a.caseSession(c, req, plan, w.pin.Size)
	if err := a.confirm(cmd.Yes, fmt.Sprintf("Hand over your shares for this case, of %s, as custodian %d? 以保管人 %d 的身分，為此案件交出 %d 人的金鑰份額？",
		plural(int64(len(req.Named)), "person", "persons"), plan.Number, plan.Number, len(req.Named))); err != nil {
		return err
	}
	if !time.Now().Before(req.Text.Expires) {
		return fmt.Errorf("nothing is handed over: %w while you read", custodian.ErrCaseOver)
	}
	if err := private.Replace(releasedFile(cmd.Key), plan.Released.Marshal()); err != nil {
		return err
	}
	for path, part := range files {
		sealed, err := plan.Seal(c.Outcome.Open, req.Text.Notifier, part)
		if err != nil {
			return err
		}
		if err := private.Write(path, sealed); err != nil {
			return err
		}
		a.printf("金鑰份額已寫入，請交給通知人 shares of %s in %s: send it to notifier %d\n", plural(int64(len(part.Shares)), part.Release.Kind.String()+" envelope", part.Release.Kind.String()+" envelopes"), path, req.Text.Notifier)
	}
	return nil
}

type caseRead struct {
	Request string   `required:"" placeholder:"FILE" help:"The request that case release wrote, without .locks."`
	Share   []string `required:"" placeholder:"FILE" help:"A custodian's shares; repeat it for each file. If identity and contact are opened, release share wrote two a custodian, FILE.identity and FILE.contact: give all."`
	Key     string   `required:"" placeholder:"FILE" help:"Your notifier's key."`
	Bundle  string   `required:"" placeholder:"PATH|URL" help:"The campaign's newest bundle."`
	Out     string   `required:"" placeholder:"FILE" help:"New file, mode 0600, for what is opened. Delete it when the case is done."`
	JSON    bool     `name:"json" help:"Write one JSON object a person and line, for a program that writes letters or mail; else text."`
}

// Help is shown below the usage.
func (caseRead) Help() string {
	return `Joins the custodians' shares and opens the envelopes of the persons whom the case names, and no others. Each is checked against the entry list;
before the list is public, against what the daemon says, and this says so.

Example: fairlot case read --request request.json --share maria.shares --share chen.shares --key notifier.key --bundle newest.tar --out opened.txt`
}

// Run opens what a case names.
func (cmd *caseRead) Run(a *app) error {
	if err := free(cmd.Out); err != nil {
		return err
	}
	key, err := a.readNotifier(cmd.Key)
	if err != nil {
		return err
	}
	b, err := private.Read(cmd.Request, release.MaxFile)
	if err != nil {
		return err
	}
	req, err := release.ParseCase(b)
	if err != nil {
		return fmt.Errorf("%s: %w", cmd.Request, err)
	}
	var shares [][]byte
	for _, path := range cmd.Share {
		b, err := private.Read(path, custody.MaxReleased)
		if err != nil {
			return err
		}
		shares = append(shares, b)
	}
	pin, err := readPin(cmd.Key)
	if err != nil {
		return err
	}
	c, err := a.check(cmd.Bundle)
	if err != nil {
		return err
	}
	defer c.Files.Close()
	next, err := custodian.CheckPin(pin, c)
	if err != nil {
		return err
	}
	persons, listed, err := unseal.OpenCase(c, key, req, shares)
	if err != nil {
		return fmt.Errorf("open the case: %w", err)
	}
	if err := writePin(cmd.Key, next); err != nil {
		return err
	}
	var text bytes.Buffer
	for i, p := range persons {
		lines, err := opened(p)
		if err == nil && req.Text.Kind == "erasure" && p.Identity != nil {
			lines += fmt.Sprintf("%s%x %x\n", openedKey, p.CI[:], p.CC[:])
		}
		switch {
		case err != nil:
			return err
		case cmd.JSON:
			object := map[string]string{}
			for line := range strings.Lines(lines) {
				key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
				object[key] = value
			}
			b, err := json.Marshal(object)
			if err != nil {
				return err
			}
			text.Write(append(b, '\n'))
		case i > 0:
			text.WriteByte('\n')
			fallthrough
		default:
			text.WriteString(lines)
		}
	}
	if err := private.Write(cmd.Out, text.Bytes()); err != nil {
		return err
	}
	a.printf("開啟的資料僅供此案件使用，辦畢即刪 what was opened of %s is in %s: it is for this case alone; delete it when the case is done\n", plural(int64(len(persons)), "person", "persons"), cmd.Out)
	if gone := len(req.Named) - len(persons); gone > 0 {
		a.printf("其餘已無資料 nothing is kept any more of %s whom the case names\n", plural(int64(gone), "person", "persons"))
	}
	if req.Text.Kind == "erasure" && len(persons) > 0 {
		a.printf("接著核對姓名與證件，相符才刪除 next: compare the name with the ID card; if it is this person, fairlot case erase %x --opened %s; else fairlot case close %x --outcome refused\n", req.Text.ID[:], cmd.Out, req.Text.ID[:])
	}
	if !listed {
		a.printf("公開名單尚未產生 the entry list is not public yet: that these are the persons who entered is the daemon's word, and the list will show it\n")
	}
	return nil
}

// opened is what was opened of a person as lines `key value`, by the keys of SPEC section 4.
func opened(p unseal.CasePerson) (string, error) {
	lines := fmt.Appendf(nil, "entry %s\n", p.ID)
	if p.Identity != nil {
		b, err := p.Identity.Marshal()
		if err != nil {
			return "", err
		}
		lines = append(lines, b...)
	}
	if p.Contact != nil {
		b, err := p.Contact.Marshal()
		if err != nil {
			return "", err
		}
		lines = append(lines, b...)
	}
	return string(lines), nil
}

type caseRecord struct {
	ID   string `arg:"" name:"id" help:"The case's id of 32 hexadecimal digits."`
	Kind string `required:"" enum:"correction,erasure,restriction" help:"What was done: correction, erasure or restriction."`
	Yes  bool   `help:"Do not ask, if the register has such a line of the case already."`
}

// Help is shown below the usage.
func (caseRecord) Help() string {
	return `For what was done at the wish of the person of an access, correction or erasure case, by whoever did it and saw it done. desk erase --case and desk correct --case do it by themselves.

Example: fairlot case record 0f1e2d3c4b5a69788796a5b4c3d2e1f0 --kind correction`
}

// Run puts a line into the register.
func (cmd *caseRecord) Run(a *app) error {
	name, err := caseName(cmd.ID)
	if err != nil {
		return err
	}
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	kind := fairlotv1.ModificationKind(contractValue(fairlotv1.ModificationKind_value, "MODIFICATION_KIND_", cmd.Kind))
	svc := fairlotv1.NewCaseServiceClient(conn)
	if x, err := svc.GetCase(a.ctx, &fairlotv1.GetCaseRequest{Name: name}); err == nil && x.Closer == nil && slices.Contains(x.Modifications, kind) {
		if err := a.confirm(cmd.Yes, fmt.Sprintf("登記簿已有此案件的一筆，且不能撤銷；確定又做了一次嗎？ The register has a %s of this case already, and no line is ever taken out. Was another one done?", cmd.Kind)); err != nil {
			return err
		}
	}
	x, err := svc.RecordModification(a.ctx, &fairlotv1.RecordModificationRequest{Name: name, Kind: kind})
	if err != nil {
		return a.explain("record it", err)
	}
	a.printf("已登記 the register of modifications has %s of case %s\n", plural(int64(len(x.Modifications)), "line", "lines"), caseID(x))
	return nil
}

type caseRegister struct {
	JSON bool `name:"json" help:"Print JSON, one line a modification."`
}

// Help is shown below the usage.
func (caseRegister) Help() string {
	return `Who corrected, erased or restricted at a person's wish, when, and under which case; never of whom. It is read from the audit trail, in which nothing can be
altered unseen (fairlot audit). What persons do themselves with the secret of their receipt leaves no line: the close record counts it.

Example: fairlot case register`
}

// Run prints the register.
func (cmd *caseRegister) Run(a *app) error {
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for token, any := "", false; ; {
		page, err := fairlotv1.NewCaseServiceClient(conn).ListModifications(a.ctx, &fairlotv1.ListModificationsRequest{PageSize: 100, PageToken: token})
		if err != nil {
			return a.explain("read the register", err)
		}
		for _, m := range page.Modifications {
			if cmd.JSON {
				if err := a.lineJSON(m); err != nil {
					return err
				}
				continue
			}
			if !any {
				fmt.Fprintf(w, "ACT\tWHEN\tWHAT\tBY\tCASE\tCAMPAIGN\n")
			}
			any = true
			of := strings.TrimPrefix(m.Case, "cases/")
			if of == "" {
				of = "none, at the desk"
			}
			fmt.Fprintf(w, "%d\t%s\t%s\t%s, token %s\t%s\t%s\n", m.Act, moment(m.By.GetTime()), lower(m.Kind, "MODIFICATION_KIND_"), label.Shown(m.By.GetLabel()), m.By.GetToken(), of, strings.TrimPrefix(m.Campaign, "campaigns/"))
		}
		if token = page.NextPageToken; token == "" {
			if !any && !cmd.JSON {
				a.printf("沒有登記 nothing was modified at anybody's wish by staff\n")
			}
			return w.Flush()
		}
	}
}
