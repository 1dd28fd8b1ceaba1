#include "worker/gateway/profiles/confab_args.h"

#include <math.h>

#include "shared/buffer.h"
#include "shared/codes.h"
#include "shared/message.h"
#include "shared/raw.h"
#include "worker/gateway/talk.h"

struct conversation
args_conversation(struct arguments *args, bool may_be_inbox)
{
	bool is_inbox = may_be_inbox && arguments_flag(args, "inbox", false);
	int count = arguments_has(args, "room") + arguments_has(args, "user") +
		    is_inbox;

	if (count != 1)
		arguments_fail(args, CODE_BAD_REQUEST,
			may_be_inbox ? "one of room, user and inbox:true is "
				       "needed, and only one"
				     : "one of room and user is needed, and "
				       "only one");
	return (struct conversation){
		.room = arguments_name(args, "room", ROOM_BYTES_MAX, false),
		.with = arguments_name(args, "user", USER_BYTES_MAX, false),
	};
}

/* What cannot be read is as if it had not been said. */
static void
read_id(const json_t *place, struct seen_place *seen)
{
	struct text id;

	if (!json_get_text(place, "id", &id) ||
		!message_id_read(id, &seen->id_time, &seen->id_origin))
		seen->id_time = seen->id_origin = 0;
}

bool
args_place(struct arguments *args, const char *member, struct seen_place *seen)
{
	const json_t *place = json_object_get(args->data, member);
	const json_t *number = json_object_get(place, "offset");
	struct text name;

	*seen = (struct seen_place){ 0 };
	if (!place)
		return false;
	read_id(place, seen);
	if (!json_is_object(place))
		arguments_fail(args, CODE_BAD_REQUEST,
			"%s must be an object with epoch and offset", member);
	else if (!json_get_text(place, "epoch", &name))
		arguments_fail(args, CODE_BAD_REQUEST,
			"%s.epoch must be a string", member);
	else if (!json_is_number(number) ||
		 trunc(json_number_value(number)) != json_number_value(number))
		arguments_fail(args, CODE_BAD_REQUEST,
			"%s.offset must be an integer", member);
	else if (!arguments_whole_number(number, &seen->offset) ||
		 !message_epoch_read(name, &seen->epoch))
		seen->epoch = 0;
	return true;
}

bool
args_value(const struct arguments *args, const char *member, struct buffer *out)
{
	const json_t *value = json_object_get(args->data, member);
	struct text data, raw;

	if (!value)
		return false;
	if (raw_find(args->source, "data", &data) &&
		raw_find(data, member, &raw))
		raw_write_compact(out, raw);
	else
		json_write_value(out, value);
	return true;
}

void
args_not_yet(struct arguments *args, const char *const *members, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (arguments_has(args, members[i]))
			arguments_fail(args, CODE_BAD_REQUEST,
				"%s cannot be used in this version",
				members[i]);
}
