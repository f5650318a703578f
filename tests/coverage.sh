#!/bin/sh
# A table of the lines that the tests reach, room by room, from what a coverage build left behind.
#   tests/coverage.sh BUILD
set -u
find "$1/src" -name '*.gcda' | sort | while read -r data; do
	gcov -n -r -o "${data%/*}" "$data" 2>/dev/null
done | awk '
	/^File / { file = substr($2, 2, length($2) - 2) }
	/^Lines executed:/ && file ~ /^src\/.*\.c$/ {
		split($0, part, /[:% ]+/)
		lines[file] = part[5]
		reached[file] = part[3] * part[5] / 100
	}
	END {
		for (file in lines) {
			room = file
			sub(/^src\//, "", room)
			if (!sub(/\/[^\/]*$/, "", room))
				room = "main"
			total[room] += lines[file]
			hit[room] += reached[file]
			all += lines[file]
			got += reached[file]
		}
		for (room in total)
			printf "%-16s %6d lines %6.1f %%\n", room, total[room], 100 * hit[room] / total[room] | "sort"
		close("sort")
		printf "%-16s %6d lines %6.1f %%\n", "all", all, all ? 100 * got / all : 0
	}'
