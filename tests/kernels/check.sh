#!/bin/sh
# tach on the kernels of Debian's releases, each in an emulator, and on the one that runs here: boots it with nothing but
# tach, the work and guest.sh in memory, and compares what they print with expected.txt. Output is TAP; a kernel that
# cannot be had is skipped with the reason. `make check-kernels` is the way to run it.
#   [KERNELS='6.1 6.12'] tests/kernels/check.sh
set -u
build=$(cd "${BUILD:-build}" && pwd) || exit 1
tests=$(cd "$(dirname "$0")" && pwd)
store=$build/kernels
test_number=1
limit=300 # seconds from boot to power-off; it takes five to ten

# Version and suite.
kernels='5.10 bullseye
6.1 bookworm
6.12 bookworm-backports'

skip() { # version, reason
	echo "ok $test_number - $1 # SKIP"
	echo "# skip: $1: $2"
	test_number=$((test_number + 1))
}

# Results of guest.sh against the column of the version.
compare() { # version, results
	awk -v kernel="$1" -v first="$test_number" -f "$tests/compare.awk" "$tests/expected.txt" "$2" >"$store/tap" ||
		echo "not ok $test_number - $1 compare.awk" >"$store/tap"
	cat "$store/tap"
	test_number=$((test_number + $(grep -c -E '^(not )?ok ' "$store/tap")))
}

# A memory disk: a shell, tach and the work with their libraries, and the modules that are used.
make_disk() { # tree of the kernel package, result
	root=$store/root
	rm -rf "$root"
	mkdir -p "$root/bin" "$root/tests" "$root/proc" "$root/sys" "$root/dev" "$root/tmp" "$root/sbin"
	cp "$(command -v busybox)" "$build/tach" "$build/tests/kernels/work" "$root/bin/"
	for name in sh mount ip modprobe poweroff sync cat rm uname; do
		ln -s busybox "$root/bin/$name"
	done
	ln -s ../bin/busybox "$root/sbin/modprobe" # where the kernel looks for it
	cp "$tests/init" "$root/init"
	cp "$tests/guest.sh" "$root/tests/"
	chmod 755 "$root/init" "$root/tests/guest.sh"
	ldd "$build/tach" "$build/tests/kernels/work" | grep -o '/[^ ]*\.so[^ ]*' | sort -u | while read -r library; do
		mkdir -p "$root$(dirname "$library")" && cp -L "$library" "$root$library"
	done
	modules=lib/modules/$(ls "$1/lib/modules")
	mkdir -p "$root/$modules"
	for name in null_blk configfs inet_diag tcp_diag udp_diag; do
		find "$1/$modules" -name "$name.ko*" -exec cp {} "$root/$modules/" \;
	done
	find "$root/$modules" -name '*.xz' -exec xz -d {} \;
	busybox depmod -b "$root" "${modules##*/}"
	(cd "$root" && find . | busybox cpio -o -H newc 2>/dev/null) | gzip -1 >"$2"
}

# Plain emulation boots in seconds and works everywhere, which KVM inside of a virtual machine does not. One thread for
# both CPUs, and no cmpxchg16b: elsewise QEMU 7.2 loses races with a kernel that patches itself, and that kernel crashes.
boot() { # kernel, disk, where console and results go
	timeout -k 5 "$limit" qemu-system-x86_64 -nodefaults -no-reboot -display none -nic none -m 1024 -smp 2 \
		-accel tcg,thread=single -cpu max,-cx16 -kernel "$1" -initrd "$2" -append 'console=ttyS0 panic=-1' \
		-serial "file:$3.console" -serial "file:$3.results" >"$3.qemu" 2>&1 </dev/null
}

check_emulated() { # version, suite
	if ! why=$("$tests/fetch.sh" "$2" "$store/$1"); then
		skip "$1" "$why"
		return
	fi
	make_disk "$store/$1/tree" "$store/$1/disk"
	boot "$store/$1/vmlinuz" "$store/$1/disk" "$store/$1/last" || {
		echo "not ok $test_number - $1 runs in the emulator"
		test_number=$((test_number + 1))
		tail -n 5 "$store/$1/last.qemu" "$store/$1/last.console" | sed 's/^/# /'
	}
	[ -e "$store/$1/last.results" ] && tr -d '\r' <"$store/$1/last.results" >"$store/results" &&
		compare "$1" "$store/results"
}

check_here() { # version
	if [ "$(id -u)" != 0 ]; then
		skip "$1" "only root may load what is to be tested on the kernel that runs here"
	elif ! grep -q "^kind .* $1\( \|$\)" "$tests/expected.txt"; then
		skip "$1" "expected.txt says nothing of the kernel that runs here"
	else
		"$tests/guest.sh" "$build/tach" "$build/tests/kernels/work" >"$store/results" 2>"$store/last.log"
		compare "$1" "$store/results"
	fi
}

wanted() { # version
	case " ${KERNELS:-$1} " in
	*" $1 "*) return 0 ;;
	*) return 1 ;;
	esac
}

mkdir -p "$store" || exit 1
here=$(uname -r | cut -d . -f 1-2)
# Not through a pipe: the number of the test is counted in this shell.
while read -r version suite; do
	wanted "$version" || continue
	if [ "$(uname -m)" != x86_64 ]; then
		skip "$version" "the emulator is set up for x86-64 only"
	else
		check_emulated "$version" "$suite"
	fi
done <<END
$kernels
END
wanted "$here" && check_here "$here"
echo "1..$((test_number - 1))"
