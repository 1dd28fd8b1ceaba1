#include "worker/gateway/profiles/confab_commands.h"

#include "shared/buffer.h"
#include "shared/clock.h"
#include "shared/message.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/login.h"
#include "worker/gateway/login_request.h"
#include "worker/gateway/profiles/confab_args.h"
#include "worker/gateway/session.h"
#include "worker/gateway/subscription.h"
#include "worker/gateway/talk.h"
#include "worker/gateway/voucher.h"

#define PLATFORM_STANDARD 101
#define PAYLOAD_KEEP_BYTES 65536

/* How long it may be is the core's business: a long one is as bad as another.
 */
static struct text
read_token(struct arguments *args)
{
	struct text token = TEXT_LITERAL("");

	if (arguments_has(args, "token") &&
		!json_get_text(args->data, "token", &token))
		arguments_fail(
			args, CODE_BAD_REQUEST, "token must be a string");
	return token;
}

void
confab_do_login(
	struct session *session, struct text tag, struct arguments *args)
{
	struct buffer *info = &session->gateway->body;
	struct login_request request = {
		.tenant =
			arguments_name(args, "tenant", TENANT_BYTES_MAX, false),
		.platform = (uint32_t)arguments_number(
			args, "platform", 0, UINT32_MAX, PLATFORM_STANDARD),
		.has_platform = arguments_has(args, "platform"),
	};

	request.has_inbox = args_place(args, "inbox", &request.inbox);
	request.token = read_token(args);
	if (arguments_has(args, "user") &&
		(!json_get_text(args->data, "user", &request.user) ||
			!text_is_name(request.user, 1, USER_BYTES_MAX)))
		arguments_fail(args, CODE_BAD_USER,
			"user must be a string of 1 to %d bytes without "
			"control characters",
			USER_BYTES_MAX);
	buffer_clear(info, PAYLOAD_KEEP_BYTES);
	if (args_value(args, "info", info))
		request.info = buffer_text(info);
	if (request.info.length > INFO_BYTES_MAX)
		arguments_fail(args, CODE_BAD_REQUEST,
			"info must be at most %d bytes of JSON",
			INFO_BYTES_MAX);
	if (args->code == CODE_OK)
		login_run(session, tag, &request);
}

void
confab_do_refresh(
	struct session *session, struct text tag, struct arguments *args)
{
	struct text token = read_token(args);

	if (args->code == CODE_OK)
		voucher_refresh(session, tag, token);
}

void
confab_do_logout(
	struct session *session, struct text tag, struct arguments *args)
{
	(void)args;
	login_end(session, tag);
}

void
confab_do_ping(struct session *session, struct text tag, struct arguments *args)
{
	const struct answer answer = {
		.kind = ANSWER_TIME,
		.unix_ms = clock_unix_ms(),
	};

	(void)args;
	session_answer(session, tag, &answer);
}

/* The types of the request, in `types`; none: every type. */
static struct types_request
read_types(struct arguments *args, struct text types[SUBSCRIPTION_TYPES_MAX])
{
	struct types_request request = { .types = types };

	if (arguments_has(args, "types"))
		request.count = arguments_list(args, "types", TYPE_BYTES_MAX,
			types, SUBSCRIPTION_TYPES_MAX);
	return request;
}

void
confab_do_subscribe(
	struct session *session, struct text tag, struct arguments *args)
{
	struct text types[SUBSCRIPTION_TYPES_MAX];
	const struct types_request request = read_types(args, types);

	if (args->code == CODE_OK)
		talk_subscribe(session, tag, &request);
}

void
confab_do_unsubscribe(
	struct session *session, struct text tag, struct arguments *args)
{
	struct text types[SUBSCRIPTION_TYPES_MAX];
	const struct types_request request = read_types(args, types);

	if (args->code == CODE_OK)
		talk_unsubscribe(session, tag, &request);
}
