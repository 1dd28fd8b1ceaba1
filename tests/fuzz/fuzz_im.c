/*
 * The frames of the profile im: each line of the input is a frame of one
 * client, and what is said in its rooms. The fuzzer plays the ledger, which now
 * and then refuses or is full, and sometimes a newer login takes the user over.
 * Every request has exactly one reply, and every frame that goes out is JSON,
 * but for the one that says that a request was none.
 */
#include "tests/fuzz/fuzz_frames.h"

#include "shared/gojson.h"
#include "worker/gateway/kick.h"

#define TOO_BAD "数据不合法"

static struct text said; /* the line that was sent last */

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
	if (!text_is_utf8(said))
		return;
	fixture_tell(DELIVER, message_pack,
		(struct message){ .kind = STREAM_ROOM,
			.tenant = join.tenant,
			.stream = join.room,
			.from = mood & 2 ? join.user : TEXT_LITERAL("system"),
			.type = TEXT_LITERAL("text"),
			.body = said,
			.key = TEXT_LITERAL("\"k"),
			.flags = mood & 4 ? MESSAGE_SHARED_KEY : 0,
			.epoch = 1,
			.offset = ++offset });
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

static enum frame_kind
look_at(const char *frame)
{
	enum frame_kind kind;
	json_t *json;

	if (strcmp(frame, TOO_BAD) == 0)
		return FRAME_REPLY;
	if (*frame != '{')
		return FRAME_END;
	json = gojson_read(text_of(frame), false);
	must(json != NULL);
	kind = is_push(json) ? FRAME_PUSH : FRAME_REPLY;
	json_decref(json);
	return kind;
}

static bool
send_line(int fd, struct text line)
{
	said = line;
	if (line.length > LINE_BYTES_MAX)
		return false;
	fixture_send_frame(fd, 1 + (mood >> 3 & 1), line);
	return true;
}

static void
between(void)
{
	if (mood % 11 != 3)
		return;
	fixture_turn();
	replace();
}

static const struct game game = {
	.profile = &profile_im,
	.readers = { [LETTER_JOIN] = on_join },
	.look_at = look_at,
	.send = send_line,
	.between = between,
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool is_open;

	if (!is_open)
		fixture_open(1);
	is_open = true;
	game_play(&game, data, size);
	return 0;
}
