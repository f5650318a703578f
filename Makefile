# tach: see README.md. `make`, `make check`, `make demo`; no configure step, everything built lies under build/.
VERSION := 0.1.0
CC ?= cc
BUILD ?= build
PREFIX ?= /usr/local
V ?= 0
Q := $(if $(filter 1,$(V)),,@)

# Libraries. ncursesw and inih are needed; without one of the others tach builds and says in a row what is missing.
PKG_CONFIG ?= pkg-config
have = $(shell $(PKG_CONFIG) --exists $(1) 2>/dev/null && echo 1)
have_header = $(shell printf '\#include <$(1)>\n' | $(CC) -E -x c - >/dev/null 2>&1 && echo 1)
LIB_CFLAGS := $(shell $(PKG_CONFIG) --cflags ncursesw inih 2>/dev/null)
LIB_LIBS := $(or $(shell $(PKG_CONFIG) --libs ncursesw inih 2>/dev/null),-lncursesw -ltinfo -linih)
ifeq ($(call have,libproc2),1)
LIB_CFLAGS += -DHAVE_LIBPROC2 $(shell $(PKG_CONFIG) --cflags libproc2)
LIB_LIBS += $(shell $(PKG_CONFIG) --libs libproc2)
endif
ifeq ($(call have_header,perfmon/pfmlib_perf_event.h),1) # Debian's libpfm4-dev has no .pc file
LIB_CFLAGS += -DHAVE_LIBPFM
LIB_LIBS += -lpfm
endif
ifeq ($(call have,libsodium),1)
LIB_CFLAGS += -DHAVE_LIBSODIUM $(shell $(PKG_CONFIG) --cflags libsodium)
LIB_LIBS += $(shell $(PKG_CONFIG) --libs libsodium)
endif

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings \
	-Wundef -Wformat=2 -Wvla -Wno-sign-conversion
OPT ?= -O2 -g
CFLAGS ?= $(OPT)
override CFLAGS += -std=c17 -D_GNU_SOURCE -pthread -fno-strict-overflow $(WARN) -DTACH_VERSION='"$(VERSION)"' \
	-DTACH_PREFIX='"$(PREFIX)"' -Iinclude -Isrc -I$(BUILD)/gen $(LIB_CFLAGS)
LIBS := $(LIB_LIBS) -lm -pthread

SOURCES := $(sort $(shell find src -name '*.c'))
OBJECTS := $(SOURCES:%.c=$(BUILD)/%.o)
MAIN := $(BUILD)/src/main.o
TESTS := $(sort $(shell find tests -name 'test_*.c' 2>/dev/null))
TEST_BINS := $(TESTS:%.c=$(BUILD)/%)
TEST_LIBS := -lcmocka $(shell $(PKG_CONFIG) --libs vterm 2>/dev/null)
TEST_HELP := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/lib/*.c))

all: $(BUILD)/tach

$(BUILD)/tach: $(MAIN) $(BUILD)/libtach.a
	@echo "  LINK  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/libtach.a: $(filter-out $(MAIN),$(OBJECTS))
	$(Q)rm -f $@ && ar rcs $@ $^

$(BUILD)/%.o: %.c
	@echo "  CC    $<"
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

# Text files that are part of the program: config, keys and theme defaults.
$(BUILD)/gen/%.inc: %
	@mkdir -p $(@D)
	$(Q)sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$$/\\n"/' $< > $@

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(TEST_HELP) $(BUILD)/libtach.a
	@echo "  LINK  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(TEST_LIBS) $(LIBS)

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all clean

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
