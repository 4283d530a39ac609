#!/usr/bin/env bash
# Put Debian's apptainer, and what builds bases for it, on a Debian 12 machine, as root: tests build and run real images.
#
# bookworm has no apptainer, and sid's wants a newer libc for one symbol. So sid's libc is laid into a folder of its own
# beside the two executables, which are pointed at it; the system's libc and its sources stay as they are. The result is
# one package, which `apt-get remove apptainer` removes.
set -euo pipefail
# Builds by root in a container are those of an ordinary user, who needs users of his own.
for file in /etc/subuid /etc/subgid; do
  grep -qs ^root: "$file" || echo root:1000000:65536 >> "$file"
done
if command -v mmdebstrap >/dev/null && command -v apptainer >/dev/null && apptainer version >/dev/null 2>&1; then apptainer version; exit 0; fi
SUITE=${APPTAINER_SUITE:-sid}
MIRROR=$(awk '/^URIs:/{print $2; exit} /^deb /{for(i=2;i<=NF;i++) if($i ~ /^http/){print $i; exit}}' /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null || true)
[ -n "$MIRROR" ] || { echo "install-apptainer: no Debian mirror found in the apt sources" >&2; exit 3; }
export DEBIAN_FRONTEND=noninteractive
apt-get install -y -qq --no-install-recommends patchelf squashfs-tools squashfuse fuse-overlayfs uidmap \
  libseccomp2 libsqlite3-0 ca-certificates debootstrap mmdebstrap fakeroot e2fsprogs >/dev/null
W=$(mktemp -d); trap 'rm -rf "$W"' EXIT
mkdir -p "$W"/lists/partial "$W"/cache/archives/partial "$W"/debs
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $MIRROR $SUITE main" > "$W/sources.list"
A=(-o "Dir::Etc::sourcelist=$W/sources.list" -o Dir::Etc::sourceparts=- -o "Dir::State::Lists=$W/lists" -o "Dir::Cache=$W/cache" -o APT::Sandbox::User=root -o Acquire::Languages=none)
apt-get "${A[@]}" -qq update
(cd "$W/debs" && apt-get "${A[@]}" -qq download apptainer libc6)
dpkg-deb -R "$W"/debs/apptainer_*.deb "$W/pkg"
dpkg-deb -x "$W"/debs/libc6_*.deb "$W/libc"
P=/usr/lib/x86_64-linux-gnu/apptainer/glibc
mkdir -p "$W/pkg$P"
src=$W/libc/usr/lib/x86_64-linux-gnu; [ -e "$src/libc.so.6" ] || src=$W/libc/lib/x86_64-linux-gnu
cp -a "$src"/{ld-linux-x86-64.so.2,libc.so.6,libm.so.6,libpthread.so.0,libdl.so.2,librt.so.1,libresolv.so.2} "$W/pkg$P/"
for f in usr/bin/apptainer usr/lib/x86_64-linux-gnu/apptainer/bin/starter; do
  patchelf --set-interpreter "$P/ld-linux-x86-64.so.2" --force-rpath --set-rpath "$P" "$W/pkg/$f"
done
sed -i -e 's/^\(Version: .*\)$/\1~bookworm1/' \
  -e 's/^Depends: .*/Depends: ca-certificates, squashfs-tools, uidmap, libseccomp2, libsqlite3-0/' -e '/^\(Static-\)\?Built-Using:/d' "$W/pkg/DEBIAN/control"
(cd "$W/pkg" && find . -type f -not -path './DEBIAN/*' -printf '%P\0' | xargs -0 md5sum > DEBIAN/md5sums)
dpkg-deb -Znone --root-owner-group -b "$W/pkg" "$W/apptainer.deb" >/dev/null
apt-get install -y -qq --no-install-recommends "$W/apptainer.deb" >/dev/null
apptainer version
