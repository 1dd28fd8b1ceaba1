#include "worker/gateway/profiles/confab_commands.h"

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/message.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/profiles/confab_args.h"
#include "worker/gateway/session.h"
#include "worker/gateway/talk.h"

#define PAYLOAD_KEEP_BYTES 65536

/* keep:true says what rooms do anyway. */
static void
refuse_later_ways_to_say(struct args *args)
{
	static const char *const later[] = { "user", "users", "client",
		"clients", "all", "ttl" };

	args_not_yet(args, later, ARRAY_LEN(later));
	if (!args_flag(args, "keep", true))
		args_fail(args, CODE_BAD_REQUEST,
			"keep:false cannot be used in this version");
}

void
confab_do_say(struct session *session, struct text tag, struct args *args)
{
	struct buffer *body = &session->gateway->body;
	struct say_request request = { 0 };

	refuse_later_ways_to_say(args);
	request.room = args_name(args, "room", ROOM_BYTES_MAX, true);
	request.type = args_name(args, "type", TYPE_BYTES_MAX, false);
	request.key = args_name(args, "key", KEY_BYTES_MAX, false);
	request.echo = args_flag(args, "echo", false);
	if (request.type.length == 0)
		request.type = TEXT_LITERAL("text");
	buffer_clear(body, PAYLOAD_KEEP_BYTES);
	if (!args_value(args, "body", body))
		args_fail(args, CODE_BAD_REQUEST, "body is missing");
	request.body = buffer_text(body);
	if (args->code == CODE_OK)
		talk_say(session, tag, &request);
}
