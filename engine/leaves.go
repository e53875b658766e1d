package engine

import (
	"context"

	"fairlot/draw"
	"fairlot/store"
)

const leafPage = 1000

// leafReader streams a campaign's entry list from the identity room, ascending by id, with chances 0 for who won an earlier draw; memory does not grow with it.
type leafReader struct {
	ctx      context.Context
	room     store.Identity
	campaign store.CampaignID
	won      winners // nil: earlier winners take part
}

// Each is draw.Leaves.
func (l leafReader) Each(f func(draw.Leaf) error) error {
	var after store.EntrantID
	for {
		page, err := l.room.Leaves(l.ctx, l.campaign, after, leafPage)
		if err != nil {
			return err
		}
		for _, x := range page {
			if l.won[draw.EntrantID(x.ID)] {
				x.Chances = 0
			}
			if err := f(draw.Leaf{ID: draw.EntrantID(x.ID), Stratum: x.Stratum, Chances: x.Chances, Person: draw.Person(x.Person)}); err != nil {
				return err
			}
			after = x.ID
		}
		if len(page) < leafPage {
			return nil
		}
	}
}
