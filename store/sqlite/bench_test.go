package sqlite

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"fairlot/store"
)

// BenchmarkEnter measures durable entries of about 5 kB in group commits of several sizes.
func BenchmarkEnter(b *testing.B) {
	for _, n := range []int{1, 64, 512} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			rooms := newRooms(b, filepath.Join(b.TempDir(), "r"))
			c := store.CampaignID{1}
			if err := rooms.Identity.CreateGate(b.Context(), store.Gate{Campaign: c, End: time.Now().Add(time.Hour)}); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				b.StopTimer()
				batch := make([]store.Entry, n)
				for i := range batch {
					batch[i] = newEntry(c)
				}
				b.StartTimer()
				if _, err := rooms.Identity.Enter(b.Context(), time.Now, batch); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
