#!/bin/sh
# Runs test programs one after the other and sums up what they say in TAP; cmocka speaks it, scripts do too.
# Prints failures and the reasons of skipped tests (lines "# skip: REASON"); with V=1 everything. The last line is
# "N passed, N failed, N skipped", the status 1 when one failed. A program that hangs is ended after LIMIT seconds.
#   tests/run.sh PROGRAM...
set -u
limit=${LIMIT:-120}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
: >"$work/sums"

for program in "$@"; do
	CMOCKA_MESSAGE_OUTPUT=tap timeout -k 5 "$limit" "$program" >"$work/out" 2>&1 </dev/null
	status=$?
	awk -v program="$program" -v status="$status" -v limit="$limit" -v loud="${V:-0}" -v sums="$work/sums" '
	{ line[NR] = $0 }
	/^1\.\.[0-9]+$/ { plan += substr($0, 4) }
	/^(not )?ok [0-9]+.*# SKIP/ { skipped++; seen++; next }
	/^not ok [0-9]+/ { failed++; seen++; next }
	/^ok [0-9]+/ { passed++; seen++; next }
	/^# skip: / { reason[++reasons] = substr($0, 9) }
	END {
		if (plan > seen) {
			why = plan - seen " of " plan " tests did not report"
			failed += plan - seen
		}
		if (status == 124 || status == 137)
			why = "ended after " limit " s"
		else if (status != 0 && !failed)
			why = "ended with status " status
		else if (!seen)
			why = "reported no test"
		if (why != "" && !failed)
			failed++
		if (failed || loud == "1")
			for (i = 1; i <= NR; i++)
				if (loud == "1" || line[i] !~ /^ok /)
					print "  " line[i]
		for (i = 1; i <= reasons; i++)
			print "skip " program ": " reason[i]
		if (failed)
			print "FAIL " program ": " failed + 0 " failed" (why != "" ? " (" why ")" : "")
		print passed + 0, failed + 0, skipped + 0 >> sums
	}' "$work/out"
done

awk '{ p += $1; f += $2; s += $3 }
	END { printf "%d passed, %d failed, %d skipped\n", p, f, s; exit f > 0 }' "$work/sums"
