package engine

import (
	"fairlot/entrant"
	"slices"
	"strings"
	"time"

	"fairlot/crypto/seal"
	"fairlot/store"
)

// checked is an entry that fits its campaign.
type checked struct {
	person      entrant.Texts
	response    seal.Response // Body is canonical
	aboutPerson []string      // consents about the person, in the order of the rules
	token       *store.Hash
	stratum     uint16 // 1 where nobody chooses
}

func (c *checked) wipe() {
	c.person.Wipe()
	clear(c.response.Body)
}

// problems collects all that is wrong with an entry. Of one kind, they keep its reason.
type problems struct {
	reasons []Reason
	fields  []Field
}

func (p *problems) add(reason Reason, fields ...Field) {
	for _, f := range fields {
		p.reasons = append(p.reasons, reason)
		p.fields = append(p.fields, f)
	}
}

func (p *problems) addPerson(fields []entrant.Field) {
	for _, f := range fields {
		reason := FieldInvalid
		if f.Path == "identity.id_number" {
			reason = IDInvalid
		}
		p.add(reason, Field(f))
	}
}

func (p *problems) err() error {
	if len(p.fields) == 0 {
		return nil
	}
	reason := p.reasons[0]
	if slices.ContainsFunc(p.reasons, func(r Reason) bool { return r != reason }) {
		reason = FieldInvalid
	}
	text := "some fields need to be corrected: each says how"
	if len(p.fields) == 1 {
		text = p.fields[0].Text
	}
	return &Error{Reason: reason, Text: text, Fields: p.fields}
}

// check finds everything that is wrong with an entry at once. A stale notice comes alone: nothing else was read under the right one.
func (o *opened) check(req *EnterRequest, now time.Time) (*checked, error) {
	if req.NoticeHash != o.notice {
		return nil, refuse(NoticeStale, "another privacy notice is in force: reload the page and read it")
	}
	c := &checked{}
	var p problems
	o.checkConsents(req, c, &p)
	o.checkResponse(req, c, &p)
	o.checkPerson(req, c, &p, now)
	o.checkToken(req, c, &p)
	o.checkStratum(req, c, &p)
	if err := p.err(); err != nil {
		c.wipe()
		return nil, err
	}
	return c, nil
}

func (o *opened) checkConsents(req *EnterRequest, c *checked, p *problems) {
	given := map[string]bool{}
	for _, code := range req.Consents {
		given[code] = true
	}
	answers := 0
	for _, k := range o.rules.Consents {
		if k.Required && !given[k.Code] {
			p.add(ConsentMissing, Field{"consents", "required", "a required consent is missing: " + k.Code})
		}
		if k.AboutAnswers {
			if given[k.Code] {
				c.response.Consent |= 1 << answers
			}
			answers++
		} else if given[k.Code] {
			c.aboutPerson = append(c.aboutPerson, k.Code)
		}
		delete(given, k.Code)
	}
	if len(given) > 0 { // what was sent is not quoted
		p.add(FieldInvalid, Field{"consents", "unknown", "this campaign does not ask one of these consents: reload the page"})
	}
}

func (o *opened) checkResponse(req *EnterRequest, c *checked, p *problems) {
	if o.survey == nil {
		if len(req.Response) > 0 {
			p.add(ResponseInvalid, Field{"response_json", "not-asked", "leave this empty: this campaign has no survey"})
		}
		if len(req.AnswerSecretHash) > 0 {
			p.add(FieldInvalid, Field{"answer_secret_hash", "not-asked", "leave this empty: this campaign has no survey"})
		}
		return
	}
	if len(req.AnswerSecretHash) != len(c.response.Secret) {
		p.add(FieldInvalid, Field{"answer_secret_hash", "length", "send the SHA-256 of an answer secret, 32 bytes"})
	}
	copy(c.response.Secret[:], req.AnswerSecretHash)
	response, violations := o.survey.Check(req.Response)
	if violations != nil {
		for _, v := range violations.List {
			path := "response_json"
			if v.Question != "" {
				path += "." + v.Question
			}
			p.add(ResponseInvalid, Field{path, v.Code, v.Text})
		}
		return
	}
	c.response.Body = response.Canonical()
}

func (o *opened) checkPerson(req *EnterRequest, c *checked, p *problems, now time.Time) {
	if !o.draws() {
		if req.Identity != nil {
			p.add(FieldInvalid, Field{"identity", "not-asked", "leave this out: a campaign without a draw asks nobody who they are"})
		}
		if req.Contact != nil {
			p.add(FieldInvalid, Field{"contact", "not-asked", "leave this out: a campaign without a draw asks nobody who they are"})
		}
		return
	}
	var fields []entrant.Field
	c.person, fields = entrant.Canonical(o.rules.Form, req.Identity, req.Contact, now)
	p.addPerson(fields)
}

func (o *opened) checkToken(req *EnterRequest, c *checked, p *problems) {
	typed := strings.TrimSpace(req.Token)
	switch {
	case o.rules.Proof != ProofToken || !o.draws():
		if typed != "" {
			p.add(FieldInvalid, Field{"token", "not-asked", "leave this empty: this campaign needs no code"})
		}
	case typed == "":
		p.add(TokenMissing, Field{"token", "required", "type the code of your letter"})
	default:
		token, ok := canonicalToken(typed)
		if !ok {
			p.add(TokenUnknown, Field{"token", "form", "a code has 20 letters and digits: compare it with your letter"})
			return
		}
		h := tokenHash(token)
		c.token = &h
	}
}
