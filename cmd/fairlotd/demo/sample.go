package demo

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
)

// auditSample has the audit sample opened, and the auditor look each one up in the register of the made-up persons.
func (s *story) auditSample(ctx context.Context) error {
	const request, bundle, out = "sample.request", "library-survey.sample.tar", "sample.csv"
	s.say.text("Has somebody put invented persons into the list? The rules name an auditor, who may look up %d entrants. Nobody chooses them: the same randomness that drew the winners did, so whoever invents entries cannot know which will be looked at. "+
		"Two of three custodians agree to exactly these; their tools compute the list themselves.", sampleSize)
	if err := s.prepare(ctx, request, bundle, "--purpose", "audit"); err != nil {
		return err
	}
	if err := s.shareBoth(ctx, request, bundle, "sample.share"); err != nil {
		return err
	}
	args := []string{"sample", "read", "--key", auditorKey, "--request", request, "--bundle", bundle, "--share", "custodian-1/sample.share", "--share", "custodian-2/sample.share", "--out", out, "--yes"}
	if _, err := s.fairlot(ctx, 0, args...); err != nil {
		return err
	}
	b, err := os.ReadFile(s.file(out))
	if err != nil {
		return err
	}
	rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil || len(rows) != 1+sampleSize {
		return fmt.Errorf("the auditor's file has %d lines, want %d (%v)", len(rows), 1+sampleSize, err)
	}
	known := map[string]*person{}
	for _, a := range s.taken {
		known[a.entry.id] = a.entry.person
	}
	for _, row := range rows[1:] {
		p, ok := known[row[1]]
		if !ok || row[2] != p.name || row[4] != p.idNumber || row[8] != "" {
			return errors.New("the auditor's file does not hold who entered")
		}
	}
	if err := os.Remove(s.file(out)); err != nil {
		return err
	}
	s.say.holds("all %d stand in the register, each under the number of the public list; the file is deleted again", sampleSize)
	return nil
}
