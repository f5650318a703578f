#!/bin/sh
# The installed headers are clean for every compiler and language that they promise, and the example is seen by tach.
set -u
build=${BUILD:-build}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
n=0

report() { # STATUS NAME: ok when STATUS is 0
	n=$((n + 1))
	[ "$1" = 0 ] && echo "ok $n - $2" || echo "not ok $n - $2"
}

compiles() { # COMPILER FLAGS...: every function is used, and the program runs
	"$@" -Wall -Wextra -Wconversion -Wshadow -Werror -Iinclude -o "$work/all" "$work/all.${ending:-c}" >"$work/log" 2>&1 &&
		"$work/all" || { sed 's/^/# /' "$work/log"; return 1; }
}

cat >"$work/all.c" <<'END'
#include <tach/publish.h>

int main(void)
{
	struct tach_publisher *p = tach_publish_open();
	struct tach_counter c = tach_publish_counter(p, "ops", "");
	struct tach_gauge g = tach_publish_gauge(p, "level", "ratio");
	struct tach_histogram h = tach_publish_histogram(p, "rtt", "seconds");
	struct tach_writer *w = tach_publish_writer(p, "main");

	tach_add(w, c, 1);
	tach_set(p, g, 0.5);
	tach_record(w, h, 1000);
	tach_publish_writer_done(p, w);
	tach_publish_close(p);
	return p == NULL || c.cell == 0 || g.cell == 0 || h.cell == 0;
}
END
cp "$work/all.c" "$work/all.cc"

for compiler in cc clang; do
	if ! command -v "$compiler" >"$work/log"; then
		echo "# skip: no $compiler here"
		report 0 "$compiler # SKIP"
		continue
	fi
	compiles "$compiler" -std=c99 -pedantic
	report $? "$compiler, strict C99"
	compiles "$compiler" -std=c17 -D_GNU_SOURCE -O2
	report $? "$compiler, C17 with everything declared"
done
ending=cc
for compiler in c++ clang++; do
	if ! command -v "$compiler" >"$work/log"; then
		echo "# skip: no $compiler here"
		report 0 "$compiler # SKIP"
		continue
	fi
	compiles "$compiler" -std=c++11 -pedantic
	report $? "$compiler, C++11"
	compiles "$compiler" -std=c++20 -pedantic
	report $? "$compiler, C++20"
done

cc -Wall -Wextra -Werror -Iinclude -o "$work/publish" examples/publish.c
report $? "the example builds"
"$build/tach" stat -i 200ms -N 5 --json -- "$work/publish" 5 >"$work/json" 2>"$work/log"
grep -q '"app.ops":{"total":[1-9]' "$work/json" && grep -q '"app.length":[1-9]' "$work/json" &&
	grep -q '"app.sort_seconds":{"count":[1-9]' "$work/json"
report $? "and tach sees its counter, gauge and histogram"
echo "1..$n"
