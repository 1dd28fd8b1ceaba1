#include "worker/api/speech.h"

#include "shared/base.h"
#include "shared/client_id.h"
#include "shared/clock.h"
#include "shared/codes.h"
#include "shared/message.h"
#include "shared/raw.h"
#include "worker/edge/arguments.h"

#define TTL_SECONDS_MAX 315360000

/* Who speaks when nobody is named. */
#define NOBODY TEXT_LITERAL("system")

/* To whom: one of these members. */
struct target {
	const char *member;
	enum speech_to to;
	bool is_many;
	size_t bytes_max; /* of a name */
};

static const struct target targets[] = {
	{ "room", SPEECH_TO_ROOMS, false, ROOM_BYTES_MAX },
	{ "rooms", SPEECH_TO_ROOMS, true, ROOM_BYTES_MAX },
	{ "user", SPEECH_TO_USERS, false, USER_BYTES_MAX },
	{ "users", SPEECH_TO_USERS, true, USER_BYTES_MAX },
	{ "client", SPEECH_TO_CLIENTS, false, CLIENT_ID_LENGTH },
	{ "clients", SPEECH_TO_CLIENTS, true, CLIENT_ID_LENGTH },
	{ "all", SPEECH_TO_ALL, false, 0 },
};

/* NULL, and failed, when there is none or more than one. */
static const struct target *
find_target(struct arguments *arguments)
{
	const struct target *found = NULL;
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
		if (!arguments_has(arguments, targets[i].member))
			continue;
		found = &targets[i];
		count++;
	}
	if (count == 1)
		return found;
	arguments_fail(arguments, CODE_BAD_REQUEST,
		"exactly one of room, rooms, user, users, client, clients and "
		"all says to whom");
	return NULL;
}

static void
read_names(struct speech *speech, struct arguments *arguments,
	const struct target *target)
{
	speech->is_many = target->is_many;
	if (!target->is_many) {
		speech->names[0] = arguments_name(
			arguments, target->member, target->bytes_max, true);
		speech->count = 1;
		return;
	}
	speech->count = arguments_list(arguments, target->member,
		target->bytes_max, speech->names, SPEECH_NAMES_MAX);
	speech->count = text_sort(speech->names, speech->count);
}

static void
read_platform(struct speech *speech, struct arguments *arguments)
{
	if (!arguments_has(arguments, "platform"))
		return;
	if (!arguments_has(arguments, "user"))
		arguments_fail(arguments, CODE_BAD_REQUEST,
			"platform can be said of a user alone");
	speech->only_platform =
		1 + arguments_number(arguments, "platform", 0, UINT32_MAX, 0);
}

static void
read_target(struct speech *speech, struct arguments *arguments)
{
	const struct target *target = find_target(arguments);

	if (!target)
		return;
	speech->to = target->to;
	if (target->to != SPEECH_TO_ALL)
		read_names(speech, arguments, target);
	else if (!arguments_flag(arguments, "all", true))
		arguments_fail(arguments, CODE_BAD_REQUEST, "all must be true");
	read_platform(speech, arguments);
}

static void
read_keep(struct speech *speech, struct arguments *arguments)
{
	bool keep = arguments_flag(arguments, "keep", false);

	speech->keep = SPEECH_AS_USUAL;
	if (!arguments_has(arguments, "keep"))
		return;
	speech->keep = keep ? SPEECH_KEEP : SPEECH_PASS;
	if (keep && (speech->to == SPEECH_TO_CLIENTS ||
			    speech->to == SPEECH_TO_ALL))
		arguments_fail(arguments, CODE_BAD_REQUEST,
			"keep cannot be true: what is said to client, clients "
			"or all is not remembered");
}

static void
read_body(struct speech *speech, struct arguments *arguments, struct text raw)
{
	const json_t *body = json_object_get(arguments->data, "body");
	struct text found;

	if (!body)
		arguments_fail(arguments, CODE_BAD_REQUEST, "body is missing");
	else if (raw_find(raw, "body", &found))
		raw_write_compact(&speech->body, found);
	else
		json_write_value(&speech->body, body);
}

void
speech_read(struct speech *speech, struct arguments *arguments, struct text raw,
	struct text key)
{
	uint64_t ttl_s;

	speech->to = SPEECH_TO_ROOMS;
	speech->count = 0;
	speech->is_many = false;
	speech->only_platform = 0;
	speech->has_shared_key = false;
	speech->body = (struct buffer){ 0 };
	read_target(speech, arguments);
	read_keep(speech, arguments);
	speech->from = arguments_name(arguments, "from", USER_BYTES_MAX, false);
	if (speech->from.length == 0)
		speech->from = NOBODY;
	speech->type = arguments_name(arguments, "type", TYPE_BYTES_MAX, false);
	if (speech->type.length == 0)
		speech->type = TEXT_LITERAL("text");
	speech->key = arguments_name(arguments, "key", KEY_BYTES_MAX, false);
	if (speech->key.length == 0)
		speech->key = key;
	ttl_s = arguments_number(arguments, "ttl", 1, TTL_SECONDS_MAX, 0);
	speech->until = ttl_s ? clock_unix_ms() + 1000 * ttl_s : 0;
	read_body(speech, arguments, raw);
}
