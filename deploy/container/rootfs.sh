#!/bin/sh
# rootfs.sh OUT makes in OUT everything that the image holds: one static program, the certificates of public authorities
# (for drand's relays), an account, and two empty folders. Zone data is in the program. The Containerfile runs it, and so does the test,
# which sets BUILD so that go takes what it has compiled already.
set -eu
out=$1
cd "$(dirname "$0")/../.."
mkdir -p "$out/usr/local/bin" "$out/etc/ssl/certs" "$out/srv/fairlot" "$out/tmp"
chmod 0700 "$out/srv/fairlot"
chmod 1777 "$out/tmp"
CGO_ENABLED=0 go build ${BUILD--trimpath -ldflags=-s} -o "$out/usr/local/bin/fairlotd" ./cmd/fairlotd
cp /etc/ssl/certs/ca-certificates.crt "$out/etc/ssl/certs/ca-certificates.crt"
echo 'fairlot:x:65532:65532::/srv/fairlot:/none' >"$out/etc/passwd"
echo 'fairlot:x:65532:' >"$out/etc/group"
