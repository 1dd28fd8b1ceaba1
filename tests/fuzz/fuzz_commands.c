/*
 * The commands of the protocol confab: each line of the input is a frame of one
 * client. The fuzzer plays the ledger, which now and then refuses or is full.
 * Every request has exactly one reply, and every frame that goes out is JSON.
 */
#include "tests/fuzz/fuzz_frames.h"

#include "tests/unit/gateway_keys.h"

#include "shared/json.h"
#include "shared/mail.h"

#define BAD_IN_A_ROW 3 /* of tokens; of noise it takes more */
#define LEDGERS 2

static void
refuse(uint64_t request)
{
	fixture_tell(REFUSED, refused_pack,
		(struct refused){ .request = request,
			.code = 1004,
			.error = TEXT_LITERAL("not \"now\"") });
}

static void
on_join(struct unpack *in)
{
	struct join join;

	must(join_unpack(in, &join));
	must(text_is_name(join.room, 1, ROOM_BYTES_MAX));
	must(join.info.length <= INFO_BYTES_MAX);
	if (join.request == 0)
		return;
	if (mood % 5 == 4) {
		refuse(join.request);
		return;
	}
	if (join.flags & JOIN_RECOVER && join.from_epoch == 1 && mood & 2) {
		fixture_tell(BEHIND, behind_pack,
			(struct behind){ .request = join.request,
				.connection = join.connection,
				.offset = join.from_offset + mood });
		return;
	}
	fixture_tell(JOINED, joined_pack,
		(struct joined){ .request = join.request,
			.connection = join.connection,
			.tenant = join.tenant,
			.room = join.room,
			.epoch = 1,
			.offset = offset,
			.recovery = join.flags & JOIN_RECOVER ? mood % 3 : 0 });
	fixture_tell(PRESENCE, presence_pack,
		(struct presence){ .tenant = join.tenant,
			.room = join.room,
			.user = join.user,
			.entered = mood & 1 });
}

static void
on_say(struct unpack *in)
{
	struct message message;

	must(message_unpack(in, &message));
	must(text_is_name(message.type, 1, TYPE_BYTES_MAX));
	must(message.key.length <= KEY_BYTES_MAX);
	if (mood % 5 == 3) {
		refuse(message.request);
		return;
	}
	message.id_time = message_next_time(0, clock_unix_ms());
	message.epoch = 1;
	message.offset = ++offset;
	fixture_tell(DELIVER, message_pack, message);
	fixture_tell(SAID, said_pack,
		(struct said){ .request = message.request,
			.epoch = 1,
			.offset = message.offset });
}

/* Sometimes a message, of the asker or of somebody else. */
static void
find(const struct lookup *lookup, struct buffer *messages)
{
	struct message message = {
		.kind = lookup->kind,
		.id_time = lookup->anchor,
		.id_origin = lookup->anchor_origin,
		.tenant = lookup->tenant,
		.stream = lookup->stream,
		.from = mood & 2 ? TEXT_LITERAL("u") : TEXT_LITERAL("v"),
		.offset = 3,
		.type = TEXT_LITERAL("text"),
		.body = TEXT_LITERAL("1"),
	};
	struct buffer one = { 0 }, others = { 0 };

	if (mood % 5 == 2)
		return;
	mail_add_side(&others, &(struct mail_side){ TEXT_LITERAL("v"), 4 });
	if (lookup->kind == STREAM_INBOX)
		message.others = buffer_text(&others);
	message_pack(&one, &message);
	pack_text(messages, buffer_text(&one));
	buffer_fini(&one);
	buffer_fini(&others);
}

static void
on_lookup(struct unpack *in)
{
	struct buffer messages = { 0 };
	struct lookup lookup;

	must(lookup_unpack(in, &lookup));
	must(lookup.limit >= 1 && lookup.limit <= 500);
	must(lookup.kind == STREAM_ROOM || lookup.kind == STREAM_INBOX);
	find(&lookup, &messages);
	fixture_tell(PAGE, page_pack,
		(struct page){ .request = lookup.request,
			.epoch = 1,
			.first = 3,
			.last = 3,
			.more = mood & 1,
			.count = messages.length > 0,
			.messages = buffer_text(&messages) });
	buffer_fini(&messages);
}

