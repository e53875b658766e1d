package engine

import (
	"fairlot/crypto/tag"
	"fairlot/entrant"
	"fairlot/store"
)

// What a person states, and what a form asks, as package entrant reads it.
type (
	Identity = entrant.Identity
	Contact  = entrant.Contact
	Form     = entrant.Form
	Ask      = entrant.Ask
)

// The settings of a field of the form.
const (
	NotAsked = entrant.NotAsked
	Optional = entrant.Optional
	Required = entrant.Required
)

// tagOf is the campaign's tag of a person.
func tagOf(key [32]byte, p *entrant.Texts) store.Hash {
	return store.Hash(tag.Of(key, p.IDType, p.IDNumber))
}
