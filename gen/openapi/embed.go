// Package openapi holds the OpenAPI 3.1 document of the REST surface: the
// methods that the public and members may call. The document is made from the
// contract by tools/generate.sh; this file alone is written by hand.
package openapi

import _ "embed"

// JSON is the whole document: UTF-8, one JSON object, keys in byte order. It is
// served as it is at /openapi.json and must not be changed in memory.
//
//go:embed openapi.json
var JSON []byte
