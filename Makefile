# tach: see README.md. `make demo` sets up, builds and shows it; `make check` sets up and runs every test.
# No configure step; everything built lies under build/. The switches:
#   V=1 shows commands   WERROR=1 makes warnings errors   CC=clang   OPT='-O2 -g' or CFLAGS=...   PREFIX= DESTDIR=
#   NO="libproc2 libpfm libsodium libbpf libdw libiberty" builds as if these libraries were not there
VERSION := 0.1.0
CC ?= cc
BUILD ?= build
PREFIX ?= /usr/local
V ?= 0
Q := $(if $(filter 1,$(V)),,@)
SAY := @$(if $(or $(filter 1,$(V)),$(findstring s,$(firstword -$(MAKEFLAGS)))),:,echo)

# Libraries. ncursesw and inih are needed; without one of the others tach builds and says in a row what is missing.
PKG_CONFIG ?= pkg-config
have = $(if $(filter $(1),$(NO)),,$(shell $(PKG_CONFIG) --exists $(1) 2>/dev/null && echo 1))
have_header = $(shell printf '\#include <$(1)>\n' | $(CC) -E -x c - >/dev/null 2>&1 && echo 1)
LIB_CFLAGS := $(shell $(PKG_CONFIG) --cflags ncursesw inih 2>/dev/null)
LIB_LIBS := $(or $(shell $(PKG_CONFIG) --libs ncursesw inih 2>/dev/null),-lncursesw -ltinfo -linih)
ifeq ($(call have,libproc2),1)
LIB_CFLAGS += -DHAVE_LIBPROC2 $(shell $(PKG_CONFIG) --cflags libproc2)
LIB_LIBS += $(shell $(PKG_CONFIG) --libs libproc2)
endif
ifeq ($(if $(filter libpfm,$(NO)),,$(call have_header,perfmon/pfmlib_perf_event.h)),1) # Debian has no .pc file for it
LIB_CFLAGS += -DHAVE_LIBPFM
LIB_LIBS += -ldl # loaded when a name is looked up
endif
ifeq ($(call have,libsodium),1)
LIB_CFLAGS += -DHAVE_LIBSODIUM $(shell $(PKG_CONFIG) --cflags libsodium)
LIB_LIBS += $(shell $(PKG_CONFIG) --libs libsodium)
endif
ifeq ($(call have,libdw),1)
LIB_CFLAGS += -DHAVE_LIBDW $(shell $(PKG_CONFIG) --cflags libdw)
LIB_LIBS += $(shell $(PKG_CONFIG) --libs libdw) -lelf
endif
ifeq ($(if $(filter libiberty,$(NO)),,$(call have_header,libiberty/demangle.h)),1) # no .pc file, and static only
LIB_CFLAGS += -DHAVE_LIBIBERTY
LIB_LIBS += -liberty
endif

# The programs for the kernel: made by clang, embedded by bpftool.
ifeq ($(and $(call have,libbpf),$(shell command -v clang),$(shell command -v bpftool || ls /usr/sbin/bpftool 2>/dev/null)),)
NO_BPF := 1
else
LIB_CFLAGS += -DHAVE_LIBBPF $(shell $(PKG_CONFIG) --cflags libbpf)
LIB_LIBS += $(shell $(PKG_CONFIG) --libs libbpf)
endif

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings \
	-Wundef -Wformat=2 -Wvla -Wno-sign-conversion $(if $(filter 1,$(WERROR)),-Werror)
OPT ?= -O2 -g
CFLAGS ?= $(OPT)
override CFLAGS += -std=c17 -D_GNU_SOURCE -pthread -fno-strict-overflow $(WARN) -DTACH_VERSION='"$(VERSION)"' \
	-DTACH_PREFIX='"$(PREFIX)"' -Iinclude -Isrc -I$(BUILD)/gen $(LIB_CFLAGS)
LIBS := $(LIB_LIBS) -lm -pthread

