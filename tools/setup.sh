#!/bin/sh
# Installs the Debian packages that are missing for what its arguments name, and says so. Root, or a user with sudo;
# with neither it names the packages in one line and stops. Nothing missing: does nothing, says nothing.
#   tools/setup.sh build|test|tidy|fuzz|bench|kernels ...
set -u

build='gcc libc6-dev make pkg-config libncurses-dev libinih-dev libproc2-dev libpfm4-dev libsodium-dev
	libbpf-dev clang bpftool libdw-dev libiberty-dev'
# redis-tools holds the server's program too; the package redis-server would only add a service that keeps running.
test='g++ libcmocka-dev libvterm-dev redis-tools iperf3 nginx wrk mandoc linux-perf strace procps iproute2 util-linux'
tidy='clang clang-tidy clang-format'
fuzz='clang libclang-rt-dev'
bench='htop procps'
kernels='qemu-system-x86 busybox-static xz-utils debian-archive-keyring'

wanted=
for group in "$@"; do
	case $group in
	build) wanted="$wanted $build" ;;
	test) wanted="$wanted $test" ;;
	tidy) wanted="$wanted $tidy" ;;
	fuzz) wanted="$wanted $fuzz" ;;
	bench) wanted="$wanted $bench" ;;
	kernels) wanted="$wanted $kernels" ;;
	*)
		echo "setup: no such group: $group (build, test, tidy, fuzz, bench, kernels)" >&2
		exit 2
		;;
	esac
done

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
	echo "setup: no apt here, so nothing was looked for; needed are the likes of:$wanted" >&2
	exit 0
fi

installed() {
	case $(dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null) in
	?i*) return 0 ;;
	esac
	# pkg-config may come from pkgconf, a compiler from anywhere, its runtime from the package of its version.
	case $1 in
	gcc) command -v cc ;;
	g++) command -v c++ ;;
	libclang-rt-dev) [ -e "$(clang -print-file-name="libclang_rt.fuzzer-$(uname -m).a")" ] ;;
	pkg-config | make | clang | clang-tidy | clang-format | bpftool | nginx) PATH=$PATH:/usr/sbin command -v "$1" ;;
	*) false ;;
	esac >/dev/null 2>&1
}

missing=
for package in $wanted; do
	installed "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" != 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "setup: missing, and neither root nor sudo to install them: apt-get install$missing" >&2
		exit 1
	fi
	as_root=sudo
	[ -t 0 ] || as_root='sudo -n'
fi

log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT

# A test needs the program nginx; its package also starts a service, now and at every boot.
stop_services() {
	case " $missing " in
	*" nginx "*) $as_root sh -c 'invoke-rc.d nginx stop; update-rc.d nginx disable' >/dev/null 2>&1 ;;
	esac
}

apt() {
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y "$@" </dev/null >"$log" 2>&1
}

# shellcheck disable=SC2086
install_missing() {
	apt install --no-install-recommends $missing
}

echo "setup: installing$missing"
# Lists that are missing or too old fail the first time; updating them is the cure for both.
if ! install_missing && ! { apt update && install_missing; }; then
	tail -n 5 "$log" >&2
	echo "setup: could not install${as_root:+ (as $(id -un), by sudo)}; do it by hand: apt-get install$missing" >&2
	exit 1
fi
stop_services
exit 0
