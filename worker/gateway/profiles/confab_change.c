#include "worker/gateway/profiles/confab_commands.h"

#include "shared/buffer.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/profiles/confab_args.h"
#include "worker/gateway/session.h"
#include "worker/gateway/talk.h"

#define PAYLOAD_KEEP_BYTES 65536

static struct change_request
read_change(struct arguments *args)
{
	struct change_request request = {
		.of = args_conversation(args, false),
	};

	arguments_id(args, "id", &request.id_time, &request.id_origin);
	return request;
}

void
confab_do_edit(struct session *session, struct text tag, struct arguments *args)
{
	struct change_request request = read_change(args);
	struct buffer *body = &session->gateway->body;

	buffer_clear(body, PAYLOAD_KEEP_BYTES);
	if (!args_value(args, "body", body))
		arguments_fail(args, CODE_BAD_REQUEST, "body is missing");
	request.body = buffer_text(body);
	if (args->code == CODE_OK)
		talk_change(session, tag, &request);
}

void
confab_do_delete(
	struct session *session, struct text tag, struct arguments *args)
{
	struct change_request request = read_change(args);

	request.is_deletion = true;
	if (args->code == CODE_OK)
		talk_change(session, tag, &request);
}
