#include "worker/gateway/profiles/confab_commands.h"

#include "shared/message.h"
#include "worker/gateway/profiles/confab_args.h"
#include "worker/gateway/session.h"
#include "worker/gateway/talk.h"

void
confab_do_join(struct session *session, struct text tag, struct args *args)
{
	struct join_request request = {
		.room = args_name(args, "room", ROOM_BYTES_MAX, true),
		.events = args_flag(args, "events", true),
		.presence = args_flag(args, "presence", true),
	};

	request.has_since = args_place(
		args, "since", &request.since_epoch, &request.since_offset);
	if (args->code == CODE_OK)
		talk_join(session, tag, &request);
}

void
confab_do_leave(struct session *session, struct text tag, struct args *args)
{
	struct text room = args_name(args, "room", ROOM_BYTES_MAX, true);

	if (args->code == CODE_OK)
		talk_leave(session, tag, room);
}
