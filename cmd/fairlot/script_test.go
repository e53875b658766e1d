package main

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"google.golang.org/protobuf/encoding/protojson"

	"fairlot/crypto/receipt"
	"fairlot/crypto/tag"
	"fairlot/draw"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

// daemonCommand is the scripts' `daemon`: it makes an installation and serves it until the script ends. DOOR is its staff door, FAIRLOT_SITE its site, and admin.token its first
// token. fairlotd is built in dir when a script wants it first; this program does not link it, since it opens databases.
func daemonCommand(dir string) func(ts *testscript.TestScript, neg bool, args []string) {
	program := filepath.Join(dir, "fairlotd")
	build := sync.OnceValue(func() error {
		if out, err := exec.Command("go", "build", "-o", program, "fairlot/cmd/fairlotd").CombinedOutput(); err != nil {
			return fmt.Errorf("build fairlotd: %w\n%s", err, out)
		}
		return nil
	})
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) > 0 {
			ts.Fatalf("usage: daemon")
		}
		ts.Check(build())
		serve(ts, program)
	}
}

// batchpassCommand is the scripts' `batchpass`: it puts age-plugin-batchpass, a published plugin that is part of age's own module, into PATH, behind a program that
// notes each run in plugin.log.
func batchpassCommand(dir string) func(ts *testscript.TestScript, neg bool, args []string) {
	program := filepath.Join(dir, "age-plugin-batchpass")
	build := sync.OnceValue(func() error {
		if out, err := exec.Command("go", "build", "-o", program, "filippo.io/age/cmd/age-plugin-batchpass").CombinedOutput(); err != nil {
			return fmt.Errorf("build age-plugin-batchpass: %w\n%s", err, out)
		}
		return nil
	})
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) > 0 {
			ts.Fatalf("usage: batchpass")
		}
		ts.Check(build())
		bin, log := ts.MkAbs("plugins"), ts.MkAbs("plugin.log")
		ts.Check(os.MkdirAll(bin, 0o755))
		script := fmt.Sprintf("#!/bin/sh\necho \"$@\" >> %s\nexec %s \"$@\"\n", log, program)
		ts.Check(os.WriteFile(filepath.Join(bin, "age-plugin-batchpass"), []byte(script), 0o755))
		ts.Setenv("PATH", bin+string(os.PathListSeparator)+ts.Getenv("PATH"))
	}
}

func serve(ts *testscript.TestScript, program string) {
	dir := ts.MkAbs("installation")
	init := exec.Command(program, "init", "--dir", dir, "--origin", "script.example/fairlot", "--institution", "Library")
	if out, err := init.CombinedOutput(); err != nil {
		ts.Fatalf("init: %v\n%s", err, out)
	}
	door, site := freeAddress(ts), freeAddress(ts)
	log, err := os.Create(ts.MkAbs("fairlotd.log"))
	ts.Check(err)
	defer log.Close()
	cmd := exec.Command(program, "serve", "--dir", dir, "--grpc", door, "--http", site, "--relay", "http://127.0.0.1:1/")
	cmd.Stdout, cmd.Stderr = log, log
	ts.Check(cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	ts.Defer(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(30 * time.Second):
			cmd.Process.Kill()
			<-ended
		}
	})
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		resp, err := http.Get("http://" + site + "/v1/campaigns")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				break
			}
		}
		if time.Since(began) > 30*time.Second {
			ts.Fatalf("fairlotd does not serve:\n%s", ts.ReadFile("fairlotd.log"))
		}
	}
	ts.Setenv("DOOR", door)
	ts.Setenv("FAIRLOT_SITE", "http://"+site)
	ts.Check(os.Rename(filepath.Join(dir, "admin.token"), ts.MkAbs("admin.token")))
}

// enterCommand is the scripts' `enter CODES N`: the N-th line of a file of codes enters autumn-reading at FAIRLOT_SITE, as a browser would. saved-N.txt is what the page
// lets the person save, id-N.json and contact-N.json what they typed.
func enterCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: enter CODES N")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	codes := strings.Fields(ts.ReadFile(args[0]))
	campaign := &fairlotv1.Campaign{}
	resp, err := http.Get(ts.Getenv("FAIRLOT_SITE") + "/v1/campaigns/autumn-reading")
	ts.Check(err)
	b, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	ts.Check(errors.Join(err, protojson.Unmarshal(b, campaign)))
	number := ""
	for d := range 10 {
		if x, err := tag.Canonical(tag.Citizen, fmt.Sprintf("A1%07d%d", n, d)); err == nil {
			number = x
		}
	}
	var s draw.Secret
	rand.Read(s[:])
	r, secret := s.R(), sha256.Sum256(s[:])
	req := &fairlotv1.EnterRequest{
		R: r[:], NoticeHash: campaign.NoticeHash, Consents: []string{"draw"}, Token: codes[n], ResponseJson: `{"visit":"never"}`, AnswerSecretHash: secret[:],
		Identity: &fairlotv1.Identity{Name: fmt.Sprintf("王小明 Qname%d", n), IdType: fairlotv1.IdType_ID_TYPE_CITIZEN, IdNumber: number},
		Contact:  &fairlotv1.Contact{Lang: "en", Email: fmt.Sprintf("qmail%d@canary.example", n)},
	}
	body, err := protojson.Marshal(req)
	ts.Check(err)
	resp, err = http.Post(ts.Getenv("FAIRLOT_SITE")+"/v1/"+campaign.Name+"/entries", "application/json", bytes.NewReader(body))
	ts.Check(err)
	b, err = io.ReadAll(resp.Body)
	resp.Body.Close()
	ts.Check(err)
	got := &fairlotv1.EnterResponse{}
	if resp.StatusCode != http.StatusOK || protojson.Unmarshal(b, got) != nil {
		ts.Fatalf("enter: %s %s", resp.Status, b)
	}
	saved, err := receipt.Saved{S: s, Draws: true, Identity: [32]byte(got.IdentityCommitment), Contact: [32]byte(got.ContactCommitment), Note: []byte(got.Receipt)}.Format()
	ts.Check(err)
	id, err := protojson.Marshal(req.Identity)
	ts.Check(err)
	contact, err := protojson.Marshal(req.Contact)
	ts.Check(err)
	for name, b := range map[string][]byte{"saved-%d.txt": saved, "id-%d.json": id, "contact-%d.json": contact} {
		ts.Check(os.WriteFile(ts.MkAbs(fmt.Sprintf(name, n)), b, 0o600))
	}
}

// freeAddress is one of this machine on which nobody listens just now.
func freeAddress(ts *testscript.TestScript) string {
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	defer lis.Close()
	return lis.Addr().String()
}
