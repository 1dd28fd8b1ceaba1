/*
 * A gateway without a process around it: the letters that it sends are kept for
 * the test, which plays the ledger, and its clients are ends of socket pairs.
 * Logins are let in by themselves, into inboxes where nothing is, unless the
 * test wants to do that too (keeps_entries). With FIXTURE_HAS_RELAY there is a
 * relay, too, which the test plays; its letters stand among the others.
 * Included by one test program each, so everything is static.
 */
#ifndef TESTS_UNIT_GATEWAY_FIXTURE_H
#define TESTS_UNIT_GATEWAY_FIXTURE_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "shared/arena.h"
#include "shared/bans_writer.h"
#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/clock.h"
#include "shared/config.h"
#include "shared/index.h"
#include "shared/letter.h"
#include "shared/records.h"
#include "worker/gateway/client.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/gateway_turn.h"
#include "worker/gateway/lanes.h"
#include "worker/gateway/profiles/profile.h"
#include "worker/gateway/rooms.h"
#include "worker/gateway/session.h"
#include "worker/gateway/visitor.h"

#define LEDGER_SLOT 1
#define RELAY_SLOT 2 /* behind one ledger */
#define LIFE 7
#define LETTERS_MAX 4096
#define INBOX_EPOCH 9

static struct fixture {
	struct config config;
	struct listener listener;
	struct room_class class;
	struct tenant tenants[2];
	struct event_base *base;
	struct arena *arena;
	struct bans_writer *bans;
	struct gateway gateway;
	struct letter *letters[LETTERS_MAX]; /* sent to ledgers */
	unsigned letters_to[LETTERS_MAX];    /* which slot */
	size_t letter_count, letters_read;
	struct letter *entries[LETTERS_MAX]; /* of logins, not yet let in */
	size_t entry_count;
	bool keeps_entries;
	unsigned last_to;   /* the slot that the last one went to */
	bool is_full;       /* offers are refused */
	struct buffer told; /* to the master, the last one */
	unsigned told_count;
	struct buffer inputs[1024]; /* by descriptor: what clients received */
} fixture;

static inline void
fixture_keep(unsigned to, const struct letter *letter)
{
	must(fixture.letter_count < LETTERS_MAX);
	fixture.letters_to[fixture.letter_count] = to;
	fixture.letters[fixture.letter_count] = base_alloc(letter->size);
	memcpy(fixture.letters[fixture.letter_count++], letter, letter->size);
}

static inline bool
fixture_read_entry(const struct letter *letter, struct join *join)
{
	struct unpack in = letter_open(letter);

	return letter->kind == LETTER_JOIN && join_unpack(&in, join) &&
	       join->flags & JOIN_INBOX;
}

static inline bool
fixture_offer(void *self, unsigned to, struct letter *letter)
{
	struct join join;

	(void)self;
	must(to >= LEDGER_SLOT);
	if (fixture.is_full)
		return false;
	fixture.last_to = to;
	fixture_keep(to, letter);
	if (fixture.keeps_entries || !fixture_read_entry(letter, &join))
		return true;
	fixture.letter_count--;
	fixture.entries[fixture.entry_count++] =
		fixture.letters[fixture.letter_count];
	return true;
}

static inline void
fixture_send(void *self, unsigned to, struct letter *letter)
{
	(void)self;
	must(to >= LEDGER_SLOT);
	fixture.last_to = to;
	fixture_keep(to, letter);
}

/* For an operator who traces; see fixture.told. */
static inline bool
fixture_told(void *self, struct text traced)
{
	(void)self;
	if (fixture.is_full)
		return false;
	buffer_clear(&fixture.told, SIZE_MAX);
	buffer_add_text(&fixture.told, traced);
	fixture.told_count++;
	return true;
}

