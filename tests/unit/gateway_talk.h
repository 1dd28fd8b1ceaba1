/*
 * What tests of the gateway keep saying: users who log in, rooms that they
 * join, the letters that come of it, and what the ledger answers. Included by
 * one test program each, so everything is static.
 */
#ifndef TESTS_UNIT_GATEWAY_TALK_H
#define TESTS_UNIT_GATEWAY_TALK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shared/message.h"
#include "tests/unit/gateway_fixture.h"
#include "worker/gateway/wishes.h"

#define ROOM_EPOCH 5
#define MESSAGE_TIME (UINT64_C(1700000000000) << 16)

/* --- a gateway for each test --- */

static inline int
open_gateway(void **state)
{
	(void)state;
	fixture_open(1);
	return 0;
}

static inline int
open_with_two_ledgers(void **state)
{
	(void)state;
	fixture_open(2);
	return 0;
}

static inline int
open_keeping_entries(void **state)
{
	open_gateway(state);
	fixture.keeps_entries = true;
	return 0;
}

static inline int
close_gateway(void **state)
{
	(void)state;
	fixture_close();
	return 0;
}

/* A test that sets up more defines this before it includes this header. */
#ifndef OPEN_GATEWAY
#define OPEN_GATEWAY open_gateway
#endif
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, OPEN_GATEWAY, close_gateway)

/* --- what a client reads --- */

static inline void
assert_has(const char *frame, const char *part)
{
	if (!strstr(frame, part))
		fail_msg("'%s' is not in '%s'", part, frame);
}

static inline void
assert_lacks(const char *frame, const char *part)
{
	if (strstr(frame, part))
		fail_msg("'%s' is in '%s'", part, frame);
}

static inline void
assert_silent(int fd)
{
	assert_string_equal(fixture_read(fd), "");
}

/* Nothing has come, and the connection is served. */
static inline void
assert_here(int fd)
{
	assert_silent(fd);
	fixture_say(fd, "{\"cmd\":\"ping\"}");
	assert_has(fixture_read(fd), "\"cmd\":\"ping\",\"code\":200");
}

/* --- what the gateway sends to ledgers --- */

/* The next letter, which must be of this kind. */
static inline struct unpack
next_letter(enum letter_kind kind)
{
	const struct letter *letter = fixture_letter();

	assert_non_null(letter);
	assert_string_equal(
		letter_kind_name(letter->kind), letter_kind_name(kind));
	return letter_open(letter);
}