SOURCES := $(sort $(shell find src -name '*.c' -not -name '*.bpf.c' $(if $(NO_BPF),-not -path 'src/source/bpf/*')))
OBJECTS := $(SOURCES:%.c=$(BUILD)/%.o)
MAIN := $(BUILD)/src/main.o
TESTS := $(sort $(shell find tests -name 'test_*.c' $(if $(NO_BPF),-not -path 'tests/source/bpf/*')))
TEST_BINS := $(TESTS:%.c=$(BUILD)/%)
TEST_SCRIPTS := $(sort $(shell find tests -name 'test_*.sh'))
TEST_LIBS := -lcmocka $(shell $(PKG_CONFIG) --libs vterm 2>/dev/null)
TEST_HELP := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/lib/*.c))
FUZZERS := $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_BINS := $(FUZZERS:%=$(BUILD)/tests/fuzz/fuzz_%)
REPLAY_BINS := $(FUZZERS:%=$(BUILD)/tests/fuzz/replay_%)
SUBJECT := $(addprefix $(BUILD)/tests/e2e/,subject waits serve)
# A program with known names and calls, with frame pointers (fp) or without (nofp), and neither unwind tables (bare).
SYMBOL_SUBJECTS := $(addprefix $(BUILD)/tests/symbol/subject-,fp nofp barefp bare)
BENCH_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard tests/bench/*.c)))

all: $(BUILD)/tach

$(BUILD)/tach: $(MAIN) $(BUILD)/libtach.a
	$(SAY) "  LINK  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/libtach.a: $(filter-out $(MAIN),$(OBJECTS))
	$(Q)rm -f $@ && ar rcs $@ $^

$(BUILD)/%.o: %.c $(BUILD)/flags
	$(SAY) "  CC    $<"
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(CPPFLAGS) -MMD -MP -c -o $@ $<

# Changes when the flags do, so that another CC or PREFIX builds anew.
FLAGS = '$(subst ','\'',$(CC) $(CFLAGS) $(CPPFLAGS) $(LDFLAGS) $(LIBS))'
$(BUILD)/flags: force
	@mkdir -p $(@D)
	@echo $(FLAGS) | cmp -s - $@ || echo $(FLAGS) > $@

# A program for the kernel: an object of it, without what only debuggers read, then a header with the object inside.
BPF_ARCH := $(patsubst aarch64,arm64,$(patsubst x86_64,x86,$(shell uname -m)))
$(BUILD)/bpf/%.bpf.o: src/source/bpf/%.bpf.c
	$(SAY) "  BPF   $<"
	@mkdir -p $(@D)
	$(Q)clang -target bpf -mcpu=v2 -O2 -g -Wall -Wextra -Wno-unused-parameter -Wno-unused-function -Wno-address-of-packed-member \
		-D__TARGET_ARCH_$(BPF_ARCH) -Iinclude -Isrc -MMD -MP -c -o $@ $<

$(BUILD)/gen/%.skel.h: $(BUILD)/bpf/%.bpf.o
	@mkdir -p $(@D)
	$(Q)PATH=$$PATH:/usr/sbin bpftool gen object $(BUILD)/bpf/$*.linked.o $<
	$(Q){ echo '#pragma GCC system_header' && echo '/* NOLINTBEGIN */' && \
		PATH=$$PATH:/usr/sbin bpftool gen skeleton $(BUILD)/bpf/$*.linked.o name $*_bpf && echo '/* NOLINTEND */'; } > $@

# The system calls' numbers.
$(BUILD)/gen/calls.inc:
	@mkdir -p $(@D)
	$(Q)echo '#include <sys/syscall.h>' | $(CC) -E -dM -x c - | \
		sed -n 's/^#define __NR_\([a-z0-9_]*\) \([0-9]*\)$$/X(\1, \2)/p' | sort > $@
$(BUILD)/src/source/calls.o: $(BUILD)/gen/calls.inc

