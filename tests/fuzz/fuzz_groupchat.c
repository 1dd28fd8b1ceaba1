/*
 * The commands of the profile groupchat: each line of the input is a frame of
 * one client. The fuzzer plays the ledger, which now and then refuses or is
 * full. Every frame has exactly one reply, and what is pushed is JSON, too.
 */
#include "tests/fuzz/fuzz_frames.h"

#include "shared/json.h"

#define TOO_BAD "数据不合法"

/* Is it to be refused? Then it was. */
static bool
is_refused(uint64_t request)
{
	if (mood % 5 != 4)
		return false;
	fixture_tell(REFUSED, refused_pack,
		(struct refused){
			.request = request, .code = 1000 + mood % 13 });
	return true;
}

/* What was said at these offsets, as a row of packed texts; returns how much.
 */
static uint64_t
add_messages(struct buffer *row, uint64_t after, uint64_t last)
{
	struct buffer packed = { 0 };

	for (uint64_t at = after + 1; at <= last; at++) {
		buffer_clear(&packed, 0);
		message_pack(&packed,
			&(struct message){ .kind = STREAM_ROOM,
				.epoch = 1,
				.offset = at,
				.from = TEXT_LITERAL("1"),
				.type = TEXT_LITERAL("text"),
				.body = TEXT_LITERAL("{\"msg\":\"<x>\"}"),
				.only_platform = mood % 4 });
		pack_text(row, buffer_text(&packed));
	}
	buffer_fini(&packed);
	return last > after ? last - after : 0;
}

/* More was missed than one answer brings. */
static bool
is_behind(const struct join *join, uint64_t read)
{
	if (!(join->flags & JOIN_UNREAD) || mood % 7 != 3)
		return false;
	fixture_tell(BEHIND, behind_pack,
		(struct behind){ .request = join->request,
			.connection = join->connection,
			.offset = offset,
			.epoch = 1,
			.read = read });
	return true;
}

/* What is looked up may be there, or not. */
static void
on_lookup(struct unpack *in)
{
	struct buffer row = { 0 };
	struct lookup lookup;
	struct page page = { .epoch = 1 };

	must(lookup_unpack(in, &lookup));
	must(lookup.mode == LOOKUP_AFTER && lookup.limit > 0);
	if (is_refused(lookup.request))
		return;
	page.request = lookup.request;
	page.connection = lookup.connection;
	page.first = lookup.anchor + 1;
	page.last = MIN_OF(lookup.anchor + lookup.limit, offset + (mood & 1));
	page.more = page.last < offset;
	page.count = add_messages(&row, lookup.anchor, page.last);
	page.messages = buffer_text(&row);
	fixture_tell(PAGE, page_pack, page);
	buffer_fini(&row);
}

static void
on_join(struct unpack *in)
{
	uint64_t read = offset > mood % 8 ? offset - mood % 8 : 0;
	struct buffer row = { 0 };
	struct joined joined;
	struct join join;

	must(join_unpack(in, &join));
	must(text_is_name(join.room, 1, ROOM_BYTES_MAX));
	if (join.request == 0 || is_refused(join.request))
		return;
	if (is_behind(&join, read))
		return;
	joined = (struct joined){ .request = join.request,
		.connection = join.connection,
		.tenant = join.tenant,
		.room = join.room,
		.epoch = 1,
		.offset = offset,
		.read = read };
	if (join.flags & JOIN_RECOVER) {
		joined.recovery = mood & 1 ? RECOVERY_WHOLE : RECOVERY_LOST;
		joined.count = add_messages(&row,
			join.flags & JOIN_UNREAD ? read : join.from_offset,
			offset);
		joined.messages = buffer_text(&row);
	}
	fixture_tell(JOINED, joined_pack, joined);
	buffer_fini(&row);
	fixture_tell(PRESENCE, presence_pack,
		(struct presence){ .tenant = join.tenant,
			.room = join.room,
			.user = TEXT_LITERAL("\"x<"),
			.entered = mood & 1 });
}

static void
on_enrol(struct unpack *in)
{
	struct buffer names = { 0 };
	struct enrol enrol;

	must(enrol_unpack(in, &enrol));
	must(text_is_name(enrol.user, 1, USER_BYTES_MAX));
	must(text_is_name(enrol.room, 0, ROOM_BYTES_MAX));
	if (is_refused(enrol.request))
		return;
	pack_text(&names, TEXT_LITERAL("group:7"));
	pack_text(&names, TEXT_LITERAL("none"));
	pack_text(&names, TEXT_LITERAL("group:1"));
	fixture_tell(ROLL, roll_pack,
		(struct roll){ .request = enrol.request,
			.connection = enrol.connection,
			.count = mood % 4,
			.is_new = mood & 1,
			.names = buffer_text(&names) });
	buffer_fini(&names);
}

static void
on_say(struct unpack *in)
{
	struct message message;

	must(message_unpack(in, &message));
	must(text_is_name(message.type, 1, TYPE_BYTES_MAX));
	must(message.stream.length > 0 && message.from.length > 0);
	if (is_refused(message.request))
		return;
	message.id_time = message_next_time(0, clock_unix_ms());
	message.epoch = 1;
	message.offset = ++offset;
	fixture_tell(DELIVER, message_pack, message);
	fixture_tell(SAID, said_pack,
		(struct said){ .request = message.request,
			.epoch = 1,
			.offset = message.offset });
}

static enum frame_kind
look_at(const char *frame)
{
	json_t *object;
	bool is_reply;

	if (strncmp(frame, "CLOSE", 5) == 0 || strcmp(frame, "END") == 0)
		return FRAME_END;
	if (strcmp(frame, TOO_BAD) == 0)
		return FRAME_REPLY;
	object = json_read_object(text_of(frame));
	must(object != NULL);
	is_reply = json_object_get(object, "response") != NULL;
	json_decref(object);
	return is_reply ? FRAME_REPLY : FRAME_PUSH;
}

static bool
send_line(int fd, struct text line)
{
	if (line.length > LINE_BYTES_MAX)
		return false;
	fixture_send_frame(fd, 1 + (mood & 1), line);
	return true;
}

static const struct game game = {
	.profile = &profile_groupchat,
	.readers = {
		[LETTER_JOIN] = on_join,
		[LETTER_SAY] = on_say,
		[LETTER_ENROL] = on_enrol,
		[LETTER_LOOKUP] = on_lookup,
	},
	.look_at = look_at,
	.send = send_line,
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool is_open;

	if (!is_open)
		fixture_open(2);
	is_open = true;
	fixture.config.limits.rooms_per_connection =
		size > 0 && data[0] & 16 ? 1 : 128;
	game_play(&game, data, size);
	return 0;
}
