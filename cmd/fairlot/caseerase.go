package main

import (
	fairlotv1 "fairlot/gen/fairlot/v1"
)

type caseErase struct {
	ID  string `arg:"" name:"id" help:"The case's id of 32 hexadecimal digits."`
	Yes bool   `help:"Do not ask."`
}

// Help is shown below the usage.
func (caseErase) Help() string {
	return `Until the close "fairlot desk erase" needs the ID card and the signed receipt alone. Behind it nothing ties an ID number to an entry any more, so the name is opened:
case open erasure SLUG --entry ID --opens identity, two approvals, case release, the custodians' shares, case read. Compare the name with the ID card, then erase. The
receipt's number is the entry's id. A draw that is over stands; the prize of a winner who has not claimed it goes to the next in order, and the log says why.

Example: fairlot case erase 0f1e2d3c4b5a69788796a5b4c3d2e1f0`
}

// Run erases the person of a case.
func (cmd *caseErase) Run(a *app) error {
	name, err := caseName(cmd.ID)
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
	st, err := svc.EraseForCase(a.ctx, &fairlotv1.EraseForCaseRequest{Name: name})
	if err != nil {
		return a.explain("erase", err)
	}
	a.erased(before, st)
	a.printf("已登記，接著結案 the register has it; next: fairlot case close %s --outcome done\n", caseID(x))
	return nil
}