/* The same with its record, by the record's unpack. */
#define fixture_take(symbol, unpack_record, into)                              \
	do {                                                                   \
		struct unpack in_ = next_letter(LETTER_##symbol);              \
		assert_true(unpack_record(&in_, into));                        \
	} while (0)

static inline struct join
taken_join(void)
{
	struct join join;

	fixture_take(JOIN, join_unpack, &join);
	return join;
}

/* The join of an inbox, which is a login. */
static inline struct join
taken_entry(void)
{
	const struct letter *letter = fixture_letter();
	struct join join;

	assert_non_null(letter);
	assert_true(fixture_read_entry(letter, &join));
	return join;
}

static inline struct leave
taken_leave(void)
{
	struct leave leave;

	fixture_take(LEAVE, leave_unpack, &leave);
	return leave;
}

static inline struct message
taken_say(void)
{
	struct message message;

	fixture_take(SAY, message_unpack, &message);
	return message;
}

static inline struct lookup
taken_lookup(void)
{
	struct lookup lookup;

	fixture_take(LOOKUP, lookup_unpack, &lookup);
	return lookup;
}

/* --- what a ledger tells --- */

static inline void
let_in(const struct join *entry, uint64_t offset)
{
	fixture_let_in(entry, offset);
	fixture_turn();
}

static inline void
tell_joined(const struct join *join, uint64_t offset)
{
	fixture_tell(JOINED, joined_pack,
		(struct joined){
			.request = join->request,
			.connection = join->connection,
			.tenant = join->tenant,
			.room = join->room,
			.epoch = ROOM_EPOCH,
			.offset = offset,
			.users = 1,
			.connections = 1,
		});
}

static inline void
tell_refused(uint64_t request, uint64_t code)
{
	fixture_tell(REFUSED, refused_pack,
		(struct refused){ .request = request,
			.code = code,
			.error = TEXT_LITERAL("not now") });
	fixture_turn();
}

static inline void
tell_said(const struct message *message, uint64_t offset)
{
	fixture_tell(SAID, said_pack,
		(struct said){ .request = message->request,
			.connection = message->connection,
			.id_time = MESSAGE_TIME + offset,
			.epoch = ROOM_EPOCH,
			.offset = offset });
	fixture_turn();
}

/* Answers a lookup with one message, or with none. */
static inline void
tell_found(const struct lookup *lookup, const struct message *message)
{
	struct page page = { .request = lookup->request, .epoch = ROOM_EPOCH };
	struct buffer one = { 0 }, all = { 0 };

	if (message) {
		message_pack(&one, message);
		pack_text(&all, buffer_text(&one));
		page.first = page.last = message->offset;
		page.count = 1;
		page.messages = buffer_text(&all);
	}
	fixture_tell(PAGE, page_pack, page);
	buffer_fini(&one);
	buffer_fini(&all);
	fixture_turn();
}

/* A message of room r, as usual where nothing is given. */
static inline struct message
message_in_room(struct message message)
{
	message.kind = STREAM_ROOM;
	message.tenant = TEXT_LITERAL("default");
	message.stream = TEXT_LITERAL("r");
	message.epoch = ROOM_EPOCH;
	if (message.id_time == 0)
		message.id_time = MESSAGE_TIME + message.offset;
	if (message.type.length == 0)
		message.type = TEXT_LITERAL("text");
	if (message.body.length == 0)
		message.body = TEXT_LITERAL("1");
	if (message.from.length == 0)
		message.from = TEXT_LITERAL("x");
	return message;
}

static inline void
tell_message(struct message message)
{
	message = message_in_room(message);
	message.asker_slot = 0;
	message.asker_life = LIFE;
	fixture_tell(DELIVER, message_pack, message);
}

static inline void
tell_offset(uint64_t offset)
{
	tell_message((struct message){ .offset = offset });
}

/* --- what a client says --- */

/* data: its members, without the braces. */
static inline void
ask(int fd, const char *verb, const char *data)
{
	char json[512];
	int length = snprintf(json, sizeof(json),
		"{\"seq\":3,\"cmd\":\"%s\",\"data\":{%s}}", verb, data);

	must(length < (int)sizeof(json));
	fixture_say(fd, json);
}

/* With how far the client was, in a member of this name behind the data. */
static inline void
ask_since(int fd, const char *verb, const char *data, const char *name,
	uint64_t epoch, uint64_t offset)
{
	char epoch_name[MESSAGE_EPOCH_LENGTH + 1], more[256];

	message_epoch_write(epoch_name, epoch);
	snprintf(more, sizeof(more),
		"%s,\"%s\":{\"epoch\":\"%s\",\"offset\":%llu}", data, name,
		epoch_name, (unsigned long long)offset);
	ask(fd, verb, more);
}

static inline void
say_login(int fd, const char *user)
{
	char data[128];

	snprintf(data, sizeof(data), "\"user\":\"%s\"", user);
	ask(fd, "login", data);
}

static inline void
log_in(int fd, const char *user)
{
	say_login(fd, user);
	assert_has(fixture_read(fd), "\"cmd\":\"login\",\"code\":200");
}

static inline int
client(const char *user)
{
	int fd = fixture_connect();

	log_in(fd, user);
	return fd;
}

/* One who logs in on a platform and is not answered yet. */
static inline int
coming_on(const char *user, unsigned platform)
{
	int fd = fixture_connect();
	char data[128];

	snprintf(data, sizeof(data), "\"user\":\"%s\",\"platform\":%u", user,
		platform);
	ask(fd, "login", data);
	return fd;
}

static inline int
client_on(const char *user, unsigned platform)
{
	int fd = coming_on(user, platform);

	assert_has(fixture_read(fd), "\"cmd\":\"login\",\"code\":200");
	return fd;
}

/* The join of room r that the client asks for. */
static inline struct join
ask_join(int fd)
{
	ask(fd, "join", "\"room\":\"r\"");
	return taken_join();
}

/* The ledger lets it in, and the client reads so. */
static inline void
answer_join(int fd, const struct join *join, uint64_t offset)
{
	tell_joined(join, offset);
	fixture_turn();
	assert_has(fixture_read(fd), "\"cmd\":\"join\",\"code\":200");
}

/* Joins with what stands behind the room, as of this offset. */
static inline struct join
join_room_with(int fd, const char *room, const char *options, uint64_t offset)
{
	char data[128];
	struct join join;

	snprintf(data, sizeof(data), "\"room\":\"%s\"%s", room, options);
	ask(fd, "join", data);
	join = taken_join();
	answer_join(fd, &join, offset);
	return join;
}

static inline struct join
join_room(int fd, const char *room)
{
	return join_room_with(fd, room, "", 0);
}

/* One who is in room r. */
static inline int
member(const char *user)
{
	int fd = client(user);

	join_room(fd, "r");
	return fd;
}

/* --- what an operator wishes --- */

static inline void
wish(struct wish wanted)
{
	struct buffer packed = { 0 };

	wanted.tenant = TEXT_LITERAL("default");
	wish_pack(&packed, &wanted);
	wishes_take(&fixture.gateway, buffer_text(&packed));
	buffer_fini(&packed);
	fixture_turn();
}

#endif
