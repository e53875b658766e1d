package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"

	"fairlot/cmd/fairlot/client"
	fairlotv1 "fairlot/gen/fairlot/v1"
)

// readCampaign reads a campaign file: the contract's Campaign as JSON, in which "survey" may stand as an object in place of
// the string "surveyJson".
func readCampaign(path string, in io.Reader) (*fairlotv1.Campaign, error) {
	var b []byte
	var err error
	if path == "-" {
		b, err = io.ReadAll(io.LimitReader(in, 4<<20))
	} else {
		b, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, err
	}
	return parseCampaign(path, b)
}

func parseCampaign(path string, b []byte) (*fairlotv1.Campaign, error) {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(b, &keys); err != nil {
		return nil, fmt.Errorf("read %s: it is not a JSON object: %w", path, err)
	}
	if survey, ok := keys["survey"]; ok {
		if _, both := keys["surveyJson"]; both {
			return nil, fmt.Errorf("read %s: give survey or surveyJson, not both", path)
		}
		var text bytes.Buffer
		if err := json.Compact(&text, survey); err != nil {
			return nil, err
		}
		quoted, err := json.Marshal(text.String())
		if err != nil {
			return nil, err
		}
		keys["surveyJson"] = quoted
		delete(keys, "survey")
	}
	joined, err := indented(keys)
	if err != nil {
		return nil, err
	}
	c := &fairlotv1.Campaign{}
	if err := protojson.Unmarshal(joined, c); err != nil {
		return nil, fmt.Errorf("read %s: %s; compare it with `fairlot campaign example` and its fields in docs/OPERATIONS.md", path, strings.TrimPrefix(strings.ReplaceAll(err.Error(), "\u00a0", " "), "proto: "))
	}
	return c, nil
}

// campaignJSON prints a campaign as a campaign file, its survey as an object.
func campaignJSON(c *fairlotv1.Campaign) ([]byte, error) {
	b, err := protojson.Marshal(c)
	if err != nil {
		return nil, err
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(b, &keys); err != nil {
		return nil, err
	}
	if c.SurveyJson != "" && json.Valid([]byte(c.SurveyJson)) {
		delete(keys, "surveyJson")
		keys["survey"] = json.RawMessage(c.SurveyJson)
	}
	return indented(keys)
}

// blankForms are the blanks that the example leaves for the institution. The daemon has them too, and refuses to open with one.
var blankForms = regexp.MustCompile(`【待填[^】]*】|\[TO FILL IN[^\]]*\]`)

// blanks names what is still to be written before a draft can open.
func (a *app) blanks(c *fairlotv1.Campaign) error {
	b, err := campaignJSON(c)
	if err != nil {
		return err
	}
	if found := blankForms.FindAllString(string(b), -1); len(found) > 0 {
		a.printf("it does not open before %s filled in, with your own words in their place:\n", plural(int64(len(found)), "blank is", "blanks are"))
		for _, x := range found {
			a.printf("  %s\n", x)
		}
		a.printf("correct the file, then: fairlot campaign update %s FILE\n", c.Slug)
	}
	return nil
}

// obstacles prints, of a draft that was just kept, what else than blanks and keys would keep it from opening, by the daemon's own checks. That they cannot
// be had is said, and no failure: the draft is there.
func (a *app) obstacles(conn *grpc.ClientConn, c *fairlotv1.Campaign) {
	_, err := fairlotv1.NewCampaignServiceClient(conn).GetOpeningCheck(a.ctx, &fairlotv1.GetOpeningCheckRequest{Name: c.Name})
	if err == nil {
		return
	}
	err = a.explain("look whether the draft, which is kept, could open", err)
	var r *client.Refusal
	if !errors.As(err, &r) || r.Reason != "RULES_INVALID" && r.Reason != "SURVEY_INVALID" {
		a.say("%v\n", err)
		return
	}
	wrong := slices.DeleteFunc(r.Fields, func(f client.Field) bool { return f.Reason == "unfilled" })
	if len(wrong) == 0 && len(r.Fields) == 0 {
		wrong = []client.Field{{Path: "campaign", Text: r.Text}}
	}
	if len(wrong) == 0 {
		return
	}
	a.printf("這份草稿還不能開放 the draft is kept, and does not open before this is corrected:\n")
	for _, f := range wrong {
		a.printf("  %s: %s\n", f.Where(), f.Text)
	}
	a.printf("correct the file, then: fairlot campaign update %s FILE\n", c.Slug)
}

// indented prints JSON for people: letters such as < stand as they are. It ends in LF.
func indented(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return b.Bytes(), err
}

func (a *app) campaign(c *fairlotv1.Campaign) error {
	b, err := campaignJSON(c)
	if err != nil {
		return err
	}
	_, err = a.out.Write(b)
	return err
}
