# Compares what guest.sh printed with a column of expected.txt, in TAP. -v kernel=X.Y -v first=N (number of the first test).
function number_after(text, start) {
	return substr(text, start) + 0
}
# The metric's number at this tick, whatever its kind: counters are totals, histograms counts of one tick.
function take(name, line,    key, at) {
	key = "\"" name "\":"
	if (!(at = index(line, key)))
		return
	at += length(key)
	if (substr(line, at, 9) == "{\"total\":" && substr(line, at + 9, 4) != "null")
		value[name] = number_after(line, at + 9)
	else if (substr(line, at, 9) == "{\"count\":" && substr(line, at + 9, 4) != "null")
		value[name] += number_after(line, at + 9)
	else if (substr(line, at) ~ /^[-0-9]/)
		value[name] = number_after(line, at)
}
function take_reason(name, line,    key, at, text) {
	sub(/.*"absent":\{/, "", line)
	key = "\"" name "\":\""
	if ((at = index(line, key))) {
		text = substr(line, at + length(key))
		sub(/".*/, "", text)
		reason[name] = text
	}
}
function tell(good, what, detail) {
	print (good ? "ok " : "not ok ") first++ " - " kernel " " what
	if (!good)
		print "# " detail
}
function skip(what, why) {
	print "ok " first++ " - " kernel " " what " # SKIP"
	print "# skip: " kernel " " what ": " why
}
function off(a, b) {
	return b ? 100 * (a > b ? a - b : b - a) / b : a ? 100 : 0
}
function compare_metric(name, want,    got) {
	got = name in value ? value[name] : name in reason ? "unknown: " reason[name] : "nothing, and no reason why"
	if (want == "-")
		tell(!(name in value) && name in reason, name " is not to be had", "it has " got)
	else if (want == "none")
		tell(!(name in value) && !(name in reason), name " is not listed", got)
	else if (want == "any")
		tell(name in value, name " is known", got)
	else if (want == "some")
		tell(name in value && value[name] > 0, name " counts", got)
	else if (!(name in truth))
		skip(name, "the work did not do that here")
	else
		tell(name in value && off(value[name], truth[name]) <= want + 0, name " = " truth[name] " within " want,
			"tach has " got)
}
FILENAME == ARGV[1] && $1 == "kind" {
	for (i = 3; i <= NF; i++)
		if ($i == kernel)
			column = i
}
FILENAME == ARGV[1] {
	if (column && NF >= column && ($1 == "metric" || $1 == "state")) {
		row[++rows] = $1 " " $2 " " $column
		metric[$2] = $1 == "metric"
	}
	next
}
$1 == "truth" { truth[$2] = $3 }
$1 == "status" { status = $2 }
/^\{"name": "/ {
	name = state = $0
	gsub(/^\{"name": "|".*/, "", name)
	gsub(/.*"state": "|".*/, "", state)
	gsub(/ /, "_", state)
	said[name] = state
}
/^\{"(tach|t)":/ {
	for (name in metric)
		if (metric[name]) {
			if ($0 ~ /^\{"t":/)
				take(name, $0)
			if ($0 ~ /"absent":/)
				take_reason(name, $0)
		}
}
END {
	if (!column)
		exit
	tell(status == "0", "tach ran to the end", "status " (status == "" ? "unknown: the results end early" : status))
	for (i = 1; i <= rows; i++) {
		split(row[i], r, " ")
		if (r[1] == "metric")
			compare_metric(r[2], r[3])
		else
			tell(said[r[2]] == r[3], r[2] " is " r[3], "it is " (r[2] in said ? said[r[2]] : "not listed"))
	}
}
