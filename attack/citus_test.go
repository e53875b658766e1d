package attack

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// TestCitusCoordinatorKilled kills the coordinator's server under 64 writers and starts it again. What it had decided and its workers have only prepared by then is nobody's
// until it is recovered; nothing that was acknowledged may be among what is missing, and nothing half there. The daemon lives on. FAULT_SERVER_KILLS is the number of kills.
func TestCitusCoordinatorKilled(t *testing.T) {
	on := onCitus(t)
	v := strikes(t, fromEnv(t, "FAULT_SERVER_KILLS", 10), func() *rig { return coordinatorKilled(t, on) })
	unharmed(t, "kill -9 of Citus' coordinator", on, v)
}

// TestCitusCoordinatorKilledSeesLoss puts the liar in front of the daemon while the coordinator is killed.
func TestCitusCoordinatorKilledSeesLoss(t *testing.T) {
	on := onCitus(t)
	v := strikes(t, 2, func() *rig {
		r := coordinatorKilled(t, on)
		r.lie = true
		return r
	})
	foundOut(t, "acknowledged before it is written, the coordinator killed", on, v)
}

// onCitus is the Citus of the environment, whose servers can be started again.
func onCitus(t *testing.T) engine {
	t.Helper()
	if os.Getenv(citusVar) == "" || os.Getenv(citusStart) == "" {
		t.Skipf("CANNOT kill Citus: %s names no coordinator, or %s no command that starts its servers", citusVar, citusStart)
	}
	return onPostgres(t)
}

func coordinatorKilled(t *testing.T, on engine) *rig {
	return &rig{d: newDaemonOn(t, on), lives: true, strike: func() {
		text, err := asked(on, `SELECT split_part(pg_read_file('postmaster.pid'), E'\n', 1)`)
		if err != nil {
			t.Error(err)
			return
		}
		pid, err := strconv.Atoi(text)
		if err == nil {
			err = syscall.Kill(pid, syscall.SIGKILL)
		}
		if err != nil {
			t.Error(err)
		}
	}, mend: func() error {
		return within(time.Minute, func() error { // the processes of the dead one are still ending
			if out, err := exec.Command("sh", "-c", os.Getenv(citusStart)).CombinedOutput(); err != nil {
				return fmt.Errorf("start the coordinator: %w: %s", err, out)
			}
			return nil
		})
	}}
}