BPF_SKELETONS := $(patsubst src/source/bpf/%.bpf.c,$(BUILD)/gen/%.skel.h,$(wildcard src/source/bpf/*.bpf.c))
$(patsubst %.c,$(BUILD)/%.o,$(filter src/source/bpf/%,$(SOURCES))): | $(BPF_SKELETONS)
$(foreach skeleton,$(BPF_SKELETONS),$(eval $(BUILD)/src/source/bpf/$(patsubst %.skel.h,%,$(notdir $(skeleton))).o: $(skeleton)))

# Text files that are part of the program: config, keys and theme defaults.
$(BUILD)/gen/%.inc: %
	@mkdir -p $(@D)
	$(Q)sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$$/\\n"/' $< > $@

$(BUILD)/src/ui/keymap.o: $(BUILD)/gen/src/ui/default.keys.inc
$(BUILD)/src/ui/theme.o: $(BUILD)/gen/themes/default.theme.inc

# An archive, so that a test links only the helpers that it uses: some of it replaces what other helpers need.
$(BUILD)/libtests.a: $(TEST_HELP)
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(BUILD)/libtests.a $(BUILD)/libtach.a
	$(SAY) "  LINK  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(TEST_LIBS) $(LIBS)

$(BUILD)/tests/bench/bench: $(BENCH_OBJECTS)

$(BUILD)/tests/symbol/subject-%: tests/symbol/subject.c
	@mkdir -p $(@D)
	$(Q)$(CC) -O1 -g -fno-optimize-sibling-calls -f$(if $(findstring fp,$(subst nofp,,$*)),no-)omit-frame-pointer \
		$(if $(findstring bare,$*),-fno-asynchronous-unwind-tables -fno-unwind-tables -fno-exceptions) -o $@ $<

# A fuzzer under libFuzzer, and the same function under a fixed sequence of inputs, which `make check` runs.
$(BUILD)/tests/fuzz/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/libtach.a
	$(SAY) "  LINK  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS)

$(BUILD)/tests/fuzz/replay_%: $(BUILD)/tests/fuzz/replay.o $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/libtach.a
	$(SAY) "  LINK  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

# What follows a set-up is a make of its own, which looks for the libraries anew; it builds on all cores unless told.
again = $(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

# Which group of probes has which hooks, for the manual.
$(BUILD)/gen/hooks.inc: $(wildcard src/source/bpf/*.bpf.c)
	@mkdir -p $(@D)
	$(Q)for file in $^; do \
		group=$$(sed -n 's/^\t\.name = "\(.*\)",/\1/p' $${file%.bpf.c}.c) && \
		sed -n 's|^SEC("\([a-z_]*/*[a-z_]*\)").*|X('"$$group"', "\1")|p' $$file || exit 1; \
	done > $@
$(BUILD)/man/gen.o: $(BUILD)/gen/hooks.inc

# The tables of the manual are made from the rows of the program.
PAGES := man/tach.1 man/tachrc.5 man/tach-theme.5
$(BUILD)/man/gen: $(BUILD)/man/gen.o $(BUILD)/libtach.a
	$(SAY) "  LINK  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

docs: $(BUILD)/man/gen
	$(Q)$< write $(PAGES)

check-docs: $(BUILD)/man/gen
	$(Q)$< check $(PAGES)

demo:
	@tools/setup.sh build
	+@$(again) all
	@if [ -t 1 ]; then $(BUILD)/tach run packet-udp; else $(BUILD)/tach stat -w packet-udp -t 10s; fi

check:
	@tools/setup.sh build test
	+@$(again) check-here

# The tests with what is installed already; CHECKS narrows them.
CHECKS ?= $(TEST_BINS) $(REPLAY_BINS) $(TEST_SCRIPTS)
check-here: all $(SUBJECT) $(SYMBOL_SUBJECTS) $(BUILD)/man/gen $(filter $(BUILD)/%,$(CHECKS))
	@V=$(V) BUILD=$(BUILD) $(RUN) tests/run.sh $(CHECKS)

# Real programs under the real binary; of these the sanitizers get those that make it tick and wait.
SLOW_TESTS := $(filter-out %/test_ticks %/test_waits %/test_targets,$(filter $(BUILD)/tests/e2e/%,$(TEST_BINS)))

# The tests, and the real binary for 50 ticks, under the sanitizers. A report ends the program, so it is a failure.
asan:
	+@UBSAN_OPTIONS=print_stacktrace=1 $(again) check-here BUILD=$(BUILD)/asan \
		CHECKS="$(patsubst $(BUILD)/%,$(BUILD)/asan/%,$(filter-out $(SLOW_TESTS),$(TEST_BINS)) $(REPLAY_BINS))" \
		CFLAGS='-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined'

# What has threads; without address randomization, which some kernels spread wider than this sanitizer's memory map. It is
# blind to fences; those there are pair with the kernel's, which it does not see at all.
tsan:
	+@$(again) check-here BUILD=$(BUILD)/tsan RUN="$$(setarch -R true 2>/dev/null && echo setarch -R)" \
		CHECKS="$(patsubst $(BUILD)/%,$(BUILD)/tsan/%,$(filter %/test_ticks %/test_worker $(BUILD)/tests/session/%,$(TEST_BINS)))" \
		CFLAGS='-O1 -g -fsanitize=thread -Wno-tsan'

# clang-tidy on each file that changed since it last passed.
TIDY := $(SOURCES:%=$(BUILD)/tidy/%)
tidy:
	@tools/setup.sh build test tidy
	+@$(again) tidy-here
tidy-here: $(TIDY)
$(BUILD)/tidy/%: % .clang-tidy
	$(SAY) "  TIDY  $<"
	@mkdir -p $(@D)
	$(Q)clang-tidy --quiet $< -- $(CFLAGS) 2>$@.log || { cat $@.log; exit 1; }
	@touch $@

# Each fuzzer for FUZZ_SECONDS, from its seeds; what it finds stays in build/fuzz/NAME.
FUZZ_SECONDS ?= 20
fuzz:
	@tools/setup.sh build fuzz
	+@$(again) fuzz-here BUILD=$(BUILD)/fuzz CC=clang \
		CFLAGS='-O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined'
fuzz-here: $(FUZZ_BINS)
	@for name in $(FUZZERS); do \
		mkdir -p $(BUILD)/$$name && echo "  FUZZ  $$name" && \
		$(BUILD)/tests/fuzz/fuzz_$$name -max_total_time=$(FUZZ_SECONDS) -timeout=5 -max_len=65536 -verbosity=0 \
			-print_final_stats=1 -artifact_prefix=$(BUILD)/$$name- $(BUILD)/$$name tests/fuzz/corpus/$$name \
			2>$(BUILD)/$$name.log || { tail -n 40 $(BUILD)/$$name.log; exit 1; }; \
		grep -h -e number_of_executed_units -e average_exec_per_sec $(BUILD)/$$name.log || true; \
	done

# What tach costs, beside what others cost, in one run; PART=publish, screen, watching, symbol or probes runs only that.
bench:
	@tools/setup.sh build test bench
	+@$(again) bench-here
bench-here: all $(SUBJECT) $(SYMBOL_SUBJECTS) $(BUILD)/tests/bench/bench
	@BUILD=$(BUILD) $(BUILD)/tests/bench/bench $(PART)

# What tach can on the kernels of Debian's releases, in an emulator; KERNELS="6.1 6.12" narrows it.
check-kernels:
	@tools/setup.sh build kernels
	+@$(again) check-kernels-here
check-kernels-here: all $(BUILD)/tests/kernels/work
	@V=$(V) BUILD=$(BUILD) LIMIT=1800 KERNELS="$(KERNELS)" tests/run.sh tests/kernels/check.sh

# Lines that the tests reach, room by room.
coverage:
	@tools/setup.sh build test
	@rm -rf $(BUILD)/coverage
	+@$(again) check-here BUILD=$(BUILD)/coverage CFLAGS='-O0 -g --coverage -fprofile-update=atomic'
	@tests/coverage.sh $(BUILD)/coverage

INSTALLED = $(addprefix $(DESTDIR)$(PREFIX)/,bin/tach $(wildcard include/tach/*.h) \
	$(foreach page,$(wildcard man/*.[1-8]),share/man/man$(subst .,,$(suffix $(page)))/$(notdir $(page))) \
	$(addprefix share/tach/,$(wildcard themes/*.theme)))
install: all
	@for file in $(INSTALLED); do \
		case $$file in \
		*/bin/tach) mode=755 from=$(BUILD)/tach ;; \
		*/share/man/*) mode=644 from=man/$${file##*/} ;; \
		*.theme) mode=644 from=themes/$${file##*/} ;; \
		*) mode=644 from=include/tach/$${file##*/} ;; \
		esac; \
		install -D -m $$mode $$from $$file && echo "  INSTALL $$file" || exit 1; \
	done
	@echo "Probes in the kernel need root; for other users too, if you like:"
	@echo "  setcap cap_bpf,cap_perfmon+ep $(DESTDIR)$(PREFIX)/bin/tach"
	@echo "and to see descriptors and files of other users' programs as well (man tach, PRIVILEGES):"
	@echo "  setcap cap_bpf,cap_perfmon,cap_sys_ptrace,cap_dac_read_search+ep $(DESTDIR)$(PREFIX)/bin/tach"

uninstall:
	rm -f $(INSTALLED)
	@rmdir $(addprefix $(DESTDIR)$(PREFIX)/,include/tach share/tach/themes share/tach) 2>/dev/null || true

clean:
	rm -rf $(BUILD)

force:
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all demo check check-here asan tsan tidy tidy-here fuzz fuzz-here bench bench-here check-kernels \
	check-kernels-here coverage install uninstall docs check-docs clean force

-include $(patsubst %.skel.h,$(BUILD)/bpf/%.bpf.d,$(notdir $(BPF_SKELETONS)))
-include $(patsubst %.o,%.d,$(OBJECTS) $(TEST_BINS:%=%.o) $(TEST_HELP) $(FUZZ_BINS:%=%.o) $(BENCH_OBJECTS) \
	$(BUILD)/tests/fuzz/replay.o $(BUILD)/man/gen.o $(SUBJECT:%=%.o) $(BUILD)/tests/kernels/work.o)
