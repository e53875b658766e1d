// Package web is the site as it was built: one page, its scripts and styles.
//
// The sources are TypeScript in src; build.sh makes dist from them, and dist is committed. The page reads and sends only
// REST of the same address, keeps nothing in the browser's storage, and draws the entrant's secret itself.
//
// First call: [Files].
package web

import (
	"embed"
	"io/fs"
)

//go:embed dist
var dist embed.FS

// Files returns the built site, rooted so that "index.html" and "assets/app.js" are in it.
func Files() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // dist is embedded above: its name is valid
	}
	return sub
}
