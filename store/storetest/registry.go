package storetest

import (
	"fmt"
	"time"

	"fairlot/store"
)

var registryTests = []test{
	{"installation is written once", func(t *T) {
		_, err := t.Registry.Installation(t.ctx)
		t.is(err, store.ErrNotFound)
		in := store.Installation{Origin: "抽.example/log", Institution: "市立圖書館", LogKey: "k", ReceiptKey: ""}
		t.ok(t.Registry.PutInstallation(t.ctx, in))
		t.is(t.Registry.PutInstallation(t.ctx, store.Installation{Origin: "b"}), store.ErrExists)
		got, err := t.Registry.Installation(t.ctx)
		t.ok(err)
		t.same(got, in)
	}},
	{"campaign round trip", func(t *T) {
		c := store.Campaign{ID: random16(), Slug: "spring-2027", RequestID: "", Rules: []byte("\x00{\"標題\":\"\xff\"}")}
		made, err := t.Registry.CreateCampaign(t.ctx, c)
		t.ok(err)
		if made.Version != 1 || made.State != store.Draft || len(made.OpenRecord) != 0 || len(made.Tallies) != 0 || string(made.Rules) != string(c.Rules) {
			t.Fatalf("%+v", made)
		}
		got, err := t.Registry.Campaign(t.ctx, c.ID)
		t.ok(err)
		t.same(got, made)
		got, err = t.Registry.CampaignBySlug(t.ctx, c.Slug)
		t.ok(err)
		t.same(got, made)
		_, err = t.Registry.Campaign(t.ctx, random16())
		t.is(err, store.ErrNotFound)
	}},
	{"slugs compare as bytes", func(t *T) {
		slugs := []string{"abc", "ABC", "Abc", "abc ", "ä", "a\u0308", "ａｂｃ"}
		for _, s := range slugs {
			_, err := t.Registry.CreateCampaign(t.ctx, store.Campaign{ID: random16(), Slug: s})
			t.ok(err)
		}
		for _, s := range slugs {
			c, err := t.Registry.CampaignBySlug(t.ctx, s)
			t.ok(err)
			t.same(c.Slug, s)
			_, err = t.Registry.CreateCampaign(t.ctx, store.Campaign{ID: random16(), Slug: s})
			t.is(err, store.ErrExists)
		}
		_, err := t.Registry.CampaignBySlug(t.ctx, "aBC")
		t.is(err, store.ErrNotFound)
	}},
	{"an id is taken once", func(t *T) {
		c := store.Campaign{ID: random16(), Slug: "a"}
		_, err := t.Registry.CreateCampaign(t.ctx, c)
		t.ok(err)
		c.Slug = "b"
		_, err = t.Registry.CreateCampaign(t.ctx, c)
		t.is(err, store.ErrExists)
	}},
	{"a request id makes one campaign", func(t *T) {
		ids := race(16, func(i int) store.CampaignID {
			c, err := t.Registry.CreateCampaign(t.ctx, store.Campaign{ID: random16(), Slug: fmt.Sprint("s", i), RequestID: "req"})
			if err != nil {
				t.Error(err)
			}
			return c.ID
		})
		list, err := t.Registry.Campaigns(t.ctx, store.CampaignID{}, 100)
		t.ok(err)
		if len(ids) != 1 || len(list) != 1 {
			t.Fatalf("%d ids answered, %d campaigns made", len(ids), len(list))
		}
		// An empty request id is none, however often.
		for i := range 2 {
			_, err := t.Registry.CreateCampaign(t.ctx, store.Campaign{ID: random16(), Slug: fmt.Sprint("e", i)})
			t.ok(err)
		}
	}},
	{"a slug raced for has one winner", func(t *T) {
		got := race(16, func(int) string {
			_, err := t.Registry.CreateCampaign(t.ctx, store.Campaign{ID: random16(), Slug: "same"})
			return verdict(err)
		})
		t.same(got, map[string]int{"ok": 1, store.ErrExists.Error(): 15})
	}},
	{"campaigns page by the bytes of the id", func(t *T) {
		ids := awkward()
		for i := len(ids) - 1; i >= 0; i-- {
			_, err := t.Registry.CreateCampaign(t.ctx, store.Campaign{ID: ids[i], Slug: fmt.Sprint(i)})
			t.ok(err)
		}
		for _, size := range []int{1, 4, 100} {
			var got [][16]byte
			var after store.CampaignID
			for {
				page, err := t.Registry.Campaigns(t.ctx, after, size)
				t.ok(err)
				if len(page) > size {
					t.Fatalf("page of %d, limit %d", len(page), size)
				}
				for _, c := range page {
					got, after = append(got, c.ID), c.ID
				}
				if len(page) < size {
					break
				}
			}
			t.same(got, ids)
		}
	}},
	{"a draft is updated at its version", func(t *T) {
		id := t.draft("d")
		c, err := t.Registry.UpdateDraft(t.ctx, id, 1, []byte("two"))
		t.ok(err)
		t.same(c.Version, int64(2))
		_, err = t.Registry.UpdateDraft(t.ctx, id, 1, []byte("lost"))
		t.is(err, store.ErrConflict)
		t.is(t.Registry.DeleteDraft(t.ctx, id, 1), store.ErrConflict)
		_, err = t.Registry.UpdateDraft(t.ctx, random16(), 1, nil)
		t.is(err, store.ErrNotFound)
		t.is(t.Registry.DeleteDraft(t.ctx, random16(), 1), store.ErrNotFound)
		got := race(16, func(i int) string {
			_, err := t.Registry.UpdateDraft(t.ctx, id, 2, []byte{byte(i)})
			return verdict(err)
		})
		t.same(got, map[string]int{"ok": 1, store.ErrConflict.Error(): 15})
		t.ok(t.Registry.DeleteDraft(t.ctx, id, 3))
		_, err = t.Registry.Campaign(t.ctx, id)
		t.is(err, store.ErrNotFound)
	}},
	{"only a draft is updated or deleted", func(t *T) {
		id := t.draft("d")
		t.ok(t.Registry.Append(t.ctx, 0, []byte("open"), store.Transition{Campaign: id, From: store.Draft, To: store.Open, Version: 1}))
		_, err := t.Registry.UpdateDraft(t.ctx, id, 1, nil)
		t.is(err, store.ErrConflict)
		t.is(t.Registry.DeleteDraft(t.ctx, id, 1), store.ErrConflict)
	}},
	{"state moves by compare-and-swap", func(t *T) {
		id := t.draft("d")
		t.is(t.Registry.SetCampaignState(t.ctx, id, store.Open, store.Ended), store.ErrConflict)
		t.is(t.Registry.SetCampaignState(t.ctx, random16(), store.Open, store.Ended), store.ErrNotFound)
		t.ok(t.Registry.SetCampaignState(t.ctx, id, store.Draft, store.Open))
		t.ok(t.Registry.SetCampaignState(t.ctx, id, store.Open, store.Ended))
		t.ok(t.Registry.SetCampaignState(t.ctx, id, store.Open, store.Ended))
		c, err := t.Registry.Campaign(t.ctx, id)
		t.ok(err)
		t.same(c.State, store.Ended)
	}},
	{"tallies are put once", func(t *T) {
		id := t.draft("d")
		t.is(t.Registry.PutTallies(t.ctx, random16(), []byte("x")), store.ErrNotFound)
		t.ok(t.Registry.PutTallies(t.ctx, id, []byte("first")))
		t.ok(t.Registry.PutTallies(t.ctx, id, []byte("second")))
		c, err := t.Registry.Campaign(t.ctx, id)
		t.ok(err)
		t.same(string(c.Tallies), "first")
	}},
	{"staff tokens", func(t *T) {
		s := store.StaffToken{ID: [8]byte{0, 255}, Secret: randomHash(), Role: "officer", Label: "王小姐\x00", Expires: end}
		_, err := t.Registry.StaffToken(t.ctx, s.ID)
		t.is(err, store.ErrNotFound)
		t.is(t.Registry.RevokeStaffToken(t.ctx, s.ID), store.ErrNotFound)
		t.ok(t.Registry.PutStaffToken(t.ctx, s))
		t.is(t.Registry.PutStaffToken(t.ctx, store.StaffToken{ID: s.ID, Role: "notifier"}), store.ErrExists)
		got, err := t.Registry.StaffToken(t.ctx, s.ID)
		t.ok(err)
		t.same(got, s)
		z := store.StaffToken{ID: [8]byte{0, 1}} // the zero time comes back as the zero time
		t.ok(t.Registry.PutStaffToken(t.ctx, z))
		t.ok(t.Registry.RevokeStaffToken(t.ctx, s.ID))
		t.ok(t.Registry.RevokeStaffToken(t.ctx, s.ID))
		s.Revoked = true
		list, err := t.Registry.StaffTokens(t.ctx)
		t.ok(err)
		t.same(list, []store.StaffToken{z, s})
	}},
	{"times are whole seconds in UTC", func(t *T) {
		s := store.StaffToken{ID: [8]byte{1}, Expires: end.Add(999 * time.Millisecond).In(time.FixedZone("", 8*3600))}
		t.ok(t.Registry.PutStaffToken(t.ctx, s))
		got, err := t.Registry.StaffToken(t.ctx, s.ID)
		t.ok(err)
		t.same(got.Expires, end)
	}},
}

// draft makes a campaign in Draft.
func (t *T) draft(slug string) store.CampaignID {
	t.Helper()
	c, err := t.Registry.CreateCampaign(t.ctx, store.Campaign{ID: random16(), Slug: slug, Rules: []byte("rules")})
	t.ok(err)
	return c.ID
}
