#include "worker/gateway/profiles/confab_commands.h"

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/client_id.h"
#include "shared/mail.h"
#include "shared/message.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/profiles/confab_args.h"
#include "worker/gateway/session.h"
#include "worker/gateway/talk.h"

#define PAYLOAD_KEEP_BYTES 65536
#define TTL_SECONDS_MAX 315360000
#define NAMES_MAX MAIL_SIDES_MAX

/* To whom: one of these members. Those who are named are read into `names`,
 * which has room for as many as there may be. */
struct target {
	const char *member;
	enum say_to to;
	bool is_many;
	size_t bytes_max; /* of a name */
};

static const struct target targets[] = {
	{ "room", SAY_TO_ROOM, false, ROOM_BYTES_MAX },
	{ "user", SAY_TO_USERS, false, USER_BYTES_MAX },
	{ "users", SAY_TO_USERS, true, USER_BYTES_MAX },
	{ "client", SAY_TO_CLIENTS, false, CLIENT_ID_LENGTH },
	{ "clients", SAY_TO_CLIENTS, true, CLIENT_ID_LENGTH },
	{ "all", SAY_TO_ALL, false, 0 },
};

/* NULL, and failed, when there is none or more than one. */
static const struct target *
find_target(struct arguments *args)
{
	const struct target *found = NULL;
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
		if (!arguments_has(args, targets[i].member))
			continue;
		found = &targets[i];
		count++;
	}
	if (count == 1)
		return found;
	arguments_fail(args, CODE_BAD_REQUEST,
		"exactly one of room, user, users, client, clients and all "
		"says to whom");
	return NULL;
}

static void
read_names(struct arguments *args, const struct target *target,
	struct say_request *request, struct text *names)
{
	request->names = names;
	if (target->is_many) {
		request->count = arguments_names(args, target->member,
			target->bytes_max, names, NAMES_MAX);
		return;
	}
	names[0] =
		arguments_name(args, target->member, target->bytes_max, true);
	request->count = 1;
	request->must_be_known = true;
}

static void
read_target(
	struct arguments *args, struct say_request *request, struct text *names)
{
	const struct target *target = find_target(args);

	if (!target)
		return;
	request->to = target->to;
	if (target->to == SAY_TO_ALL) {
		if (!arguments_flag(args, "all", true))
			arguments_fail(
				args, CODE_BAD_REQUEST, "all must be true");
	} else if (target->to == SAY_TO_ROOM) {
		request->room =
			arguments_name(args, "room", target->bytes_max, true);
	} else {
		read_names(args, target, request, names);
	}
	if (!arguments_has(args, "platform"))
		return;
	if (!arguments_has(args, "user"))
		arguments_fail(args, CODE_BAD_REQUEST,
			"platform can be said of a user alone");
	request->only_platform =
		1 + arguments_number(args, "platform", 0, UINT32_MAX, 0);
}

static void
read_keep(struct arguments *args, struct say_request *request)
{
	bool keep = arguments_flag(args, "keep", false);

	if (!arguments_has(args, "keep"))
		return;
	request->keep = keep ? SAY_KEEP : SAY_PASS;
	if (keep &&
		(request->to == SAY_TO_CLIENTS || request->to == SAY_TO_ALL))
		arguments_fail(args, CODE_BAD_REQUEST,
			"keep cannot be true: what is said to client, clients "
			"or all is not remembered");
}

void
confab_do_say(struct session *session, struct text tag, struct arguments *args)
{
	struct buffer *body = &session->gateway->body;
	struct text names[NAMES_MAX];
	struct say_request request = { 0 };

	read_target(args, &request, names);
	read_keep(args, &request);
	request.type = arguments_name(args, "type", TYPE_BYTES_MAX, false);
	request.key = arguments_name(args, "key", KEY_BYTES_MAX, false);
	request.echo = arguments_flag(args, "echo", false);
	request.ttl_ms =
		1000 * arguments_number(args, "ttl", 1, TTL_SECONDS_MAX, 0);
	if (request.type.length == 0)
		request.type = TEXT_LITERAL("text");
	buffer_clear(body, PAYLOAD_KEEP_BYTES);
	if (!args_value(args, "body", body))
		arguments_fail(args, CODE_BAD_REQUEST, "body is missing");
	request.body = buffer_text(body);
	if (args->code != CODE_OK)
		return;
	if (request.to == SAY_TO_ROOM)
		talk_say(session, tag, &request);
	else
		talk_mail(session, tag, &request);
}
