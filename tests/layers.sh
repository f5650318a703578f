#!/bin/sh
# The walls between the rooms: reads every #include below src/ and include/ and fails on one that the table does not
# allow. A room may always include itself.
#   tests/layers.sh [ROOT]
cd "${1:-$(dirname "$0")/..}" || exit 2

# shellcheck disable=SC2046
awk '
BEGIN {
	# Who may include whom; "source" is src/source/ itself, "source/*" each folder below it.
	may["base"] = ""
	may["model"] = "base"
	may["target"] = "base model"
	may["doctor"] = "base model"
	may["config"] = "base model"
	may["source"] = "base model target source/* symbol"
	may["source/*"] = "base model target source tach symbol"
	may["symbol"] = "base"
	may["workload"] = "base tach"
	may["tach"] = ""
	may["export"] = "base model"
	may["runs"] = "base model"
	may["ui"] = "base model config"
	may["session"] = "base model target source config"
	may["cmd"] = "*"
	may["main.c"] = "cmd"
	single["model"] = "tach/histogram.h" # the one file of include/tach that the model may use

	# Libraries and the only places that may include them: a room, a folder or a file.
	library["curses.h"] = library["ncurses.h"] = library["term.h"] = "src/ui/term.c"
	library["ncursesw/"] = library["panel.h"] = "src/ui/term.c"
	library["ini.h"] = "src/config/"
	library["perfmon/"] = "src/source/perf/"
	library["libproc2/"] = "src/source/proc/ src/target/"
	library["sqlite3.h"] = "src/runs/"
	library["sodium.h"] = library["sodium/"] = "src/workload/"
	library["bpf/"] = "src/source/bpf/"
	library["elfutils/"] = library["libelf.h"] = library["gelf.h"] = library["dwarf.h"] = library["libiberty/"] = "src/symbol/"
	library["cmocka.h"] = library["vterm.h"] = "tests/"
}
function room_of(path,    part, n) {
	if (path ~ /^(include\/)?tach\//)
		return "tach"
	sub(/^src\//, "", path)
	n = split(path, part, "/")
	if (part[1] == "source" && n > 2)
		return "source/" part[2]
	return part[1]
}
function has(list, word,    part, n, i) {
	n = split(list, part, " ")
	for (i = 1; i <= n; i++)
		if (part[i] == word || part[i] == "*")
			return 1
	return 0
}
function allowed(room, other, header) {
	if (room == other || header == single[room])
		return 1
	sub(/^source\/.*/, "source/*", room)
	sub(/^source\/.*/, "source/*", other)
	return has(may[room], other)
}
function broken(what) {
	print FILENAME ":" FNR ": " what
	bad = 1
}
function check_library(header,    key, part, n, i) {
	key = header
	if (!(key in library))
		sub(/\/.*/, "/", key)
	if (!(key in library))
		return
	n = split(library[key], part, " ")
	for (i = 1; i <= n; i++)
		if (index(FILENAME, part[i]) == 1)
			return
	broken("<" header "> belongs in " library[key] " only")
}
FNR == 1 {
	files++
	room = room_of(FILENAME)
	base = room
	sub(/^source\/.*/, "source/*", base)
	if (!(base in may))
		broken("the room " room " is not in the table of tests/layers.sh")
}
/^[ \t]*#[ \t]*include[ \t]*[<"]/ {
	header = $0
	sub(/^[^<"]*[<"]/, "", header)
	sub(/[>"].*/, "", header)
	if (header ~ /^\.\.?\// || header ~ /\/\.\.\//)
		broken("\"" header "\": a path from src/ on, please")
	else if (header ~ /\.inc$/ || ($0 ~ /"/ && header !~ /\//)) # generated text; a neighbour in the same folder
		next
	else if ($0 ~ /"/ || header ~ /^tach\//) {
		if (!allowed(room, room_of(header), header))
			broken(room " may not include " header)
	} else
		check_library(header)
}
END {
	if (!files) {
		print "no sources below " ENVIRON["PWD"]
		bad = 1
	}
	exit bad
}' /dev/null $(find src include -name '*.[ch]' 2>/dev/null | sort)
