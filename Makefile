# confab. `make` builds, without network and without root; `make run` and
# `make test` first install the Debian packages that are missing (README.md).

ifeq ($(origin CC),default)
CC := gcc
endif
VERSION := 0.1.0
PREFIX ?= /usr/local
DESTDIR ?=
SYSCONFDIR ?= /etc

# SAN=address,undefined or SAN=thread builds with sanitizers, in a folder of its
# own.
SAN ?=
comma := ,
B ?= build$(if $(SAN),/san-$(subst $(comma),-,$(SAN)))

PACKAGES := libevent_core libevent_extra libevent_openssl libwebsockets sqlite3 jansson \
	libconfuse libbsd-overlay openssl libcurl
NEEDS_NONE := clean deb deps fresh packages rpm run test
ifneq ($(filter-out $(NEEDS_NONE),$(or $(MAKECMDGOALS),all)),)
# nng has nothing to show to pkg-config.
ifneq ($(shell pkg-config --exists $(PACKAGES) && \
	$(CC) -E -include nng/nng.h -x c /dev/null >/dev/null 2>&1 && \
	echo yes),yes)
$(error Libraries are missing: run `make deps`, or see README.md)
endif
PACKAGE_FLAGS := $(shell pkg-config --cflags $(PACKAGES) | \
	sed 's/-I/-isystem /g')
PACKAGE_LIBS := $(shell pkg-config --libs $(PACKAGES)) -lnng
endif

CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wvla -Wformat=2 -Werror
C_FLAGS = -std=c11 -D_GNU_SOURCE -DCONFAB_VERSION='"$(VERSION)"' -I. \
	$(WARNINGS) -pthread -fno-omit-frame-pointer $(CFLAGS) $(PACKAGE_FLAGS) \
	$(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all)
L_FLAGS = $(LDFLAGS) -pthread $(if $(SAN),-fsanitize=$(SAN))
LIBS = $(PACKAGE_LIBS) -lm

