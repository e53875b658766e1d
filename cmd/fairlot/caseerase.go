package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"fairlot/cmd/fairlot/private"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

type caseErase struct {
	ID     string `arg:"" name:"id" help:"The case's id of 32 hexadecimal digits."`
	Opened string `required:"" placeholder:"FILE" help:"What case read wrote for this case. Two numbers of it show the daemon that the custodians opened the entry; name and ID number stay here."`
	Yes    bool   `help:"Do not ask."`
}

// openedKey begins the line by which case read shows that an envelope was opened: ci and cc of SPEC section 4.
const openedKey = "opened "

// shownOpened reads that line, 64 bytes, of the text or the JSON of case read.
func shownOpened(path string) (shown []byte, err error) {
	b, err := private.Read(path, 1<<16)
	if err != nil {
		return nil, err
	}
	defer clear(b)
	for line := range strings.Lines(string(b)) {
		value, found := strings.CutPrefix(line, openedKey)
		if object := map[string]string{}; !found && json.Unmarshal([]byte(line), &object) == nil {
			value = object[strings.TrimSpace(openedKey)]
		}
		if shown, err = hex.DecodeString(strings.Join(strings.Fields(value), "")); err == nil && len(shown) == 64 {
			return shown, nil
		}
	}
	return nil, fmt.Errorf("%s is not what case read wrote for a case of kind erasure: it lacks the line that begins with %q", path, openedKey)
}

// Help is shown below the usage.
func (caseErase) Help() string {
	return `Until the close "fairlot desk erase" needs the ID card and the signed receipt alone. Afterwards nothing ties an ID number to an entry any more, so the name is opened:
case open erasure SLUG --entry ID --opens identity, two approvals, case release, the custodians' release share, case read. Compare the name with the ID card, then erase. The
receipt's number is the entry's id. A draw that is over stands; the prize of a winner who has not claimed it goes to the next in order, and the log says why.

Example: fairlot case erase 0f1e2d3c4b5a69788796a5b4c3d2e1f0 --opened opened.txt`
}

// Run erases the person of a case.
func (cmd *caseErase) Run(a *app) error {
	name, err := caseName(cmd.ID)
	if err != nil {
		return err
	}
	shown, err := shownOpened(cmd.Opened)
	if err != nil {
		return err
	}
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	svc := fairlotv1.NewCaseServiceClient(conn)
	x, err := svc.GetCase(a.ctx, &fairlotv1.GetCaseRequest{Name: name})
	if err != nil {
		return a.explain("read the case", err)
	}
	a.showCase(x)
	if err := a.confirm(cmd.Yes, "開啟的姓名與證件相符，要永久刪除此人嗎？ Is the opened name that of the ID card, and is this person to be erased for good?"); err != nil {
		return err
	}
	var before *fairlotv1.EntryStatus
	if len(x.Entries) == 1 { // only for the words: what refuses is the call that erases
		before, _ = fairlotv1.NewEntryServiceClient(conn).GetEntryStatus(a.ctx, &fairlotv1.GetEntryStatusRequest{Name: x.Campaign + "/entries/" + x.Entries[0]})
	}
	st, err := svc.EraseForCase(a.ctx, &fairlotv1.EraseForCaseRequest{Name: name, IdentityCommitment: shown[:32], ContactCommitment: shown[32:]})
	if err != nil {
		return a.explain("erase", err)
	}
	a.erased(before, st)
	a.printf("已登記，接著刪除 %s 並結案 the register has it; next: delete %s, and fairlot case close %s --outcome done\n", cmd.Opened, cmd.Opened, caseID(x))
	return nil
}