static inline void
fixture_open(unsigned ledgers)
{
	struct arena_shape shape = {
		.slots = 1 + ledgers,
		.ring_bytes = 65536,
		.index_connections = 256,
		.index_rooms = 1024,
		.roles = { [0] = ROLE_GATEWAY },
	};

	for (unsigned i = 0; i < ledgers; i++)
		shape.roles[LEDGER_SLOT + i] = ROLE_LEDGER;
#ifdef FIXTURE_HAS_RELAY
	must(ledgers == RELAY_SLOT - LEDGER_SLOT);
	shape.roles[shape.slots++] = ROLE_RELAY;
#endif
	memset(&fixture, 0, sizeof(fixture));
	fixture.class = (struct room_class){
		.pattern = (char *)(uintptr_t) "*",
		.history = true,
		.listed = true,
		.events = true,
		.search = true,
		.join = MAY_ANYONE,
	};
	fixture.tenants[0].name = (char *)(uintptr_t) "acme";
	fixture.tenants[1].name = (char *)(uintptr_t) "default";
	fixture.config = (struct config){
		.listeners = &fixture.listener,
		.listener_count = 1,
		.host_id = 1,
		.max_message_bytes = 65536,
		.outbox_bytes = 262144,
		.ping_seconds = 25000,
		.limits = { .rooms_per_connection = 128 },
		.room_classes = &fixture.class,
		.room_class_count = 1,
		.tenants = fixture.tenants,
		.tenant_count = ARRAY_LEN(fixture.tenants),
	};
	fixture.base = event_base_new();
	fixture.arena = arena_create(&shape);
	must(fixture.base && fixture.arena);
	fixture.bans = bans_writer_new(fixture.arena);
	bans_writer_publish(fixture.bans);
	fixture.gateway = (struct gateway){
		.edge = {
			.config = &fixture.config,
			.arena = fixture.arena,
			.slot = 0,
			.life = LIFE,
			.office = { fixture_offer, fixture_send, NULL,
				fixture_told },
		},
	};
	must(gateway_init(&fixture.gateway, fixture.base) == 0);
#ifdef FIXTURE_HAS_RELAY
	index_open(fixture.arena, RELAY_SLOT, 1);
#endif
}

static inline void
fixture_forget_letters(void)
{
	for (size_t i = 0; i < fixture.letter_count; i++)
		free(fixture.letters[i]);
	fixture.letter_count = fixture.letters_read = 0;
}

static inline void
fixture_close(void)
{
	gateway_fini(&fixture.gateway);
	fixture_forget_letters();
	while (fixture.entry_count > 0)
		free(fixture.entries[--fixture.entry_count]);
	for (size_t i = 0; i < ARRAY_LEN(fixture.inputs); i++)
		buffer_fini(&fixture.inputs[i]);
	buffer_fini(&fixture.told);
	bans_writer_free(&fixture.bans);
	arena_free(&fixture.arena);
	event_base_free(fixture.base);
}

/* A letter of a ledger to the gateway, built with the record's pack. */
#define fixture_tell(symbol, pack, ...)                                        \
	fixture_tell_from(LEDGER_SLOT, symbol, pack, __VA_ARGS__)

/* The same of another process. */
#define fixture_tell_from(slot, symbol, pack, ...)                             \
	do {                                                                   \
		struct buffer letter_ = { 0 };                                 \
		struct letter *finished_;                                      \
		letter_begin(&letter_, LETTER_##symbol);                       \
		pack(&letter_, &(__VA_ARGS__));                                \
		finished_ = letter_end(&letter_);                              \
		finished_->from = (slot);                                      \
		finished_->from_life = 1;                                      \
		gateway_on_letter(&fixture.gateway, finished_);                \
		buffer_fini(&letter_);                                         \
	} while (0)

/* The ledger's answer to an entry. */
static inline void
fixture_let_in(const struct join *join, uint64_t offset)
{
	fixture_tell(JOINED, joined_pack,
		(struct joined){ .request = join->request,
			.connection = join->connection,
			.tenant = join->tenant,
			.room = join->room,
			.epoch = INBOX_EPOCH,
			.offset = offset,
			.recovery = join->flags & JOIN_RECOVER
					    ? RECOVERY_LOST
					    : RECOVERY_NONE });
}

static inline void
fixture_let_all_in(void)
{
	while (fixture.entry_count > 0) {
		struct letter *letter = fixture.entries[--fixture.entry_count];
		struct join join;

		must(fixture_read_entry(letter, &join));
		fixture_let_in(&join, 0);
		free(letter);
	}
}

static inline void
fixture_turn(void)
{
	event_base_loop(fixture.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	do {
		fixture_let_all_in();
		gateway_on_turn(&fixture.gateway);
	} while (fixture.entry_count > 0);
	lanes_rest(fixture.gateway.lanes, false);
}

/* The next letter that the gateway sent, or NULL. */
static inline const struct letter *
fixture_letter(void)
{
	if (fixture.letters_read == fixture.letter_count)
		return NULL;
	return fixture.letters[fixture.letters_read++];
}

/* Where that one went. */
static inline unsigned
fixture_letter_to(void)
{
	return fixture.letters_to[fixture.letters_read - 1];
}

/* The outside end of a new connection. */
static inline int
fixture_connect_as(const struct profile *profile)
{
	struct sockaddr_storage peer = { .ss_family = AF_INET };
	int ends[2];

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
		     ends) == 0);
	must(ends[1] < (int)ARRAY_LEN(fixture.inputs));
	fixture.inputs[ends[1]].length = 0;
	client_start(&fixture.gateway, profile,
		&(struct visitor){ .fd = ends[0], .peer = peer });
	return ends[1];
}

