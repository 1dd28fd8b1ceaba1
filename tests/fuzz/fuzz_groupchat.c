/*
 * The commands of the profile groupchat: each line of the input is a frame of
 * one client. The fuzzer plays the ledger, which now and then refuses or is
 * full. Every frame has exactly one reply, and what is pushed is JSON, too.
 */
#include "tests/unit/gateway_fixture.h"

#include "shared/json.h"

#define LINE_BYTES_MAX 4096
#define TOO_BAD "数据不合法"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t offset;
static unsigned mood; /* from the input: what the ledger does next */

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

static void
answer_letters(void)
{
	static void (*const readers[LETTER_KIND_COUNT])(struct unpack *) = {
		[LETTER_JOIN] = on_join,
		[LETTER_SAY] = on_say,
		[LETTER_ENROL] = on_enrol,
		[LETTER_LOOKUP] = on_lookup,
	};
	const struct letter *letter;

	while ((letter = fixture_letter())) {
		struct unpack in = letter_open(letter);

		if (readers[letter->kind])
			readers[letter->kind](&in);
	}
	fixture_forget_letters();
}

static void
settle(void)
{
	do {
		fixture_turn();
		answer_letters();
		fixture_turn();
	} while (fixture.letter_count > 0);
}

/* Reads what the client got; returns how many of these frames are replies. */
static size_t
count_replies(int fd, bool *is_over)
{
	size_t replies = 0;

	for (;;) {
		const char *frame = fixture_read(fd);
		json_t *object;

		if (*frame == 0)
			return replies;
		if (strncmp(frame, "CLOSE", 5) == 0 ||
			strcmp(frame, "END") == 0) {
			*is_over = true;
			return replies;
		}
		if (strcmp(frame, TOO_BAD) == 0) {
			replies++;
			continue;
		}
		object = json_read_object(text_of(frame));
		must(object != NULL);
		replies += json_object_get(object, "response") != NULL;
		json_decref(object);
	}
}

static void
talk(int fd, struct text input)
{
	size_t requests = 0, replies = 0;
	bool is_over = false;
	const char *at = input.at, *end = input.at + input.length;

	while (at < end && !is_over) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		struct text line = { at, (size_t)((stop ? stop : end) - at) };

		mood = mood * 31 + (unsigned)line.length;
		fixture.is_full = mood % 7 == 6;
		if (line.length <= LINE_BYTES_MAX) {
			fixture_send_frame(fd, 1 + (mood & 1), line);
			requests++;
		}
		/* Several at once, sometimes. */
		if (mood % 3 > 0) {
			settle();
			replies += count_replies(fd, &is_over);
		}
		at = stop ? stop + 1 : end;
	}
	settle();
	replies += count_replies(fd, &is_over);
	must(is_over ? replies <= requests : replies == requests);
}

static int
connect_client(void)
{
	struct sockaddr_storage peer = { .ss_family = AF_INET };
	int ends[2];

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
		     ends) == 0);
	must(ends[1] < (int)ARRAY_LEN(fixture.inputs));
	fixture.inputs[ends[1]].length = 0;
	client_start(&fixture.gateway, &profile_groupchat,
		&(struct visitor){ .fd = ends[0], .peer = peer });
	return ends[1];
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool is_open;
	int fd;

	if (!is_open)
		fixture_open(2);
	is_open = true;
	fixture.keeps_entries = true;
	mood = size > 0 ? data[0] : 0;
	fixture.config.limits.rooms_per_connection = mood & 16 ? 1 : 128;
	fd = connect_client();
	talk(fd, (struct text){ (const char *)data, size });
	close(fd);
	fixture.is_full = false;
	settle();
	must(fixture.gateway.lanes->count == 0);
	must(fixture.gateway.rooms->table == NULL);
	return 0;
}
