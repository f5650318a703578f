# tach: see README.md. `make demo` sets up, builds and shows it; `make check` sets up and runs every test.
# No configure step; everything built lies under build/. The switches:
#   V=1 shows commands   WERROR=1 makes warnings errors   CC=clang   OPT='-O2 -g' or CFLAGS=...   PREFIX= DESTDIR=
#   NO="libproc2 libpfm libsodium" builds as if these libraries were not there
VERSION := 0.1.0
CC ?= cc
BUILD ?= build
PREFIX ?= /usr/local
V ?= 0
Q := $(if $(filter 1,$(V)),,@)
SAY := @$(if $(filter 1,$(V)),:,echo)

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
LIB_LIBS += -lpfm
endif
ifeq ($(call have,libsodium),1)
LIB_CFLAGS += -DHAVE_LIBSODIUM $(shell $(PKG_CONFIG) --cflags libsodium)
LIB_LIBS += $(shell $(PKG_CONFIG) --libs libsodium)
endif

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings \
	-Wundef -Wformat=2 -Wvla -Wno-sign-conversion $(if $(filter 1,$(WERROR)),-Werror)
OPT ?= -O2 -g
CFLAGS ?= $(OPT)
override CFLAGS += -std=c17 -D_GNU_SOURCE -pthread -fno-strict-overflow $(WARN) -DTACH_VERSION='"$(VERSION)"' \
	-DTACH_PREFIX='"$(PREFIX)"' -Iinclude -Isrc -I$(BUILD)/gen $(LIB_CFLAGS)
LIBS := $(LIB_LIBS) -lm -pthread

SOURCES := $(sort $(shell find src -name '*.c'))
OBJECTS := $(SOURCES:%.c=$(BUILD)/%.o)
MAIN := $(BUILD)/src/main.o
TESTS := $(sort $(shell find tests -name 'test_*.c'))
TEST_BINS := $(TESTS:%.c=$(BUILD)/%)
TEST_SCRIPTS := $(sort $(shell find tests -name 'test_*.sh'))
TEST_LIBS := -lcmocka $(shell $(PKG_CONFIG) --libs vterm 2>/dev/null)
TEST_HELP := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/lib/*.c))

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

# Text files that are part of the program: config, keys and theme defaults.
$(BUILD)/gen/%.inc: %
	@mkdir -p $(@D)
	$(Q)sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$$/\\n"/' $< > $@

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(TEST_HELP) $(BUILD)/libtach.a
	$(SAY) "  LINK  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o %.a,$^) $(TEST_LIBS) $(LIBS)

# What follows a set-up is a make of its own, which looks for the libraries anew; it builds on all cores unless told.
again = $(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

demo:
	@tools/setup.sh build
	+@$(again) all
	@if [ -t 1 ]; then $(BUILD)/tach run packet-udp; else $(BUILD)/tach stat -w packet-udp -t 10s; fi

check:
	@tools/setup.sh build test
	+@$(again) check-here

# The tests with what is installed already.
check-here: tests
	@V=$(V) BUILD=$(BUILD) tests/run.sh $(TEST_BINS) $(TEST_SCRIPTS)

tests: all $(TEST_BINS)

clean:
	rm -rf $(BUILD)

force:
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all demo check check-here tests clean force

-include $(patsubst %.o,%.d,$(OBJECTS) $(TEST_BINS:%=%.o) $(TEST_HELP))
