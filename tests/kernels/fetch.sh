#!/bin/sh
# Gets Debian's newest cloud kernel of a suite, without installing it: DIR/vmlinuz and DIR/tree, as the package has it.
# From the mirror that this machine's apt is set up with, in an apt state of its own; apt checks the signatures. On
# failure prints the reason in one line. What is there already is kept.
#   tests/kernels/fetch.sh SUITE DIR
set -u
suite=$1
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
mkdir -p "$2" && cd "$2" || exit 1
[ -e vmlinuz ] && exit 0

fail() {
	echo "$*"
	exit 1
}

# The archive of the release that runs here; others lie beside it.
# shellcheck disable=SC1091
codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
# shellcheck disable=SC2016
archive=$(apt-get indextargets --format '$(RELEASE)|$(CODENAME)|$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
	awk -F '|' -v c="$codename" '$1 == c || $2 == c { print $3; exit }')
[ -n "$archive" ] || fail "apt here has no archive of Debian $codename to look beside"
[ -e "$keyring" ] || fail "the keys of Debian's archive are missing: apt-get install debian-archive-keyring"

mkdir -p lists/partial cache/archives/partial || exit 1
echo "deb [signed-by=$keyring] $archive $suite main" >sources.list
apt() {
	command=$1
	shift
	"$command" -q -o Dir::State::lists="$PWD/lists" -o Dir::State::status=/dev/null -o Dir::Cache="$PWD/cache" \
		-o Dir::Etc::sourcelist="$PWD/sources.list" -o Dir::Etc::sourceparts=- -o Dir::Etc::preferencesparts=- \
		-o APT::Sandbox::User="$(id -un)" "$@" 2>>log
}
: >log
apt apt-get update -o APT::Update::Error-Mode=any >>log || fail "apt could not read $suite: $(grep -m 1 '^E:' log)"
package=$(apt apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: //p' | head -n 1)
[ -n "$package" ] || fail "$suite has no package linux-image-cloud-amd64"
apt apt-get download "$package" >>log || fail "apt could not download $package: $(grep -m 1 '^E:' log)"
dpkg-deb -x "$package"_*.deb tree || fail "$package could not be unpacked"
rm -rf "$package"_*.deb lists cache
cp tree/boot/vmlinuz-* vmlinuz || fail "$package holds no kernel"
