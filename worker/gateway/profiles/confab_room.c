#include "worker/gateway/profiles/confab_commands.h"

#include "shared/message.h"
#include "worker/gateway/profiles/confab_args.h"
#include "worker/gateway/session.h"
#include "worker/gateway/talk.h"

#define READ_OFFSET_MAX (INT64_MAX - 1)
#define NO_OFFSET UINT64_MAX

void
confab_do_join(struct session *session, struct text tag, struct arguments *args)
{
	struct join_request request = {
		.room = arguments_name(args, "room", ROOM_BYTES_MAX, true),
		.events = arguments_flag(args, "events", true),
		.presence = arguments_flag(args, "presence", true),
	};

	request.has_since = args_place(args, "since", &request.since);
	if (args->code == CODE_OK)
		talk_join(session, tag, &request);
}

void
confab_do_leave(
	struct session *session, struct text tag, struct arguments *args)
{
	struct text room = arguments_name(args, "room", ROOM_BYTES_MAX, true);

	if (args->code == CODE_OK)
		talk_leave(session, tag, room);
}

void
confab_do_read(struct session *session, struct text tag, struct arguments *args)
{
	const struct read_request request = {
		.of = args_conversation(args, false),
		.offset = arguments_number(
			args, "offset", 0, READ_OFFSET_MAX, NO_OFFSET),
	};

	if (request.offset == NO_OFFSET)
		arguments_fail(args, CODE_BAD_REQUEST, "offset is missing");
	if (args->code == CODE_OK)
		talk_read(session, tag, &request);
}
