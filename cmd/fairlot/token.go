package main

import (
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"fairlot/cmd/fairlot/private"
	"fairlot/cmd/instant"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

type tokenCmd struct {
	Create        tokenCreate        `cmd:"" help:"Make a staff token."`
	List          tokenList          `cmd:"" help:"List staff tokens."`
	Revoke        tokenRevoke        `cmd:"" help:"End a staff token at once."`
	Members       tokenMembers       `cmd:"" help:"Make one-use codes for the entrants of a campaign, one a line."`
	MembersRevoke tokenMembersRevoke `cmd:"" help:"Make unused codes worthless."`
}

type tokenCreate struct {
	Role  string `required:"" enum:"editor,officer,notifier,analyst,auditor,admin" help:"editor writes drafts; officer drafts, opens, closes and draws; notifier prepares releases and writes to winners; analyst reads statistics; auditor reads the audit trail; admin makes tokens."`
	Label string `required:"" help:"Whose it is. Give all tokens of one person the same label: where two persons are asked for, tokens of one label are one."`
	Days  int32  `default:"90" help:"Days until it expires, at most 366."`
	Out   string `placeholder:"FILE" help:"Write the token to a new file of mode 0600 instead of standard output."`
}

// Help is shown below the usage.
func (tokenCreate) Help() string {
	return `The token is shown once and kept hashed by the daemon. Keep it in a file that is yours alone.

Example: fairlot token create --role notifier --label "Chen, prize desk" --days 30 --out notifier.token
         export FAIRLOT_TOKEN_FILE=notifier.token`
}

// secretOut hands a secret over: to a new private file, or to standard output.
func (a *app) secretOut(path, text string) error {
	if path == "" {
		a.printf("%s", text)
		return nil
	}
	return private.Write(path, []byte(text))
}

// free tells before a secret is made whether it could be written.
func free(path string) error {
	if path == "" {
		return nil
	}
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("write %s: it is there already; nothing is overwritten, give another name", path)
	}
	return nil
}

// Run makes a staff token.
func (cmd *tokenCreate) Run(a *app) error {
	if err := free(cmd.Out); err != nil {
		return err
	}
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	role := fairlotv1.Role(fairlotv1.Role_value["ROLE_"+strings.ToUpper(cmd.Role)])
	res, err := fairlotv1.NewStaffServiceClient(conn).CreateStaffToken(a.ctx, &fairlotv1.CreateStaffTokenRequest{Role: role, Label: cmd.Label, Days: cmd.Days})
	if err != nil {
		return a.explain("create token", err)
	}
	if err := a.secretOut(cmd.Out, res.Token+"\n"); err != nil {
		return err
	}
	fmt.Fprintf(a.errw, "%s token %s, until %s; nobody can show it again\n", cmd.Role, res.Description.Id, instant.Text(res.Description.ExpireTime.AsTime()))
	return nil
}

type tokenList struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// Help is shown below the usage.
func (tokenList) Help() string {
	return `Example: fairlot token list`
}

