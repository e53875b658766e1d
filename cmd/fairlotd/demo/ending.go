package demo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// otherReceipt is where the receipt of somebody lies who has won nothing.
const otherReceipt = "other.receipt.txt"

// lastCheck verifies the library's draw as it stands in the end.
func (s *story) lastCheck(ctx context.Context) error {
	b, err := s.site.bundle(ctx, s.library.id)
	if err != nil {
		return err
	}
	if err := s.write(bundleFile, b); err != nil {
		return err
	}
	receipt := "winner.receipt.txt"
	d, err := s.draw(ctx, s.library)
	if err != nil {
		return err
	}
	seated := map[string]bool{}
	for _, seat := range d.GetSeats() {
		seated[seat.GetEntryId()] = true
	}
	files := map[string]string{} // by entry
	if len(d.GetSeats()) > 0 {
		files[d.GetSeats()[0].GetEntryId()] = receipt
	}
	for _, a := range s.taken {
		if !seated[a.entry.id] { // the most who check have won nothing
			files[a.entry.id] = otherReceipt
			break
		}
	}
	for _, a := range s.taken {
		if file := files[a.entry.id]; file != "" {
			if err := s.write(file, a.entry.saved()); err != nil {
				return err
			}
		}
	}
	s.say.text("The winner of the first prize checks the saved receipt against the bundle:")
	r, err := s.fairlot(ctx, 3, "receipt", receipt, "--bundle", bundleFile)
	if err != nil {
		return err
	}
	if !strings.Contains(r.stdout, "rank 1") {
		return errors.New("fairlot receipt does not say that this entry has rank 1")
	}
	s.say.text("All that happened since, the release, the replacement, the second campaign, stands in the same public log. The whole is checked once more.")
	if err := s.verify(ctx, "--quiet", bundleFile); err != nil {
		return err
	}
	return nil
}

// epilogue says what to do next.
func (s *story) epilogue() {
	s.say.write(fmt.Sprintf("\nEvery step held, in %d seconds.\n", int(time.Since(s.began).Seconds())))
	var b strings.Builder
	row := func(left, right string) { fmt.Fprintf(&b, "  %s %s\n", pad(left, 26), right) }
	if !s.Exit {
		b.WriteString("\nOpen in a browser\n")
		row("the campaigns", s.site.base+"/")
		row("one that is open", s.site.base+"/c/"+trialSlug)
		row("the result", s.site.base+"/c/"+librarySlug)
		row("check a receipt", s.site.base+"/check  (with winner.receipt.txt or "+otherReceipt+")")
		row("verify a draw", s.site.base+"/verify")
		row("the contract", s.site.base+"/openapi.json")
		b.WriteString("\nCodes to enter with (an ID number that passes the check digit: A123456789, made up)\n")
		for i := 0; i+1 < len(s.codes); i += 2 {
			b.WriteString("  " + s.codes[i] + "   " + s.codes[i+1] + "\n")
		}
	}
	b.WriteString("\nRepeat each step\n  cd " + s.dir + "\n  export FAIRLOT_TOKEN_FILE=" + officerFile + " PATH=" + s.toolDir() + ":$PATH\n")
	for _, c := range [][2]string{
		{"see the campaigns", "fairlot campaign list"},
		{"a campaign to start from", "fairlot campaign example"},
		{"its rules", "fairlot campaign show " + librarySlug},
		{"the result", "fairlot draw show " + librarySlug + " 1"},
		{"verify, from the file", "fairlot verify " + bundleFile},
		{"verify the forged copy", "fairlot verify forged.tar"},
		{"check a receipt", "fairlot receipt winner.receipt.txt --bundle " + bundleFile},
		{"one that did not win", "fairlot receipt " + otherReceipt + " --bundle " + bundleFile},
		{"the statistics", "fairlot campaign tallies " + librarySlug},
		{"more codes", "fairlot token members " + trialSlug + " --count 5"},
		{"read a mail", "less " + mailDir + "/01.txt"},
		{"read this again", "less transcript.txt"},
	} {
		command := c[1]
		if strings.HasPrefix(command, "fairlot ") {
			command = "fairlot " + strings.Join(s.addressed(strings.Fields(command)[1:]), " ")
		}
		row(c[0], command)
	}
	if s.checker != "" {
		row("check it in Python", shown("python3", []string{s.checker, "--assume-beacon", bundleFile}))
	} else {
		row("check it in Python", "python3 spec/verify.py --assume-beacon "+shown(s.file(bundleFile), nil)+" (in the source tree)")
	}
	if s.Exit {
		row("commands that ask the daemon", "need it running: run the demo without --exit")
	}
	s.say.write(b.String())
}

// stayUp leaves everything running until ctx ends or the daemon does.
func (s *story) stayUp(ctx context.Context) error {
	s.say.write("\nThe site stays up. Ctrl-C ends it.\n")
	select {
	case <-ctx.Done():
		s.say.write("\nStopping.\n")
		return nil
	case <-s.daemon.done:
		return errors.New("demo: the daemon ended by itself: see " + s.file(daemonLog))
	}
}
