#!/bin/sh
# Nothing that is opened at every tick takes the lock of the target's memory map or walks its page tables; the command
# line, which takes it, is read when tach attaches and not again. strace tells which files the whole program opens.
set -u
build=${BUILD:-build}
work=$(mktemp -d) || exit 1
n=0
target=

clean_up() {
	[ -n "$target" ] && kill "$target" 2>/dev/null
	rm -rf "$work"
}
trap clean_up EXIT

report() { # STATUS NAME: ok when STATUS is 0
	n=$((n + 1))
	[ "$1" = 0 ] && echo "ok $n - $2" || echo "not ok $n - $2"
}

opened() { # ERE of a file's name: how often it was opened, alone or at the end of a path
	grep -cE "\"([^\"]*/)?($1)\"" "$work/trace"
}

if ! strace -o "$work/trace" true 2>/dev/null; then
	echo "# skip: needs strace and the right to use it"
	echo "ok 1 - no file of the memory map is read # SKIP"
	echo "1..1"
	exit 0
fi

sleep 60 &
target=$!
strace -f -e trace=open,openat,openat2 -o "$work/trace" "$build/tach" stat -p "$target" -i 100ms -N 10 >/dev/null 2>"$work/err"
report $? "tach stat runs under strace"
sed -i '\|"/proc/self/|d' "$work/trace" # its own

[ "$(opened 'status')" -ge 10 ]
report $? "what is read at every tick is seen here"

[ "$(opened 'maps|smaps|smaps_rollup|numa_maps|pagemap|map_files|mem|environ|auxv|clear_refs|wchan|stack|syscall')" = 0 ]
report $? "no file of the memory map, and none that needs ptrace"

[ "$(opened 'cmdline')" -le 2 ]
report $? "the command line is not read at every tick"

echo "1..$n"
