package attack

import "testing"

// TestKillCycles kills the daemon with SIGKILL again and again while 64 writers enter, while it starts and while it closes, and counts what became
// of every entry that was sent. FAULT_CYCLES is the number of kills.
func TestKillCycles(t *testing.T) {
	onEngines(t, func(t *testing.T, on engine) {
		t.Parallel()
		v := strikes(t, fromEnv(t, "FAULT_CYCLES", 40), func() *rig { return killed(t, on) })
		unharmed(t, "kill -9 of the daemon", on, v)
	})
}

// TestKillCyclesSeesLoss puts a liar in front of the daemon, who acknowledges before forwarding. If that loses nothing in the count above, the count is
// worth nothing.
func TestKillCyclesSeesLoss(t *testing.T) {
	onEngines(t, func(t *testing.T, on engine) {
		t.Parallel()
		v := strikes(t, 4, func() *rig {
			r := killed(t, on)
			r.lie = true
			return r
		})
		foundOut(t, "acknowledged before it is written", on, v)
	})
}

func killed(t testing.TB, on engine) *rig {
	d := newDaemonOn(t, on)
	return &rig{d: d, strike: d.kill}
}