static void
on_search(struct unpack *in)
{
	struct search search;

	must(search_unpack(in, &search));
	must(search.text.length > 0 && search.limit > 0 && search.before > 0);
	fixture_tell(PAGE, page_pack,
		(struct page){ .request = search.request,
			.epoch = 5,
			.first = 1,
			.more = mood & 1 });
}

static void
on_read(struct unpack *in)
{
	struct mark mark;

	must(mark_unpack(in, &mark));
	must(mark.with.length > 0 || mark.kind == STREAM_ROOM);
	if (mood % 5 == 1) {
		refuse(mark.request);
		return;
	}
	fixture_tell(MARK, mark_pack, mark);
	fixture_tell(MARKED, mark_pack, mark);
}

static void
on_members_wanted(struct unpack *in)
{
	struct members_wanted wanted;

	must(members_wanted_unpack(in, &wanted));
	must(wanted.limit >= 1 && wanted.limit <= 1000);
	fixture_tell(MEMBERS_PAGE, members_page_pack,
		(struct members_page){ .request = wanted.request });
}

/* Every ledger is asked; they answer in turn. */
static void
on_rooms_wanted(struct unpack *in)
{
	static unsigned ledger;
	struct rooms_wanted wanted;
	struct buffer line = { 0 }, lines = { 0 };

	must(rooms_wanted_unpack(in, &wanted));
	room_line_pack(
		&line, &(struct room_line){ .room = TEXT_LITERAL("a\"room") });
	pack_text(&lines, buffer_text(&line));
	fixture_tell(ROOMS_PAGE, rooms_page_pack,
		(struct rooms_page){ .request = wanted.request,
			.ledger = ledger++ % LEDGERS,
			.count = 1,
			.more = mood & 1,
			.rooms = buffer_text(&lines) });
	buffer_fini(&line);
	buffer_fini(&lines);
}

static enum frame_kind
look_at(const char *frame)
{
	json_t *object;
	bool is_reply;

	if (*frame != '{')
		return FRAME_END;
	object = json_read_object(text_of(frame));
	must(object && json_object_get(object, "cmd"));
	is_reply = json_object_get(object, "code") != NULL;
	json_decref(object);
	return is_reply ? FRAME_REPLY : FRAME_PUSH;
}

/* Gives the line to the client's session as a frame. */
static bool
send_line(int fd, struct text line)
{
	if (line.length > LINE_BYTES_MAX || !text_is_utf8(line))
		return false;
	fixture_send_frame(fd, 1, line);
	return true;
}

static const struct game game = {
	.profile = &profile_confab,
	.readers = {
		[LETTER_JOIN] = on_join,
		[LETTER_SAY] = on_say,
		[LETTER_LOOKUP] = on_lookup,
		[LETTER_MEMBERS_WANTED] = on_members_wanted,
		[LETTER_ROOMS_WANTED] = on_rooms_wanted,
		[LETTER_SEARCH] = on_search,
		[LETTER_READ] = on_read,
	},
	.look_at = look_at,
	.send = send_line,
	.replies_min = BAD_IN_A_ROW,
};

/* The rules of the house, from the last byte; most inputs end with a newline
 * and keep to the usual ones. */
static void
make_rules(unsigned knob)
{
	knob = knob == '\n' ? 0 : knob;
	fixture.class.say = (int)(knob & 3);
	fixture.class.read = (int)(knob >> 2 & 3);
	fixture.class.join = knob & 16 ? MAY_TOKEN : MAY_ANYONE;
	fixture.class.history = !(knob & 32);
	fixture.class.slow = (int)(knob >> 6) % 3;
	fixture.config.limits.messages_per_second = knob & 64 ? 1 : 0;
	fixture.config.limits.burst = 2;
	fixture.config.limits.rooms_per_connection = knob & 128 ? 1 : 128;
}

static void
open_gateway(void)
{
	fixture_open(LEDGERS);
	fixture_want_tokens();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool is_open;

	if (!is_open)
		open_gateway();
	is_open = true;
	make_rules(size > 0 ? data[size - 1] : 0);
	game_play(&game, data, size);
	return 0;
}