// Run lists staff tokens.
func (cmd *tokenList) Run(a *app) error {
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	res, err := fairlotv1.NewStaffServiceClient(conn).ListStaffTokens(a.ctx, &fairlotv1.ListStaffTokensRequest{})
	if err != nil {
		return a.explain("list tokens", err)
	}
	if cmd.JSON {
		return a.printJSON(res)
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "ID\tROLE\tEXPIRES\tSTATE\tLABEL\n")
	for _, t := range res.Tokens {
		state := "valid"
		switch {
		case t.Revoked:
			state = "revoked"
		case t.ExpireTime.AsTime().Before(time.Now()):
			state = "expired"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", t.Id, strings.ToLower(strings.TrimPrefix(t.Role.String(), "ROLE_")), instant.Text(t.ExpireTime.AsTime()), state, t.Label)
	}
	return w.Flush()
}

type tokenRevoke struct {
	ID string `arg:"" name:"id" help:"The token's id of 16 hexadecimal digits, from token list."`
}

// Help is shown below the usage.
func (tokenRevoke) Help() string {
	return `Example: fairlot token revoke 0123456789abcdef`
}

// Run ends a staff token.
func (cmd *tokenRevoke) Run(a *app) error {
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := fairlotv1.NewStaffServiceClient(conn).RevokeStaffToken(a.ctx, &fairlotv1.RevokeStaffTokenRequest{Id: cmd.ID}); err != nil {
		return a.explain("revoke token", err)
	}
	a.printf("token %s is revoked\n", cmd.ID)
	return nil
}

type tokenMembers struct {
	Campaign string    `arg:"" help:"Slug or id."`
	Count    int       `required:"" help:"How many codes, at most 1,000,000."`
	Chances  int32     `help:"Chances that each code gives, up to the campaign's cap; 1 if not given."`
	Stratum  int32     `placeholder:"N" help:"The stratum in which whoever uses them is drawn, where the rules let codes decide it."`
	Expires  time.Time `format:"2006-01-02T15:04:05Z07:00" placeholder:"TIME" help:"When they expire, as 2026-01-31T23:59:59Z; the end of entries if not given."`
	Out      string    `placeholder:"FILE" help:"Write the codes to a new file of mode 0600 instead of standard output."`
}

// Help is shown below the usage.
func (tokenMembers) Help() string {
	return `Codes come one a line. The daemon keeps them hashed and cannot show them again.

Example: fairlot token members autumn-reading --count 500 --out codes.txt
         fairlot token members autumn-reading --count 200 --stratum 2 --out codes-hill.txt`
}

// codesAtOnce is how many codes the contract makes in one call.
const codesAtOnce = 10_000

// Run makes codes.
func (cmd *tokenMembers) Run(a *app) error {
	if cmd.Count < 1 || cmd.Count > 1_000_000 {
		return usage("--count: want 1 to 1,000,000")
	}
	if err := free(cmd.Out); err != nil {
		return err
	}
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	c, err := a.find(conn, cmd.Campaign)
	if err != nil {
		return err
	}
	req := &fairlotv1.CreateEntryTokensRequest{Parent: c.Name, Chances: cmd.Chances, Stratum: cmd.Stratum}
	if !cmd.Expires.IsZero() {
		req.ExpireTime = timestamppb.New(cmd.Expires)
	}
	var codes []string
	for len(codes) < cmd.Count {
		req.Count = int32(min(cmd.Count-len(codes), codesAtOnce))
		res, err := fairlotv1.NewEntryServiceClient(conn).CreateEntryTokens(a.ctx, req)
		if err != nil {
			if len(codes) > 0 { // what was made is not lost
				_ = a.secretOut(cmd.Out, strings.Join(codes, "\n")+"\n")
			}
			return a.explain(fmt.Sprintf("create codes (%d of %d made)", len(codes), cmd.Count), err)
		}
		codes = append(codes, res.Tokens...)
	}
	if err := a.secretOut(cmd.Out, strings.Join(codes, "\n")+"\n"); err != nil {
		return err
	}
	fmt.Fprintf(a.errw, "%s for %s; nobody can show them again\n", plural(int64(len(codes)), "code", "codes"), c.Slug)
	return nil
}

type tokenMembersRevoke struct {
	Campaign  string `arg:"" help:"Slug or id."`
	CodesFile string `required:"" placeholder:"FILE" help:"File of mode 0600 with the codes, one a line."`
}

// Help is shown below the usage.
func (tokenMembersRevoke) Help() string {
	return `Example: fairlot token members-revoke autumn-reading --codes-file lost.txt`
}

// Run revokes codes.
func (cmd *tokenMembersRevoke) Run(a *app) error {
	b, err := private.Read(cmd.CodesFile, 64<<20)
	if err != nil {
		return err
	}
	codes := strings.Fields(string(b))
	if len(codes) == 0 {
		return usage("%s holds no codes", cmd.CodesFile)
	}
	conn, err := a.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	c, err := a.find(conn, cmd.Campaign)
	if err != nil {
		return err
	}
	revoked := int32(0)
	for from := 0; from < len(codes); from += codesAtOnce {
		res, err := fairlotv1.NewEntryServiceClient(conn).RevokeEntryTokens(a.ctx,
			&fairlotv1.RevokeEntryTokensRequest{Parent: c.Name, Tokens: codes[from:min(from+codesAtOnce, len(codes))]})
		if err != nil {
			return a.explain(fmt.Sprintf("revoke codes (%d revoked)", revoked), err)
		}
		revoked += res.Revoked
	}
	a.printf("%d of %s revoked; used, unknown and already revoked ones are left alone\n", revoked, plural(int64(len(codes)), "code", "codes"))
	return nil
}
