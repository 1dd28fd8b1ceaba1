/*
 * The frames of the profile im: each line of the input is a frame of one
 * client, and what is said in its rooms. The fuzzer plays the ledger, which now
 * and then refuses or is full, and sometimes a newer login takes the user over.
 * Every request has exactly one reply, and every frame that goes out is JSON,
 * but for the one that says that a request was none.
 */
#include "tests/unit/gateway_fixture.h"

#include "shared/gojson.h"
#include "worker/gateway/kick.h"

#define LINE_BYTES_MAX 4096
#define TOO_BAD "数据不合法"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t offset;
static unsigned mood; /* from the input: what happens next */
static struct text line;

static void
on_join(struct unpack *in)
{
	struct join join;

	must(join_unpack(in, &join));
	must(text_is_name(join.room, 1, ROOM_BYTES_MAX));
	must(text_is_name(join.user, 1, USER_BYTES_MAX));
	if (join.request == 0)
		return;
	if (mood % 5 == 4) {
		fixture_tell(REFUSED, refused_pack,
			(struct refused){ .request = join.request,
				.code = 1000 + mood % 13,
				.error = TEXT_LITERAL("not now") });
		return;
	}
	fixture_tell(JOINED, joined_pack,
		(struct joined){ .request = join.request,
			.connection = join.connection,
			.tenant = join.tenant,
			.room = join.room,
			.epoch = 1,
			.offset = offset });
	fixture_tell(PRESENCE, presence_pack,
		(struct presence){ .tenant = join.tenant,
			.room = join.room,
			.user = join.user,
			.entered = mood & 1 });
	if (!text_is_utf8(line))
		return;
	fixture_tell(DELIVER, message_pack,
		(struct message){ .kind = STREAM_ROOM,
			.tenant = join.tenant,
			.stream = join.room,
			.from = mood & 2 ? join.user : TEXT_LITERAL("system"),
			.type = TEXT_LITERAL("text"),
			.body = line,
			.key = TEXT_LITERAL("\"k"),
			.flags = mood & 4 ? MESSAGE_SHARED_KEY : 0,
			.epoch = 1,
			.offset = ++offset });
}

static void
answer_letters(void)
{
	const struct letter *letter;

	while ((letter = fixture_letter())) {
		struct unpack in = letter_open(letter);

		if (letter->kind == LETTER_JOIN)
			on_join(&in);
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

/* Who is there, or about to be, has logged in once more elsewhere. */
static void
replace(void)
{
	for (uint32_t i = 0; i < fixture.gateway.seated_end; i++) {
		struct index_entry entry;

		if (fixture.gateway.seated[i] &&
			index_read(fixture.arena, 0, i, &entry))
			kick_take(&fixture.gateway,
				&(struct kick){ .place = i,
					.secret = entry.secret,
					.why = KICK_REPLACED });
	}
}

static bool
is_push(const json_t *frame)
{
	const json_t *response = json_object_get(frame, "response");

	must(json_is_string(json_object_get(frame, "seq")));
	must(json_is_string(json_object_get(frame, "cmd")));
	must(json_is_integer(json_object_get(response, "code")));
	return strcmp(json_string_value(json_object_get(response, "codeMsg")),
		       "Ok") == 0;
}

/* Reads what the client got; returns how many of these frames are replies. */
static size_t
count_replies(int fd, bool *is_over)
{
	size_t replies = 0;

	for (;;) {
		const char *frame = fixture_read(fd);
		json_t *json;

		if (*frame == 0)
			return replies;
		if (strcmp(frame, TOO_BAD) == 0) {
			replies++;
			continue;
		}
		if (*frame != '{') {
			*is_over = true;
			return replies;
		}
		json = gojson_read(text_of(frame), false);
		must(json != NULL);
		replies += !is_push(json);
		json_decref(json);
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

		line = (struct text){ at, (size_t)((stop ? stop : end) - at) };
		mood = mood * 31 + (unsigned)line.length;
		fixture.is_full = mood % 7 == 6;
		if (line.length <= LINE_BYTES_MAX) {
			fixture_send_frame(fd, 1 + (mood >> 3 & 1), line);
			requests++;
		}
		/* Several at once, sometimes. */
		if (mood % 3 > 0) {
			settle();
			replies += count_replies(fd, &is_over);
		} else if (mood % 11 == 3) {
			fixture_turn();
			replace();
		}
		at = stop ? stop + 1 : end;
	}
	settle();
	replies += count_replies(fd, &is_over);
	must(is_over ? replies <= requests : replies == requests);
}

static int
connect_im(void)
{
	struct sockaddr_storage peer = { .ss_family = AF_INET };
	int ends[2];

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
		     ends) == 0);
	fixture.inputs[ends[1]].length = 0;
	client_start(&fixture.gateway, &profile_im,
		&(struct visitor){ .fd = ends[0], .peer = peer });
	return ends[1];
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool is_open;
	int fd;

	if (!is_open)
		fixture_open(1);
	fixture.keeps_entries = true;
	is_open = true;
	mood = size > 0 ? data[0] : 0;
	fd = connect_im();
	talk(fd, (struct text){ (const char *)data, size });
	close(fd);
	fixture.is_full = false;
	settle();
	must(fixture.gateway.lanes->count == 0);
	must(fixture.gateway.rooms->table == NULL);
	return 0;
}
