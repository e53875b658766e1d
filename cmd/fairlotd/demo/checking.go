package demo

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	fairlotv1 "fairlot/gen/fairlot/v1"
)

// verdict is the last line of a check that holds on the demonstration's beacon.
const verdict = "verify: ok (demo beacon)"

// verify runs fairlot verify, shows all that it says, and asks that everything hold, on the demonstration's beacon.
func (s *story) verify(ctx context.Context, args ...string) error {
	args = append([]string{"verify"}, args...)
	r, err := s.silent(ctx, args...)
	if err != nil {
		return err
	}
	s.say.echoAll(shown("fairlot", args), r)
	if r.status != 3 {
		return fmt.Errorf("fairlot verify ended with status %d, want 3", r.status)
	}
	if last := lastLine([]byte(r.stdout)); last != verdict {
		return fmt.Errorf("fairlot verify ended with %q, want %q", last, verdict)
	}
	return nil
}

// verifyLibrary checks the draw of the large campaign from a file and from its address, and then a copy with one bit changed.
func (s *story) verifyLibrary(ctx context.Context) error {
	b, err := s.site.bundle(ctx, s.library.id)
	if err != nil {
		return err
	}
	if err := s.write(bundleFile, b); err != nil {
		return err
	}
	s.say.text("Everything that a checker needs is one file. The check is another program in another process; it needs no network, no daemon and nobody's word. " +
		"It ends with status 3, computed correctly but not proven, because of the demonstration's beacon; on the public beacon it would be 0.")
	if err := s.verify(ctx, bundleFile); err != nil {
		return err
	}
	s.say.text("The same straight from the library's address, in one line (from here on the steps are left out with --quiet):")
	if err := s.verify(ctx, "--quiet", s.site.base+"/bundles/"+s.library.id+".tar"); err != nil {
		return err
	}
	at, err := offsetOf(b, "draw/1/entrants.bin")
	if err != nil {
		return err
	}
	forged := bytes.Clone(b)
	forged[at+52*7+20] ^= 1 // of the eighth leaf's commitment to a person
	if err := s.write("forged.tar", forged); err != nil {
		return err
	}
	s.say.text("Somebody changes a single bit in a copy, so that the eighth entry of the list belongs to another person:")
	r, err := s.fairlot(ctx, 1, "verify", "--quiet", "forged.tar")
	if err != nil {
		return err
	}
	if last := lastLine([]byte(r.stdout)); !strings.HasPrefix(last, "verify: FAILED at step 8 root") {
		return fmt.Errorf("fairlot verify ended with %q, want a failure at step 8, root", last)
	}
	s.say.holds("the true file holds, the forged one fails")
	return nil
}

// offsetOf is where a file's content begins in an archive.
func offsetOf(archive []byte, name string) (int, error) {
	in := bytes.NewReader(archive)
	r := tar.NewReader(in)
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return 0, fmt.Errorf("the bundle has no %s", name)
		}
		if err != nil {
			return 0, err
		}
		if h.Name == name {
			return len(archive) - in.Len(), nil
		}
	}
}

// tallies shows the statistics.
func (s *story) tallies(ctx context.Context) error {
	s.say.text("Answers were mixed in batches of 50 or more, so no order, time or number joins them to a person. Counts under ten are not shown, " +
		"nor what would give them away.")
	r, err := s.silent(ctx, "campaign", "tallies", librarySlug)
	if err != nil {
		return err
	}
	s.say.echo(shown("fairlot", s.addressed([]string{"campaign", "tallies", librarySlug})), result{})
	if r.status != 0 {
		return fmt.Errorf("fairlot campaign tallies ended with status %d", r.status)
	}
	for line := range strings.Lines(r.stdout) {
		if line = strings.TrimRight(line, " \n"); line != "" {
			s.say.line("%s", cut(line, width-6))
		}
	}
	if want := fmt.Sprintf("%d responses", s.Entries-badCount); !strings.Contains(r.stdout, want) {
		return fmt.Errorf("the statistics are not over %s", want)
	}
	res, err := fairlotv1.NewCampaignServiceClient(s.conn).GetTallies(ctx, &fairlotv1.GetTalliesRequest{Name: "campaigns/" + s.library.id})
	if err != nil {
		return err
	}
	for _, word := range []string{`"favourite"`, `"wish"`} {
		if strings.Contains(res.GetTableJson(), word) && slices.ContainsFunc(books, func(b string) bool { return strings.Contains(res.GetTableJson(), b) }) {
			return errors.New("the statistics hold written answers")
		}
	}
	s.say.holds("%d responses, as many as entries, and no written answer among them", s.Entries-badCount)
	return nil
}

// searchDisk looks for everything personal in everything that was written, and proves that it would be found.
func (s *story) searchDisk(ctx context.Context) error {
	f := newFinder()
	persons := append([]person{*s.canary}, s.people.all...)
	values := 0
	for _, p := range persons {
		for _, v := range p.secrets() {
			values++
			for _, form := range forms(v) {
				f.add(form)
			}
		}
	}
	s.say.text("Names, ID numbers, library cards, telephones, e-mail and postal addresses of all %d people of this story are looked for in every file of this demonstration, "+
		pick(s.databases == "", "the three databases, their journals, ", "")+"the log and the key folder included: as they are, in UTF-16, hexadecimal, base64, escaped, and hashed.", len(persons))
	began := time.Now()
	found, files, size, err := f.search(s.dir, func(name string) bool {
		return name == "bin" || strings.HasPrefix(name, mailDir+"/")
	})
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	s.say.line("%d values in %d files, %.1f MB, %.1f s: %d found", values, files, float64(size)/1e6, time.Since(began).Seconds(), len(found))
	if len(found) > 0 {
		return fmt.Errorf("personal data in %s", strings.Join(found, ", "))
	}
	if err := s.searchRows(ctx, f); err != nil {
		return err
	}
	if log, err := os.ReadFile(s.file(daemonLog)); err != nil || bytes.Contains(log, []byte("level=ERROR")) {
		return errors.Join(err, errors.New("the daemon's log holds an error: see "+daemonLog))
	}
	found, files, _, err = f.search(s.file(mailDir), func(string) bool { return false })
	if err != nil {
		return err
	}
	if mails := len(s.mail.all()); len(found) != files || files != 2*mails { // each as delivered, and to be read
		return fmt.Errorf("the same search found something in %d of %d files of %d mails, where it must", len(found), files, mails)
	}
	s.say.holds("nothing outside the winners' mails; in each of the %d mails the same search finds the address", len(s.mail.all()))
	return nil
}
