package engine

import (
	"strings"

	"fairlot/store"
)

// note puts a line into a campaign's list.
func (e *Engine) note(list string, campaign store.CampaignID, line string) error {
	return e.Marks.AddLine(listOf(list, campaign), line)
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
