package engine_test

import (
	"context"
	"testing"

	"fairlot/engine"
	"fairlot/store"
)

// slipIn changes a draft between two reads of it.
type slipIn struct {
	store.Registry
	armed *bool
}

func (r slipIn) Campaign(ctx context.Context, id store.CampaignID) (store.Campaign, error) {
	c, err := r.Registry.Campaign(ctx, id)
	if err == nil && *r.armed {
		*r.armed = false
		_, err = r.UpdateDraft(ctx, id, c.Version, c.Rules)
	}
	return c, err
}

// TestNothingElseOpens changes a draft in the middle of its opening: the version that was agreed on opens, or none.
func TestNothingElseOpens(t *testing.T) {
	t.Parallel()
	w := newJury(t)
	ctx := context.Background()
	c := must(w.CreateCampaign(ctx, "slip", lasting(), ""))(t)
	armed, before := false, must(w.cfg.Registry.Campaign(ctx, c.ID))(t).Version
	w.cfg.Registry = slipIn{w.cfg.Registry, &armed}
	w.restart()
	armed = true
	if _, err := w.OpenCampaign(ctx, c.ID, c.Etag); reason(err) != engine.EtagStale {
		t.Errorf("got %v, want %s", err, engine.EtagStale)
	}
	if now := must(w.cfg.Registry.Campaign(ctx, c.ID))(t); now.State != store.Draft || now.Version == before {
		t.Errorf("version %s was agreed on, and version %d is in state %d", c.Etag, now.Version, now.State)
	}
}
