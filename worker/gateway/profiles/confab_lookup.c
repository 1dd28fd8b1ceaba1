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
confab_do_history(struct session *session, struct text tag, struct args *args)
{
	static const char *const later[] = { "user", "before_id", "after_id",
		"from_time" };
	struct history_request request = {
		.mode = LOOKUP_NEWEST,
		.limit = args_number(
			args, "limit", 1, HISTORY_LIMIT_MAX, HISTORY_LIMIT),
	};

	args_not_yet(args, later, ARRAY_LEN(later));
	request.room = args_name(args, "room", ROOM_BYTES_MAX, true);
	if (args_has(args, "before") && args_has(args, "after"))
		args_fail(args, CODE_BAD_REQUEST,
			"before and after cannot be used together");
	if (args_has(args, "before")) {
		request.mode = LOOKUP_BEFORE;
		request.anchor = args_number(args, "before", 1, INT64_MAX, 1);
	} else if (args_has(args, "after")) {
		request.mode = LOOKUP_AFTER;
		request.anchor = args_number(args, "after", 0, INT64_MAX, 0);
	}
	if (args->code == CODE_OK)
		talk_history(session, tag, &request);
}

/* Answered newest first: who searches wants what was said last. A search ends
 * where its page is full or its time is up; then the answer says more, and next
 * is the `before` of the request that goes on, even when nothing was found. */
void
confab_do_search(struct session *session, struct text tag, struct args *args)
{
	const struct search_request request = {
		.room = args_name(args, "room", ROOM_BYTES_MAX, true),
		.text = args_text(args, "text", SEARCH_BYTES_MAX),
		.from = args_name(args, "from", USER_BYTES_MAX, false),
		.from_time_ms = args_number(args, "from_time", 0, INT64_MAX, 0),
		.before = args_number(args, "before", 1, INT64_MAX, INT64_MAX),
		.limit = args_number(
			args, "limit", 1, SEARCH_LIMIT_MAX, SEARCH_LIMIT),
	};

	struct words words;

	if (!words_read(&words, request.text))
		args_fail(args, CODE_BAD_REQUEST,
			"text must be a string of 1 to %d words", WORDS_MAX);
	words_fini(&words);
	if (args->code == CODE_OK)
		talk_search(session, tag, &request);
}

void
confab_do_members(struct session *session, struct text tag, struct args *args)
{
	const struct members_request request = {
		.room = args_name(args, "room", ROOM_BYTES_MAX, true),
		.after = args_text(args, "after", USER_BYTES_MAX),
		.limit = args_number(
			args, "limit", 1, LIST_LIMIT_MAX, LIST_LIMIT),
	};

	if (args->code == CODE_OK)
		talk_members(session, tag, &request);
}

void
confab_do_online(struct session *session, struct text tag, struct args *args)
{
	struct text users[LIST_LIMIT_MAX];
	const struct online_request request = {
		.users = users,
		.count = args_names(
			args, "users", USER_BYTES_MAX, users, ARRAY_LEN(users)),
	};

	if (args->code == CODE_OK)
		talk_online(session, tag, &request);
}

void
confab_do_rooms(struct session *session, struct text tag, struct args *args)
{
	const struct rooms_request request = {
		.listed = args_flag(args, "listed", false),
		.prefix = args_text(args, "prefix", ROOM_BYTES_MAX),
		.after = args_text(args, "after", ROOM_BYTES_MAX),
		.limit = args_number(
			args, "limit", 1, LIST_LIMIT_MAX, LIST_LIMIT),
	};

	if (args->code == CODE_OK)
		listing_rooms(session, tag, &request);
}
