package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"fairlot/crypto/keys"
	"fairlot/store"
)

// note puts a line into a campaign's list. One that is full refuses everybody whose line it lacks; that stands in no log, which would tell when somebody came: remindLists
// says it long before.
func (e *Engine) note(list string, campaign store.CampaignID, line string) error {
	err := e.Marks.AddLine(listOf(list, campaign), line)
	if errors.Is(err, keys.ErrFull) {
		return &Error{Reason: StorageUnavailable, Text: "the list in which this has to be noted is full, and nothing was done: tell the institution, which must make room for it"}
	}
	return err
}

// remindLists logs once a day which lists are three quarters full.
func (r *runner) remindLists(ctx context.Context) {
	err := r.e.eachCampaign(ctx, func(c store.Campaign) error {
		for _, kind := range []string{erasedList, withdrawnList} {
			list := listOf(kind, c.ID)
			size, most, err := r.e.Marks.ListSize(list)
			if err != nil {
				return err
			}
			if at, ok := r.reminded[list]; size <= most/4*3 || ok && r.elapsed()-at < remindEvery {
				continue
			}
			r.reminded[list] = r.elapsed()
			r.e.Log.Warn("a list of the key folder is filling up, and once it is full "+map[string]string{erasedList: "nobody more of this campaign is erased or corrected",
				withdrawnList: "no more answers of this campaign are withdrawn"}[kind]+": docs/OPERATIONS.md, Limits, says what to do in time", "list", list, "campaign", c.Slug, "full", fmt.Sprintf("%d%%", size*100/most))
		}
		return nil
	})
	if err != nil && ctx.Err() == nil {
		r.e.Log.Warn("look how full the lists of the key folder are", "error", err)
	}
}

// noted returns the lines of a campaign's list, also those that an earlier program put into one list of all campaigns, each behind its campaign.
func (e *Engine) noted(list string, campaign store.CampaignID) ([]string, error) {
	lines, err := e.Marks.Lines(listOf(list, campaign))
	if err != nil {
		return nil, err
	}
	all, err := e.Marks.Lines(list)
	for _, line := range all {
		if line, here := strings.CutPrefix(line, hexID(campaign)+" "); here {
			lines = append(lines, line)
		}
	}
	return lines, err
}

// isNoted tells whether noted has a line.
func (e *Engine) isNoted(list string, campaign store.CampaignID, line string) (bool, error) {
	there, err := e.Marks.HasLine(listOf(list, campaign), line)
	if err != nil || there {
		return there, err
	}
	return e.Marks.HasLine(list, hexID(campaign)+" "+line)
}

func listOf(list string, campaign store.CampaignID) string { return list + "-" + hexID(campaign) }
