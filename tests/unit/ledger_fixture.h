/*
 * A ledger without a process around it: worker.h is played by the test, which
 * keeps what the ledger sends; arena, index and journal are real. Slots: two
 * gateways, an api, the ledger, the historian, the relay, which does not live
 * unless a test starts it. Included by one test program
 * each, so everything is static.
 */
#ifndef TESTS_UNIT_LEDGER_FIXTURE_H
#define TESTS_UNIT_LEDGER_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/arena.h"
#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/config.h"
#include "shared/index.h"
#include "shared/letter.h"
#include "shared/log.h"
#include "shared/message.h"
#include "worker/worker.h"

#define GATEWAY_A 0
#define GATEWAY_B 1
#define API 2
#define LEDGER 3
#define HISTORIAN 4
#define RELAY 5
#define SLOTS 6
#define LETTERS_MAX 4096

struct sent {
	unsigned to;
	struct letter *letter;
};

/* What worker.h promises, as far as a ledger uses it. */
struct worker {
	struct arena *arena;
	struct config *config;
	uint32_t life;
	uint64_t now_ms;
	uint64_t overflow;
	unsigned slow_slot; /* the one it waits for */
	bool offers_are_refused;
	bool has_ended;
	uint64_t letter_end;       /* of the letter shown last */
	uint64_t positions[SLOTS]; /* of the rings to the ledger */
	uint64_t decided[SLOTS];
	uint64_t delayed; /* ever, for the slow slot */
	const struct worker_hooks *hooks;
	void *self;
	void (*script)(void); /* plays the part of the loop */
	struct sent sent[LETTERS_MAX];
	size_t sent_count, sent_read;
	struct letter *shown[LETTERS_MAX]; /* in this turn */
	size_t shown_count;
};

static struct worker fake;
static char directory[64];
static struct buffer out;

static inline void
keep(unsigned to, const struct letter *letter)
{
	must(fake.sent_count < LETTERS_MAX);
	fake.sent[fake.sent_count].to = to;
	fake.sent[fake.sent_count].letter = base_alloc(letter->size);
	memcpy(fake.sent[fake.sent_count++].letter, letter, letter->size);
}

static inline void
fixture_forget_sent(void)
{
	for (size_t i = 0; i < fake.sent_count; i++)
		free(fake.sent[i].letter);
	fake.sent_count = fake.sent_read = 0;
}

/* worker.h */
struct arena *
worker_arena(const struct worker *worker)
{
	return worker->arena;
}

const struct config *
worker_config(const struct worker *worker)
{
	return worker->config;
}

struct row *
worker_row(const struct worker *worker)
{
	return arena_row(worker->arena, LEDGER);
}

unsigned
worker_slot(const struct worker *worker)
{
	(void)worker;
	return LEDGER;
}

uint32_t
worker_life(const struct worker *worker)
{
	return worker->life;
}

uint64_t
worker_now_ms(const struct worker *worker)
{
	return worker->now_ms;
}

bool
worker_is_current(const struct worker *worker, unsigned slot, uint32_t life)
{
	return slot < SLOTS && life > 0 &&
	       arena_row(worker->arena, slot)->life == life &&
	       arena_row(worker->arena, slot)->state == CHILD_SERVING;
}

bool
worker_offer(struct worker *worker, unsigned to, struct letter *letter)
{
	if (worker->offers_are_refused)
		return false;
	keep(to, letter);
	return true;
}

void
worker_send(struct worker *worker, unsigned to, struct letter *letter)
{
	(void)worker;
	keep(to, letter);
}

uint64_t
worker_overflow(const struct worker *worker)
{
	return worker->overflow;
}

uint64_t
worker_overflow_of(const struct worker *worker, unsigned slot)
{
	return slot == worker->slow_slot ? worker->overflow : 0;
}

uint64_t
worker_delayed(const struct worker *worker, unsigned slot)
{
	return slot == worker->slow_slot ? worker->delayed : 0;
}

void
worker_decide(struct worker *worker)
{
	memcpy(worker->decided, worker->positions, sizeof(worker->decided));
}

uint64_t
worker_decided(const struct worker *worker, unsigned from)
{
	return worker->decided[from];
}

uint64_t
worker_letter_end(const struct worker *worker)
{
	return worker->letter_end;
}

uint64_t
worker_position(const struct worker *worker, unsigned from)
{
	return worker->positions[from];
}