SHARED_SRC := $(wildcard shared/*.c)
WORKER_SRC := $(wildcard worker/*.c worker/*/*.c worker/*/*/*.c)
MASTER_SRC := $(wildcard master/*.c)
CTL_SRC := $(wildcard master/ctl/*.c)
UNIT_SRC := $(wildcard tests/unit/test_*.c)
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)

objects = $(patsubst %.c,$B/obj/%.o,$1)
UNIT_BIN := $(patsubst tests/unit/%.c,$B/unit/%,$(UNIT_SRC))
REPLAY_BIN := $(patsubst tests/fuzz/fuzz_%.c,$B/replay/%,$(FUZZ_SRC))

.PHONY: all
all: $B/confabd $B/confabctl

$B/confabd: $(call objects,$(SHARED_SRC) $(WORKER_SRC) $(MASTER_SRC))
	$(CC) $(L_FLAGS) -o $@ $^ $(LIBS)

$B/confabctl: $(call objects,$(SHARED_SRC) $(CTL_SRC))
	$(CC) $(L_FLAGS) -o $@ $^ $(LIBS)

$B/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(C_FLAGS) -MMD -MP -c -o $@ $<

# Unit tests and fuzzers link all parts but the two main programs.
PARTS_SRC := $(SHARED_SRC) $(WORKER_SRC) \
	$(filter-out master/main.c,$(MASTER_SRC)) \
	$(filter-out master/ctl/confabctl.c,$(CTL_SRC))

$B/libconfab.a: $(call objects,$(PARTS_SRC))
	@rm -f $@
	ar rcs $@ $^

$B/unit/%: $B/obj/tests/unit/%.o $B/libconfab.a
	@mkdir -p $(@D)
	$(CC) $(L_FLAGS) -o $@ $^ $(LIBS) -lcmocka

$B/replay/%: $B/obj/tests/fuzz/fuzz_%.o $B/obj/tests/fuzz/replay_main.o \
		$B/libconfab.a
	@mkdir -p $(@D)
	$(CC) $(L_FLAGS) -o $@ $^ $(LIBS)

$B/ring_torture: $B/obj/tests/torture/ring_torture.o $B/libconfab.a
	$(CC) $(L_FLAGS) -o $@ $^ $(LIBS)

$B/repair_torture: $B/obj/tests/torture/repair_torture.o $B/libconfab.a
	$(CC) $(L_FLAGS) -o $@ $^ $(LIBS)

$B/man_options: $B/obj/packaging/man/options.o $B/libconfab.a
	$(CC) $(L_FLAGS) -o $@ $^ $(LIBS)

.SECONDARY:
.DELETE_ON_ERROR:

# --- people -----------------------------------------------------------------

.PHONY: deps run install clean
deps:
	packaging/deps build

run: deps
	$(MAKE) all
	exec $B/confabd --dev -f

# The installed configuration names the directories that belong to PREFIX.
SHARE := $(PREFIX)/share/confab
MAN := $(PREFIX)/share/man
COMPLETIONS := $(PREFIX)/share/bash-completion/completions
UNITS := $(PREFIX)/lib/systemd/system
INSTALLED_CONF := $(DESTDIR)$(SYSCONFDIR)/confab/confab.conf

# What confab.conf(5) says about options is made from their tables.
.PHONY: manual
MANUAL := packaging/man/confab.conf.5
manual: $B/man_options
	$B/man_options $(MANUAL) > $B/confab.conf.5
	cp $B/confab.conf.5 $(MANUAL)

install: all
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/bin \
		$(DESTDIR)$(SHARE)/sql/search $(dir $(INSTALLED_CONF)) \
		$(DESTDIR)$(MAN)/man1 $(DESTDIR)$(MAN)/man5 \
		$(DESTDIR)$(MAN)/man7 $(DESTDIR)$(MAN)/man8 \
		$(DESTDIR)$(COMPLETIONS) $(DESTDIR)$(UNITS)
	install $B/confabd $(DESTDIR)$(PREFIX)/sbin/
	install $B/confabctl $(DESTDIR)$(PREFIX)/bin/
	sed 's|/usr/share/confab|$(SHARE)|' packaging/bin/confab-push | \
		install /dev/stdin $(DESTDIR)$(PREFIX)/bin/confab-push
	find web -type f ! -name README.md ! -name package.json -exec \
		install -D -m 644 '{}' '$(DESTDIR)$(SHARE)/{}' ';'
	install -m 644 sql/*.sql $(DESTDIR)$(SHARE)/sql/
	install -m 644 sql/search/*.sql $(DESTDIR)$(SHARE)/sql/search/
	install -m 644 packaging/man/*.1 $(DESTDIR)$(MAN)/man1/
	install -m 644 packaging/man/*.5 $(DESTDIR)$(MAN)/man5/
	install -m 644 packaging/man/*.7 $(DESTDIR)$(MAN)/man7/
	install -m 644 packaging/man/*.8 $(DESTDIR)$(MAN)/man8/
	install -m 644 packaging/completion/confabctl $(DESTDIR)$(COMPLETIONS)/
	sed 's|/usr/\(s*bin\)/|$(PREFIX)/\1/|' packaging/systemd/confab.service | \
		install -m 644 /dev/stdin $(DESTDIR)$(UNITS)/confab.service
	test -e $(INSTALLED_CONF) || \
		sed 's|^# \(...\)_dir = "/usr/share/confab/|\1_dir = "$(SHARE)/|' \
		conf/confab.conf | install -m 644 /dev/stdin $(INSTALLED_CONF)

# Packages, which are left in build/.
.PHONY: deb rpm
deb:
	packaging/deps package
	packaging/deb/build $B

rpm:
	packaging/deps package
	packaging/rpm/build $B

clean:
	rm -rf build

# --- tests ------------------------------------------------------------------

# In order of depth: the first failure is the most basic one.
.PHONY: test check unit replay lint model integration torture-short browser
test:
	packaging/deps test
	$(MAKE) check

# What is compiled, is compiled on all cores.
CORES := -j$(shell nproc)
check:
	$(MAKE) $(CORES) all
	$(MAKE) lint
	$(MAKE) $(CORES) unit
	$(MAKE) $(CORES) unit replay SAN=address,undefined
	$(MAKE) model
	$(MAKE) integration
	$(MAKE) torture-short
	$(MAKE) browser

unit: $(UNIT_BIN)
	@set -e; for t in $(UNIT_BIN); do echo "== $$t"; $$t; done

# Every fuzzer's corpus, through the parser it belongs to.
replay: $(REPLAY_BIN)
	@set -e; for r in $(REPLAY_BIN); do \
		echo "== $$r"; $$r tests/fuzz/corpus/$$(basename $$r); done

lint: $B/man_options
	tests/lint/run
	$B/man_options $(MANUAL) | diff -u $(MANUAL) -

model:
	tests/model/run

integration: all
	CONFABD=$(abspath $B/confabd) tests/integration/run

torture-short: all $B/ring_torture $B/repair_torture
	$B/ring_torture 5
	$B/repair_torture 50000
	CC="$(CC)" L_FLAGS="$(L_FLAGS)" tests/torture/repair_faults $B
	tests/torture/cluster_faults
	CONFABD=$(abspath $B/confabd) tests/torture/run 8
	CONFABD=$(abspath $B/confabd) TORTURE=cluster tests/torture/run 8

browser: all
	CONFABD=$(abspath $B/confabd) tests/browser/run

# --- longer ones ------------------------------------------------------------

.PHONY: torture fuzz bench sanitize packages releases
packages:
	packaging/deps packages
	tests/packages/run

# The README's two commands on a Debian that has just been made; for the night.
.PHONY: fresh
fresh:
	packaging/deps fresh
	tests/fresh.sh

torture: all $B/ring_torture $B/repair_torture
	$B/ring_torture 60
	$B/repair_torture 2000000 $$(date +%s)
	CC="$(CC)" L_FLAGS="$(L_FLAGS)" tests/torture/repair_faults $B
	CONFABD=$(abspath $B/confabd) tests/torture/run 60
	CONFABD=$(abspath $B/confabd) TORTURE=http tests/torture/run 60
	CC="$(CC)" L_FLAGS="$(L_FLAGS)" LIBS="$(LIBS)" OBJECTS="$(call \
		objects,$(SHARED_SRC) $(WORKER_SRC) $(MASTER_SRC))" \
		tests/torture/cluster_faults $B
	CONFABD=$(abspath $B/confabd) TORTURE=cluster tests/torture/run 300
	CONFABD=$(abspath $B/confabd) TORTURE=cluster tests/torture/run 60 \
		$$(date +%s) 5

# From two older commits to this one, in place.
releases: all
	CONFABD=$(abspath $B/confabd) CC="$(CC)" tests/releases/run

fuzz:
	tests/fuzz/run

bench: all
	CONFABD=$(abspath $B/confabd) tests/bench/run
	CONFABD=$(abspath $B/confabd) BENCH=cluster tests/bench/run

sanitize:
	$(MAKE) integration torture-short SAN=address,undefined
	$(MAKE) unit SAN=thread

-include $(shell find $B/obj -name '*.d' 2>/dev/null)
