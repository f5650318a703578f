#!/bin/sh
# The manual says what the program says: its tables are those that man/gen makes now, and mandoc finds nothing to warn of.
set -u
build=${BUILD:-build}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
n=0

report() { # STATUS NAME: ok when STATUS is 0
	n=$((n + 1))
	[ "$1" = 0 ] && echo "ok $n - $2" || echo "not ok $n - $2"
}

"$build/man/gen" check man/tach.1 man/tachrc.5 man/tach-theme.5
report $? "the tables are those of the program (else: make docs)"

# An option that the program does not have, and one less than it has.
sed '/^\.\\" table options/a .It Fl \\-wrong' man/tach.1 >"$work/more.1"
! "$build/man/gen" check "$work/more.1" 2>/dev/null
report $? "a row too many is found"
sed '/^\.It Fl i , Fl/d' man/tach.1 >"$work/less.1"
! "$build/man/gen" check "$work/less.1" 2>/dev/null
report $? "a row too few is found"
"$build/man/gen" write "$work/more.1" "$work/less.1" && cmp -s "$work/more.1" man/tach.1 && cmp -s "$work/less.1" man/tach.1
report $? "and both are mended by write"

if command -v mandoc >/dev/null; then
	for page in man/*.[1-8]; do
		mandoc -T lint -W warning "$page" | sed 's/^/# /'
		[ -z "$(mandoc -T lint -W warning "$page")" ]
		report $? "mandoc has nothing to warn of in $page"
	done
else
	echo "# skip: mandoc is not installed"
	report 0 "mandoc # SKIP"
fi
echo "1..$n"
