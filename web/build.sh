#!/bin/sh
# Builds web/dist and web/verify.mjs from web/src. The output is committed, so that building and running the daemon need Go alone,
# and verifying Node alone.
# Needs Node with npm for the libraries and the type check; the bundler is a Go tool. The same sources give the same bytes.
set -eu
cd "$(dirname "$0")"
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
node_modules/.bin/tsc --noEmit
rm -rf dist
mkdir -p dist/assets
cp src/index.html src/404.html dist/
cp src/icon.svg src/licenses.txt dist/assets/
bundle() {
	go tool esbuild "$@" --bundle --format=esm --target=es2022 --charset=utf8 --loader:.txt=text --log-level=warning
}
pages="--minify --legal-comments=none --outdir=dist/assets"
bundle $pages src/app.ts src/survey.ts src/bundle.ts src/photo.ts src/verify-worker.ts
bundle $pages src/app.css
bundle --platform=node --legal-comments=inline --outfile=verify.mjs src/verify/node.ts # not minified: whoever runs it may read it
