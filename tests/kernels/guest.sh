#!/bin/sh
# On the kernel under test: what tach says that it can, what it counted of the work, and what the work itself counted.
# Its log goes to stderr.
#   guest.sh TACH WORK [BLOCK_DEVICE]
set -u
tach=$1 work=$2
shift 2
truth=/tmp/tach-kernels-truth.$$
log=/tmp/tach-kernels-log.$$
echo "kernel $(uname -r)"
"$tach" list sources --json
"$tach" stat -i 500ms --json --log "$log" --latency syscall --fn send_message --force -- "$work" "$truth" "$@"
echo "status $?"
cat "$truth"
cat "$log" >&2
rm -f "$truth" "$log"
