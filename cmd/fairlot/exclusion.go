package main

import (
	"errors"
	"fmt"

	"fairlot/cmd/fairlot/private"
	"fairlot/draw"
	"fairlot/entrant"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

type exclusionCmd struct {
	New    exclusionNew    `cmd:"" help:"Make the list file of ID numbers, offline."`
	Set    exclusionSet    `cmd:"" help:"Give a draft the list, in the place of an earlier one."`
	Remove exclusionRemove `cmd:"" help:"Take a draft's list back."`
	Check  exclusionCheck  `cmd:"" help:"Auditor: check that a list is the one that a campaign was opened with, from files alone."`
}

const maxPersons = 4 << 20 // bytes of a file of persons, as people write them down

type exclusionNew struct {
	Persons string `arg:"" name:"persons" help:"File of mode 0600 with an ID number on each line, alone or after its kind: citizen A123456789."`
	Out     string `required:"" placeholder:"FILE" help:"New file for the list, mode 0600."`
}

// Help is shown below the usage.
func (exclusionNew) Help() string {
	return fmt.Sprintf(`On a list stand those who may enter but must not win, such as staff and their families. Write one ID number a line, and nothing else of the
person; a kind (citizen or resident) may stand before it, parted by a space, comma, semicolon or tab. Who has an old and a new resident number has two lines. At most
%d persons. Numbers become what an entry's become, repeats are dropped, and the list is sorted under a random salt, so that its hash tells nothing.

Keep the list, and show it to auditors alone. Without this very file, salt included, nobody can show later who stood on it.

Example: fairlot exclusion new staff.txt --out autumn.exclusion`, entrant.MaxExcluded)
}

// Run makes the list.
func (cmd *exclusionNew) Run(a *app) error {
	if err := free(cmd.Out); err != nil {
		return err
	}
	b, err := private.Read(cmd.Persons, maxPersons)
	if err != nil {
		return err
	}
	defer clear(b)
	persons, err := entrant.ReadPersons(b)
	if err != nil {
		return fmt.Errorf("read %s: %w; nothing was written", cmd.Persons, err)
	}
	x := entrant.NewExclusion(persons)
	if len(x.Persons) > entrant.MaxExcluded {
		return fmt.Errorf("read %s: %w, and here are %d; nothing was written", cmd.Persons, entrant.ErrExcluded, len(x.Persons))
	}
	text := x.Marshal()
	defer clear(text)
	if err := private.Write(cmd.Out, text); err != nil {
		return err
	}
	a.printf("persons %d\nhash %s\n", len(x.Persons), draw.HashOf(text))
	if n := len(persons) - len(x.Persons); n > 0 {
		a.say("%s of a person who stood there before left out\n", plural(int64(n), "line", "lines"))
	}
	a.say("the list is in %s: keep it for the auditors, and let nobody else see it\nnext: fairlot exclusion set SLUG %s\n", cmd.Out, cmd.Out)
	return nil
}

// readExclusion reads a list file and its hash.
func readExclusion(path string) ([]byte, entrant.Exclusion, error) {
	b, err := private.Read(path, entrant.MaxExclusion)
	if err != nil {
		return nil, entrant.Exclusion{}, err
	}
	x, err := entrant.ParseExclusion(b)
	if err != nil {
		return nil, entrant.Exclusion{}, fmt.Errorf("read %s: %w", path, err)
	}
	return b, x, nil
}

type exclusionSet struct {
	Name string `arg:"" help:"Slug or id of the draft."`
	List string `arg:"" help:"List file of mode 0600, of fairlot exclusion new."`
}

// Help is shown below the usage.
func (exclusionSet) Help() string {
	return `The daemon keeps the number of persons and the list's hash, which stand in the public open record, and a keyed tag of each person until the close; never the
list. Nobody is told at entry that they are on it. At the close their entries are listed without chances, and counted in public as excluded; their answers count like all others.

Example: fairlot exclusion set autumn-reading autumn.exclusion`
}

// Run gives a draft the list.
func (cmd *exclusionSet) Run(a *app) error {
	b, _, err := readExclusion(cmd.List)
	if err != nil {
		return err
	}
	defer clear(b)
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	c, err := a.find(conn, cmd.Name)
	if err != nil {
		return err
	}
	before := c.Etag
	if c, err = fairlotv1.NewCampaignServiceClient(conn).SetExclusionList(a.ctx, &fairlotv1.SetExclusionListRequest{Name: c.Name, List: b}); err != nil {
		return a.explain("set the exclusion list of "+cmd.Name, err)
	}
	if want := draw.HashOf(b).String(); c.Excluded.GetHash() != want {
		return fmt.Errorf("set the exclusion list of %s: the daemon names another list (%s) than the one that was sent (%s): open nothing", cmd.Name, c.Excluded.GetHash(), want)
	}
	a.printf("%s: %s excluded, hash %s\n", c.Slug, plural(c.Excluded.Persons, "person is", "persons are"), c.Excluded.Hash)
	if c.Etag == before {
		return nil
	}
	return a.outdated(conn, c)
}

type exclusionRemove struct {
	Name string `arg:"" help:"Slug or id of the draft."`
	Yes  bool   `help:"Do not ask."`
}

// Help is shown below the usage.
func (exclusionRemove) Help() string { return `Example: fairlot exclusion remove autumn-reading` }

// Run takes a draft's list back.
func (cmd *exclusionRemove) Run(a *app) error {
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	c, err := a.find(conn, cmd.Name)
	if err != nil {
		return err
	}
	if c.Excluded == nil {
		a.printf("%s has no exclusion list\n", c.Slug)
		return nil
	}
	if err := a.confirm(cmd.Yes, fmt.Sprintf("%s could win again. Take the exclusion list of %s back?", plural(c.Excluded.Persons, "person", "persons"), c.Slug)); err != nil {
		return err
	}
	if c, err = fairlotv1.NewCampaignServiceClient(conn).RemoveExclusionList(a.ctx, &fairlotv1.RemoveExclusionListRequest{Name: c.Name}); err != nil {
		return a.explain("remove the exclusion list of "+cmd.Name, err)
	}
	a.printf("%s has no exclusion list any more\n", c.Slug)
	return a.outdated(conn, c)
}

type exclusionCheck struct {
	List   string `arg:"" help:"List file of mode 0600, as the institution shows it."`
	Bundle string `required:"" placeholder:"FILE|URL" help:"Bundle of the campaign: a .tar file, a folder, or its address. It is verified first."`
}

// Help is shown below the usage.
func (exclusionCheck) Help() string {
	return `The open record names the list by number and hash from before the first entry: a list that was changed since is another one. That everybody on it had no
chances cannot be seen from the bundle, which names nobody; a person on the list who won shows it at the desk, or when the prize is reported for tax.

Exit status: 0 it is the list, 1 it is not, 2 wrong usage.

Example: fairlot exclusion check autumn.exclusion --bundle https://draw.library.example/bundles/….tar`
}

// Run compares a list with an open record.
func (cmd *exclusionCheck) Run(a *app) error {
	b, x, err := readExclusion(cmd.List)
	if err != nil {
		return err
	}
	defer clear(b)
	checked, err := a.check(cmd.Bundle)
	if err != nil {
		return err
	}
	defer checked.Files.Close()
	open := checked.Outcome.Open
	if open.Excluded == nil {
		return errors.New("this campaign was opened without an exclusion list: whatever list is shown, nobody was bound by it")
	}
	switch hash := draw.HashOf(b); {
	case hash != open.Excluded.Hash:
		return fmt.Errorf("this is not the list that the campaign was opened with: its hash is %s, and the open record says %s", hash, open.Excluded.Hash)
	case int64(len(x.Persons)) != open.Excluded.Count:
		return fmt.Errorf("the open record says %d persons, and %d stand on this list: its number in public was wrong", open.Excluded.Count, len(x.Persons))
	}
	a.printf("this is the list that the campaign was opened with: %s, hash %s\n", plural(open.Excluded.Count, "person", "persons"), open.Excluded.Hash)
	for _, d := range checked.Outcome.Draws {
		if d.Close == nil {
			continue
		}
		var n int64
		for _, z := range d.Close.Zero {
			if z.Reason == "excluded" {
				n = z.Count
			}
		}
		if n > open.Excluded.Count {
			return fmt.Errorf("draw %d lists %d entries as excluded, and only %d persons are on the list: somebody lost their chances who is not on it", d.N, n, open.Excluded.Count)
		}
		a.printf("draw %d: %s listed without chances as excluded\n", d.N, plural(n, "entry is", "entries are"))
	}
	return nil
}

// unlisted says of a campaign file that names another exclusion list than the draft has that a file cannot bring one.
func (a *app) unlisted(file, draft *fairlotv1.Campaign) {
	if file.Excluded != nil && file.Excluded.Hash != draft.Excluded.GetHash() {
		a.say("WARNING: the exclusion list that the file names is not the draft's; only this gives it one: fairlot exclusion set %s LIST\n", draft.Slug)
	}
}
