#!/bin/sh
# tach builds and starts without the libraries that it can do without, also with the other compiler where there is one.
set -u
cd "$(dirname "$0")/.." || exit 2
build=${BUILD:-build}
unset MAKEFLAGS MAKELEVEL
n=0

report() { # STATUS NAME
	n=$((n + 1))
	[ "$1" = 0 ] && echo "ok $n - $2" || echo "not ok $n - $2"
}

without() { # DIRECTORY VARIABLE...
	directory=$1
	shift
	make -s -j"$(nproc)" BUILD="$directory" OPT=-O0 "$@" 2>&1 && "$directory/tach" version >/dev/null 2>&1
}

without "$build/without" NO="libproc2 libpfm libsodium libbpf libdw libiberty"
report $? "without libproc2, libpfm, libsodium, libbpf, libdw and libiberty"

if command -v clang >/dev/null; then
	without "$build/clang" CC=clang
	report $? "with clang"
else
	echo "# skip: no clang here"
	echo "ok $((n += 1)) - with clang # SKIP"
fi
echo "1..$n"
