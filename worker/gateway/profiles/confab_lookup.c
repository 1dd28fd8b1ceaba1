#include "worker/gateway/profiles/confab_commands.h"

#include "shared/base.h"
#include "shared/message.h"
#include "shared/words.h"
#include "worker/gateway/listing.h"
#include "worker/gateway/profiles/confab_args.h"
#include "worker/gateway/session.h"
#include "worker/gateway/talk.h"

#define HISTORY_LIMIT 50
#define HISTORY_LIMIT_MAX 500
#define SEARCH_BYTES_MAX 256
#define SEARCH_LIMIT 20
#define SEARCH_LIMIT_MAX 100
#define LIST_LIMIT 100
#define LIST_LIMIT_MAX 1000

void
confab_do_history(
	struct session *session, struct text tag, struct arguments *args)
{
	struct history_request request = {
		.of = args_conversation(args, true),
		.limit = arguments_number(
			args, "limit", 1, HISTORY_LIMIT_MAX, HISTORY_LIMIT),
	};

	request.mode =
		arguments_anchor(args, &request.anchor, &request.anchor_origin);
	if (args->code == CODE_OK)
		talk_history(session, tag, &request);
}

/* Answered newest first: who searches wants what was said last. A search ends
 * where its page is full or its time is up; then the answer says more, and next
 * is the `before` of the request that goes on, even when nothing was found. */
void
confab_do_search(
	struct session *session, struct text tag, struct arguments *args)
{
	const struct search_request request = {
		.of = args_conversation(args, false),
		.text = arguments_text(args, "text", SEARCH_BYTES_MAX),
		.from = arguments_name(args, "from", USER_BYTES_MAX, false),
		.from_time_ms =
			arguments_number(args, "from_time", 0, INT64_MAX, 0),
		.before = arguments_number(
			args, "before", 1, INT64_MAX, INT64_MAX),
		.limit = arguments_number(
			args, "limit", 1, SEARCH_LIMIT_MAX, SEARCH_LIMIT),
	};

	struct words words;

	if (!words_read(&words, request.text))
		arguments_fail(args, CODE_BAD_REQUEST,
			"text must be a string of 1 to %d words", WORDS_MAX);
	words_fini(&words);
	if (args->code == CODE_OK)
		talk_search(session, tag, &request);
}

void
confab_do_members(
	struct session *session, struct text tag, struct arguments *args)
{
	const struct members_request request = {
		.room = arguments_name(args, "room", ROOM_BYTES_MAX, true),
		.after = arguments_text(args, "after", USER_BYTES_MAX),
		.limit = arguments_number(
			args, "limit", 1, LIST_LIMIT_MAX, LIST_LIMIT),
	};

	if (args->code == CODE_OK)
		talk_members(session, tag, &request);
}

void
confab_do_online(
	struct session *session, struct text tag, struct arguments *args)
{
	struct text users[LIST_LIMIT_MAX];
	const struct online_request request = {
		.users = users,
		.count = arguments_names(
			args, "users", USER_BYTES_MAX, users, ARRAY_LEN(users)),
	};

	if (args->code == CODE_OK)
		talk_online(session, tag, &request);
}

void
confab_do_rooms(
	struct session *session, struct text tag, struct arguments *args)
{
	const struct rooms_request request = {
		.listed = arguments_flag(args, "listed", false),
		.prefix = arguments_text(args, "prefix", ROOM_BYTES_MAX),
		.after = arguments_text(args, "after", ROOM_BYTES_MAX),
		.limit = arguments_number(
			args, "limit", 1, LIST_LIMIT_MAX, LIST_LIMIT),
	};

	if (args->code == CODE_OK)
		listing_rooms(session, tag, &request);
}
