#!/bin/sh
# On the kernel under test: what tach says that it can, what it counted of the work, and what the work itself counted.
#   guest.sh TACH WORK [BLOCK_DEVICE]
set -u
tach=$1 work=$2
shift 2
truth=/tmp/tach-kernels-truth.$$
echo "kernel $(uname -r)"
"$tach" list sources --json
"$tach" stat -i 500ms --json -- "$work" "$truth" "$@"
echo "status $?"
cat "$truth"
rm -f "$truth"
