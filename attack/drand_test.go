package attack

import (
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fairlot/crypto/beacon"
)

// drandVersion is what is fetched and built; the tag makes a daemon that talks to the others without a proxy for TLS before each.
const drandVersion, drandTag = "v2.1.3", "conn_insecure"

// drandNode is one daemon of a group on loopback.
type drandNode struct {
	t                        testing.TB
	bin, dir                 string
	private, public, control string // addresses; control is a port
	cmd                      *exec.Cmd
}

// must runs a command of drand that speaks to the node, or is about its folder.
func (n *drandNode) must(command string, args ...string) {
	n.t.Helper()
	all := slices.Concat(strings.Fields(command), []string{"--id", "default", "--control", n.control}, args)
	if out, err := exec.Command(n.bin, all...).CombinedOutput(); err != nil {
		n.t.Fatalf("drand %s: %v\n%s\n%s", strings.Join(all, " "), err, out, n.lastLog())
	}
}

func (n *drandNode) lastLog() string {
	b, _ := os.ReadFile(filepath.Join(n.dir, "log"))
	return string(b[max(0, len(b)-2000):])
}

// start starts the daemon and waits until it takes commands.
func (n *drandNode) start() {
	n.t.Helper()
	log, err := os.OpenFile(filepath.Join(n.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		n.t.Fatal(err)
	}
	defer log.Close()
	n.cmd = exec.Command(n.bin, "start", "--folder", n.dir, "--id", "default", "--control", n.control, "--private-listen", n.private, "--public-listen", n.public)
	n.cmd.Stdout, n.cmd.Stderr = log, log
	if err := n.cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
	waitFor(n.t, "tcp", net.JoinHostPort("127.0.0.1", n.control))
	waitFor(n.t, "tcp", n.private)
}

func (n *drandNode) kill() {
	if n.cmd != nil {
		n.cmd.Process.Kill()
		n.cmd.Wait()
		n.cmd = nil
	}
}

// info is the chain as the node's own public door states it.
func (n *drandNode) info(hash string) (c beacon.Chain, err error) {
	resp, err := client.Get("http://" + n.public + hash + "/info")
	if err != nil {
		return c, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return c, err
	}
	return beacon.ParseInfo(b)
}

// drandNetwork starts three daemons on loopback, has them make a key among themselves of which any two can sign, and waits for the chain's first rounds.
func drandNetwork(t testing.TB, bin string) network {
	var nodes []*drandNode
	joiners := []string{}
	for i := range 3 {
		n := &drandNode{t: t, bin: bin, dir: filepath.Join(t.TempDir(), fmt.Sprintf("node%d", i+1)), private: freePort(t), public: freePort(t)}
		_, n.control, _ = net.SplitHostPort(freePort(t))
		if err := os.Mkdir(n.dir, 0o700); err != nil {
			t.Fatal(err)
		}
		n.must("generate-keypair", "--folder", n.dir, "--scheme", beacon.Scheme, n.private)
		n.start()
		t.Cleanup(n.kill)
		nodes, joiners = append(nodes, n), append(joiners, "--joiner", n.private)
	}
	proposal := filepath.Join(t.TempDir(), "proposal.toml")
	leader := nodes[0]
	leader.must("dkg generate-proposal", append(joiners, "--out", proposal)...)
	leader.must("dkg init", "--proposal", proposal, "--threshold", "2", "--period", "3s", "--catchup-period", "1s", "--scheme", beacon.Scheme, "--genesis-delay", "45s")
	for _, n := range nodes[1:] {
		n.must("dkg join")
	}
	leader.must("dkg execute")

	n := network{name: "three daemons of drand " + drandVersion}
	if err := within(2*time.Minute, func() (err error) {
		n.chain, err = leader.info("")
		return err
	}); err != nil {
		t.Fatalf("no chain came about: %v\n%s", err, leader.lastLog())
	}
	for i, node := range nodes {
		if c, err := node.info("/" + hex.EncodeToString(n.chain.Hash[:])); err != nil || c != n.chain {
			t.Fatalf("node %d states another chain: %v, %v", i+1, c, err)
		}
		n.relays = append(n.relays, "http://"+node.public)
	}
	if err := within(2*time.Minute, func() error { _, err := n.ask(n.relays[2], 2); return err }); err != nil {
		t.Fatalf("the chain does not begin: %v\n%s", err, leader.lastLog())
	}
	n.halt = func(uint64) {
		for _, n := range nodes[1:] {
			n.kill()
		}
	}
	n.recover = func() {
		for _, n := range nodes[1:] {
			n.start()
		}
	}
	return n
}

// TestDrand: the story of TestRelays with three daemons of drand, as the public beacon has more of. They are fetched and built, so only where FAULT_DRAND is set
// (faults.sh drand).
func TestDrand(t *testing.T) {
	if os.Getenv("FAULT_DRAND") == "" {
		t.Skip("long: ./faults.sh drand")
	}
	bin := os.Getenv("DRAND")
	if bin == "" {
		dir := t.TempDir()
		bin = filepath.Join(dir, "drand")
		// A module that is thrown away, since go install also asks for the list of all versions, which not every module proxy gives out.
		if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module throwaway\n\nrequire github.com/drand/drand/v2 "+drandVersion+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("go", "build", "-mod=mod", "-tags", drandTag, "-o", bin, "github.com/drand/drand/v2/cmd/drand")
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOFLAGS=")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("build drand: %v\n%s", err, out)
		}
	}
	drawsDespite(t, drandNetwork(t, bin))
}
