# confab: see README.md. `make` builds without network and without root.

CC ?= gcc
PREFIX ?= /usr/local
DESTDIR ?=
SAN ?=
B ?= build$(if $(SAN),/san-$(subst $(comma),-,$(SAN)))
comma := ,

VERSION := 0.1.0
PKGS := libevent_core libevent_extra libwebsockets sqlite3 jansson libconfuse libbsd-overlay openssl libuv

CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wvla -Wformat=2 -Werror
C_FLAGS = -std=c11 -D_GNU_SOURCE -DCONFAB_VERSION='"$(VERSION)"' -I. $(WARNINGS) -pthread -fno-omit-frame-pointer \
	$(CFLAGS) $(shell pkg-config --cflags $(PKGS) | sed 's/-I/-isystem /g') \
	$(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all)
L_FLAGS = $(LDFLAGS) -pthread -rdynamic $(if $(SAN),-fsanitize=$(SAN))
LIBS = $(shell pkg-config --libs $(PKGS)) -lm

SHARED_SRC := $(wildcard shared/*.c)
WORKER_SRC := $(wildcard worker/*.c worker/*/*.c worker/*/*/*.c)
MASTER_SRC := $(wildcard master/*.c)
CTL_SRC := $(wildcard master/ctl/*.c)
UNIT_SRC := $(wildcard tests/unit/test_*.c)
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)

obj = $(patsubst %.c,$B/obj/%.o,$1)
UNIT_BIN := $(patsubst tests/unit/%.c,$B/unit/%,$(UNIT_SRC))
FUZZ_BIN := $(patsubst tests/fuzz/%.c,$B/fuzz/%,$(FUZZ_SRC))

.PHONY: all
all: $B/confabd $B/confabctl

$B/confabd: $(call obj,$(SHARED_SRC) $(WORKER_SRC) $(MASTER_SRC))
	$(CC) $(L_FLAGS) -o $@ $^ $(LIBS)

$B/confabctl: $(call obj,$(SHARED_SRC) $(CTL_SRC))
	$(CC) $(L_FLAGS) -o $@ $^ $(LIBS)

$B/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(C_FLAGS) -MMD -MP -c -o $@ $<

# A unit test links all of shared/ and worker/ and none of the mains.
$B/libconfab.a: $(call obj,$(SHARED_SRC) $(WORKER_SRC))
	@rm -f $@
	ar rcs $@ $^

$B/unit/%: $B/obj/tests/unit/%.o $B/libconfab.a
	@mkdir -p $(@D)
	$(CC) $(L_FLAGS) -o $@ $^ $(LIBS) -lcmocka

.PHONY: unit
unit: $(UNIT_BIN)
	@set -e; for t in $(UNIT_BIN); do echo "== $$t"; $$t; done

.PHONY: clean
clean:
	rm -rf build

-include $(shell find $B/obj -name '*.d' 2>/dev/null)