void
worker_set_title(struct worker *worker, const char *format, ...)
{
	(void)worker;
	(void)format;
}

void
worker_end(struct worker *worker)
{
	worker->has_ended = true;
}

void
worker_run(struct worker *worker, const struct worker_hooks *hooks, void *self)
{
	worker->hooks = hooks;
	worker->self = self;
	worker->script();
}

/* Lets a life of a gateway begin and serve. */
static inline void
start_gateway(unsigned slot, uint32_t life)
{
	struct row *row = arena_row(fake.arena, slot);

	row->life = life;
	row->ready_life = life;
	row->state = CHILD_SERVING;
	index_open(fake.arena, slot, life);
}

/* config: what the class of every room is, and so on, may be changed after. */
static inline void
fixture_open(void)
{
	static struct room_class class;
	static struct config config;
	struct arena_shape shape = {
		.slots = SLOTS,
		.ring_bytes = 65536,
		.index_connections = 64,
		.index_rooms = 64,
		.roles = { ROLE_GATEWAY, ROLE_GATEWAY, ROLE_API, ROLE_LEDGER,
			ROLE_HISTORIAN, ROLE_RELAY },
	};

	snprintf(directory, sizeof(directory), "/tmp/test_ledger.XXXXXX");
	must(mkdtemp(directory) != NULL);
	class = (struct room_class){
		.pattern = (char *)(uintptr_t) "*",
		.history = true,
		.listed = true,
		.events = true,
	};
	config = (struct config){
		.host_id = 1,
		.data_dir = directory,
		.ledgers = 1,
		.grace_seconds = 1000,
		.room_classes = &class,
		.room_class_count = 1,
		.inbox = { .history = true },
	};
	fake = (struct worker){
		.arena = arena_create(&shape),
		.config = &config,
		.life = 1,
		.now_ms = 1000000,
	};
	must(fake.arena != NULL);
	start_gateway(GATEWAY_A, 1);
	start_gateway(GATEWAY_B, 1);
	arena_row(fake.arena, LEDGER)->life = 1;
	arena_row(fake.arena, LEDGER)->state = CHILD_SERVING;
	log_open("/dev/null", LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
}

static inline void
fixture_close(void)
{
	char command[128];

	fixture_forget_sent();
	arena_free(&fake.arena);
	buffer_fini(&out);
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	must(system(command) == 0);
	log_open(NULL, LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
}

/* A ledger lives its life as the script says. */
static inline int
live(void (*script)(void))
{
	fake.script = script;
	fake.has_ended = false;
	return ledger_main(&fake);
}

/* A life that ended as by kill -9; the next one finds the arena as it is. */
static inline void
next_life(void)
{
	fake.life++;
	arena_row(fake.arena, LEDGER)->life = fake.life;
}

/* The letter in `out`, shown to the ledger as written by a gateway. */
static inline void
show_letter(unsigned from, uint32_t life)
{
	struct letter *letter = letter_end(&out);
	struct letter *copy = base_alloc(letter->size);

	letter->from = (uint16_t)from;
	letter->from_life = life;
	memcpy(copy, letter, letter->size);
	must(fake.shown_count < LETTERS_MAX);
	fake.shown[fake.shown_count++] = copy;
	fake.positions[from] += (letter->size + 7) & ~7U;
	fake.letter_end = fake.positions[from];
	fake.hooks->on_letter(fake.self, copy);
}

static inline void
end_turn(void)
{
	fake.hooks->on_turn(fake.self);
	for (size_t i = 0; i < fake.shown_count; i++)
		free(fake.shown[i]);
	fake.shown_count = 0;
}

#define SHOW(kind, name, from, life, ...)                                      \
	do {                                                                   \
		struct name record_ = { __VA_ARGS__ };                         \
		letter_begin(&out, LETTER_##kind);                             \
		name##_pack(&out, &record_);                                   \
		show_letter(from, life);                                       \
	} while (0)

static inline void
show_say(unsigned from, uint64_t request, const char *room, const char *body)
{
	SHOW(SAY, message, from, 1, .kind = STREAM_ROOM,
		.tenant = TEXT_LITERAL("t"), .stream = text_of(room),
		.from = TEXT_LITERAL("u"), .body = text_of(body),
		.request = request, .connection = 100 + request);
}

static inline void
show_join(unsigned from, uint64_t request, const char *room, const char *user,
	unsigned flags)
{
	SHOW(JOIN, join, from, 1, .request = request,
		.connection = 100 + request, .tenant = TEXT_LITERAL("t"),
		.room = text_of(room), .user = text_of(user), .platform = 101,
		.info = TEXT_LITERAL(""), .flags = flags);
}

/* The next letter that was sent, which must be of this kind and to there. */
static inline struct unpack
next_sent(unsigned to, enum letter_kind kind)
{
	const struct sent *sent = &fake.sent[fake.sent_read];

	assert_true(fake.sent_read < fake.sent_count);
	fake.sent_read++;
	assert_string_equal(
		letter_kind_name(sent->letter->kind), letter_kind_name(kind));
	assert_int_equal(sent->to, to);
	return letter_open(sent->letter);
}

#define NEXT(kind, name, to)                                                   \
	struct name name;                                                      \
	{                                                                      \
		struct unpack in_ = next_sent(to, LETTER_##kind);              \
		assert_true(name##_unpack(&in_, &name));                       \
	}

static inline void
assert_no_more(void)
{
	assert_int_equal(fake.sent_read, fake.sent_count);
}

static inline void
expect_said(unsigned to, uint64_t request, uint64_t offset)
{
	NEXT(SAID, said, to);
	assert_int_equal(said.request, request);
	assert_int_equal(said.connection, 100 + request);
	assert_int_equal(said.offset, offset);
}

static inline void
expect_deliver(unsigned to, uint64_t offset, const char *body)
{
	NEXT(DELIVER, message, to);
	assert_int_equal(message.offset, offset);
	assert_true(text_equal(message.body, text_of(body)));
}

/* A place that nobody is shown anything of. */
static inline void
expect_hidden(unsigned to, uint64_t offset)
{
	NEXT(DELIVER, message, to);
	assert_int_equal(message.offset, offset);
	assert_int_equal(message.until, 1);
	assert_int_equal(message.body.length, 0);
}

static inline void
expect_joined(unsigned to, uint64_t request, uint64_t offset, uint64_t users)
{
	NEXT(JOINED, joined, to);
	assert_int_equal(joined.request, request);
	assert_int_equal(joined.offset, offset);
	assert_int_equal(joined.users, users);
}

static inline void
expect_refused(unsigned to, uint64_t request, uint64_t code)
{
	NEXT(REFUSED, refused, to);
	assert_int_equal(refused.request, request);
	assert_int_equal(refused.code, code);
	assert_true(refused.error.length > 10);
}

static inline void
expect_presence(unsigned to, const char *user, bool entered, uint64_t users)
{
	NEXT(PRESENCE, presence, to);
	assert_true(text_equal(presence.user, text_of(user)));
	assert_int_equal(presence.entered, entered);
	assert_int_equal(presence.users, users);
}

/* The gateway answers a new ledger that it has nobody, or no more. */
static inline void
show_announced(unsigned from)
{
	SHOW(ANNOUNCED, announced, from, 1, .life = fake.life);
}

static inline bool
has_relay(void)
{
	return arena_row(fake.arena, RELAY)->life != 0;
}

/* What stands at the begin of a life: both gateways are asked, and the relay if
 * there is one. */
static inline void
expect_announce(void)
{
	for (unsigned slot = GATEWAY_A; slot <= GATEWAY_B; slot++) {
		NEXT(ANNOUNCE, announce, slot);
		assert_int_equal(announce.life, fake.life);
	}
	if (has_relay()) {
		NEXT(ANNOUNCE, announce, RELAY);
		assert_int_equal(announce.life, fake.life);
	}
}

static inline void
settle(void)
{
	expect_announce();
	show_announced(GATEWAY_A);
	show_announced(GATEWAY_B);
	if (has_relay())
		show_announced(RELAY);
	end_turn();
	assert_no_more();
}

static inline void
add_room(unsigned slot, const char *room)
{
	assert_true(index_room_add(
		fake.arena, slot, TEXT_LITERAL("t"), text_of(room)));
}

/* The journal can grow by so many bytes more. */
static inline void
limit_journal(rlim_t more)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
	char path[128];
	struct stat about;

	snprintf(path, sizeof(path), "%s/journal-0/0000000000000000.seg",
		directory);
	if (more != RLIM_INFINITY) {
		assert_int_equal(stat(path, &about), 0);
		limit.rlim_cur = (rlim_t)about.st_size + more;
	}
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

#endif
