#!/bin/sh
# A base for images where no registry can be reached: Debian's own Python in the folder DIR, from Debian's packages.
#   containers/base.sh DIR [SUITE]
#   bigdata sites image build --from DIR SITE
# The suite decides on the Python: bookworm has 3.11, trixie 3.13. Needs mmdebstrap.
set -eu
folder=${1:?usage: base.sh DIR [SUITE]} suite=${2:-bookworm}
[ ! -e "$folder" ] || { echo "$folder is already there; remove it, or name another" >&2; exit 2; }
mmdebstrap --variant=minbase --include=ca-certificates,python3,python3-venv "$suite" "$folder"
# Devices can be made by root only, and an unprivileged build isn't root. Not in a hook of mmdebstrap's: while it runs,
# the host's own devices and /dev/shm are mounted there, and would be emptied.
rm -rf --one-file-system "$folder"/dev/* "$folder"/var/lib/apt/lists/*