static inline int
fixture_connect(void)
{
	return fixture_connect_as(&profile_confab);
}

/* One masked frame; what does not fit waits for the gateway to read. */
static inline void
fixture_send_frame(int fd, uint8_t opcode, struct text payload)
{
	static const uint8_t mask[4] = { 1, 2, 3, 4 };
	struct buffer frame = { 0 };
	size_t sent = 0;

	buffer_add_byte(&frame, 0x80 | opcode);
	if (payload.length < 126) {
		buffer_add_byte(&frame, 0x80 | (uint8_t)payload.length);
	} else if (payload.length < 65536) {
		buffer_add_byte(&frame, 0x80 | 126);
		buffer_add_byte(&frame, (uint8_t)(payload.length >> 8));
		buffer_add_byte(&frame, (uint8_t)payload.length);
	} else {
		buffer_add_byte(&frame, 0x80 | 127);
		for (int i = 7; i >= 0; i--)
			buffer_add_byte(&frame,
				(uint8_t)((uint64_t)payload.length >> (8 * i)));
	}
	buffer_add(&frame, mask, 4);
	for (size_t i = 0; i < payload.length; i++)
		buffer_add_byte(&frame, (uint8_t)payload.at[i] ^ mask[i & 3]);
	while (sent < frame.length) {
		ssize_t took = send(fd, frame.data + sent, frame.length - sent,
			MSG_NOSIGNAL);

		if (took > 0)
			sent += (size_t)took;
		else if (errno == EAGAIN)
			fixture_turn();
		else
			break;
	}
	buffer_fini(&frame);
}

static inline void
fixture_say(int fd, const char *json)
{
	fixture_send_frame(fd, 1, text_of(json));
	fixture_turn();
}

/* Takes what has come; false at the end of the stream. */
static inline bool
fixture_receive(int fd)
{
	struct buffer *input = &fixture.inputs[fd];

	for (;;) {
		ssize_t got = recv(fd, buffer_reserve(input, 65536), 65536, 0);

		if (got > 0)
			input->length += (size_t)got;
		else
			return got < 0 && errno == EAGAIN;
	}
}

/* The next frame from the gateway as text; "" when none is there, "CLOSE n" for
 * a close, "PONG data" and "PING" for these, "END" for the end. Static. */
static inline const char *
fixture_read(int fd)
{
	static char out[70000];
	struct buffer *input = &fixture.inputs[fd];
	bool is_open = fixture_receive(fd);
	size_t length, head_length = 2;
	uint8_t opcode;

	if (input->length < 2)
		return is_open ? "" : "END";
	opcode = input->data[0];
	length = input->data[1];
	must(length != 127);
	if (length == 126) {
		length = (size_t)(input->data[2] << 8 | input->data[3]);
		head_length = 4;
	}
	if (input->length < head_length + length)
		return is_open ? "" : "END";
	memcpy(out, input->data + head_length, length);
	out[length] = 0;
	buffer_drop_front(input, head_length + length);
	if (opcode == 0x88) {
		unsigned code =
			(unsigned)((uint8_t)out[0] << 8 | (uint8_t)out[1]);

		snprintf(out, sizeof(out), "CLOSE %u",
			length < 2 ? 1005U : code);
	} else if (opcode == 0x89) {
		return "PING";
	} else if (opcode == 0x8a) {
		memmove(out + 5, out, length + 1);
		memcpy(out, "PONG ", 5);
	}
	return out;
}

#endif
