#!/bin/sh
# Builds web/dist from web/src. The output is committed, so that building and running the daemon need Go alone.
# Needs Node with npm for the two libraries and the type check; the bundler is a Go tool. The same sources give the same bytes.
set -eu
cd "$(dirname "$0")"
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
node_modules/.bin/tsc --noEmit
rm -rf dist
mkdir -p dist/assets
cp src/index.html src/404.html dist/
cp src/icon.svg src/licenses.txt dist/assets/
bundle() {
	go tool esbuild "$@" --bundle --minify --format=esm --target=es2022 --charset=utf8 --legal-comments=none --log-level=warning --outdir=dist/assets
}
bundle src/app.ts src/survey.ts
bundle src/app.css
