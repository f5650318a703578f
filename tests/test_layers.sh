#!/bin/sh
# layers.sh passes on this tree, and can fail: each line below makes a tree with that one include in that one file.
set -u
here=$(dirname "$0")
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
n=0

report() { # STATUS NAME: ok when STATUS is 0
	n=$((n + 1))
	[ "$1" = 0 ] && echo "ok $n - $2" || echo "not ok $n - $2"
}

tree() { # FILE INCLUDE: layers.sh on a tree that holds nothing else
	rm -rf "$work/tree"
	mkdir -p "$work/tree/include/tach" "$work/tree/$(dirname "$1")"
	echo "#include $2" >"$work/tree/$1"
	sh "$here/layers.sh" "$work/tree" >"$work/out" 2>&1
}

sh "$here/layers.sh"
report $? "this tree"

while read -r file include; do
	[ -n "$file" ] || continue
	tree "$file" "$include"
	[ $? = 1 ] && grep -q "^$file:1: " "$work/out"
	report $? "$file with $include is refused"
done <<'END'
src/base/x.c "model/metric.h"
src/base/x.c <tach/histogram.h>
src/model/x.c "source/source.h"
src/model/x.c "ui/canvas.h"
src/model/x.c <tach/publish.h>
src/target/x.c "source/source.h"
src/config/x.c "ui/keymap.h"
src/source/perf/x.c "source/proc/proc.h"
src/source/proc/x.c "ui/canvas.h"
src/workload/x.c "model/hist.h"
include/tach/x.h "base/str.h"
src/export/x.c "ui/canvas.h"
src/runs/x.c "session/session.h"
src/ui/x.c "session/session.h"
src/ui/pane/x.c "target/target.h"
src/session/x.c "ui/screen.h"
src/session/x.c "source/perf/perf.h"
src/main.c "ui/term.h"
src/ui/screen.c <ncurses.h>
src/ui/canvas.c <curses.h>
src/cmd/x.c <ini.h>
src/source/proc/x.c <perfmon/pfmlib.h>
src/session/x.c <libproc2/pids.h>
src/model/x.c <sqlite3.h>
src/cmd/x.c <sodium.h>
src/source/proc/x.c <bpf/libbpf.h>
src/symbol/x.c "target/target.h"
src/source/bpf/x.c <elfutils/libdw.h>
src/source/bpf/x.c <libiberty/demangle.h>
src/ui/pane/x.c "symbol/symbol.h"
src/base/x.c <cmocka.h>
src/base/x.c "../model/metric.h"
src/attic/x.c <stdio.h>
END

while read -r file include; do
	[ -n "$file" ] || continue
	tree "$file" "$include"
	report $? "$file with $include is allowed"
done <<'END'
src/model/x.c <tach/histogram.h>
src/ui/term.c <curses.h>
src/source/table.c "source/perf/perf.h"
src/source/publish/x.c <tach/publish.h>
src/source/bpf/x.c "symbol/worker.h"
src/symbol/x.c <elfutils/libdwfl.h>
src/cmd/x.c "session/session.h"
src/target/x.c <libproc2/pids.h>
src/ui/theme.c "themes/default.theme.inc"
END
echo "1..$n"
