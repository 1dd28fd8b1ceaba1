#include "worker/gateway/profiles/confab_args.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "shared/buffer.h"
#include "shared/message.h"
#include "shared/raw.h"
#include "worker/gateway/talk.h"

/* Up to here a double names each whole number. */
#define WHOLE_MAX 9007199254740992.0

void
args_fail(struct args *args, enum answer_code code, const char *format, ...)
{
	va_list list;

	if (args->code != CODE_OK)
		return;
	args->code = code;
	va_start(list, format);
	vsnprintf(args->error, sizeof(args->error), format, list);
	va_end(list);
}

bool
args_has(const struct args *args, const char *member)
{
	return json_object_get(args->data, member) != NULL;
}

struct text
args_name(struct args *args, const char *member, size_t max, bool is_needed)
{
	struct text name = TEXT_LITERAL("");

	if (!is_needed && !args_has(args, member))
		return name;
	if (json_get_text(args->data, member, &name) &&
		text_is_name(name, 1, max))
		return name;
	args_fail(args, CODE_BAD_REQUEST,
		"%s must be a string of 1 to %zu bytes without control "
		"characters",
		member, max);
	return TEXT_LITERAL("");
}

size_t
args_list(struct args *args, const char *member, size_t max, struct text *names,
	size_t room)
{
	const json_t *array = json_object_get(args->data, member);
	size_t count = json_array_size(array);
	bool is_good = count > 0 && count <= room;

	for (size_t i = 0; i < count && is_good; i++) {
		const json_t *name = json_array_get(array, i);

		names[i] = (struct text){
			json_string_value(name),
			json_string_length(name),
		};
		is_good =
			json_is_string(name) && text_is_name(names[i], 1, max);
	}
	if (!is_good) {
		args_fail(args, CODE_BAD_REQUEST,
			"%s must be 1 to %zu strings of 1 to %zu bytes without "
			"control characters",
			member, room, max);
		return 0;
	}
	return count;
}

size_t
args_names(struct args *args, const char *member, size_t max,
	struct text *names, size_t room)
{
	return text_sort(names, args_list(args, member, max, names, room));
}

struct text
args_text(struct args *args, const char *member, size_t max)
{
	struct text text = TEXT_LITERAL("");

	if (!args_has(args, member))
		return text;
	if (!json_get_text(args->data, member, &text) || text.length > max) {
		args_fail(args, CODE_BAD_REQUEST,
			"%s must be a string of at most %zu bytes", member,
			max);
		return TEXT_LITERAL("");
	}
	return text;
}

/* JSON has one kind of number, so 5.0 is 5; false when it is none of ours. */
static bool
whole_number(const json_t *value, uint64_t *number)
{
	double real = json_number_value(value);

	if (json_is_integer(value) && json_integer_value(value) >= 0) {
		*number = (uint64_t)json_integer_value(value);
		return true;
	}
	if (!json_is_real(value) || real < 0 || real > WHOLE_MAX)
		return false;
	*number = (uint64_t)real;
	return (double)*number == real;
}

uint64_t
args_number(struct args *args, const char *member, uint64_t min, uint64_t max,
	uint64_t standard)
{
	const json_t *value = json_object_get(args->data, member);
	uint64_t number;

	if (!value)
		return standard;
	if (whole_number(value, &number) && number >= min && number <= max)
		return number;
	args_fail(args, CODE_BAD_REQUEST,
		"%s must be an integer from %llu to %llu", member,
		(unsigned long long)min, (unsigned long long)max);
	return standard;
}

bool
args_flag(struct args *args, const char *member, bool standard)
{
	const json_t *value = json_object_get(args->data, member);

	if (!value)
		return standard;
	if (!json_is_boolean(value))
		args_fail(args, CODE_BAD_REQUEST, "%s must be true or false",
			member);
	return json_is_true(value);
}

bool
args_id(struct args *args, const char *member, uint64_t *time, uint64_t *origin)
{
	struct text id;

	if (json_get_text(args->data, member, &id) &&
		message_id_read(id, time, origin) && *time <= INT64_MAX)
		return true;
	args_fail(args, CODE_BAD_REQUEST, "%s must be the id of a message",
		member);
	return false;
}

struct conversation
args_conversation(struct args *args, bool may_be_inbox)
{
	bool is_inbox = may_be_inbox && args_flag(args, "inbox", false);
	int count = args_has(args, "room") + args_has(args, "user") + is_inbox;

	if (count != 1)
		args_fail(args, CODE_BAD_REQUEST,
			may_be_inbox ? "one of room, user and inbox:true is "
				       "needed, and only one"
				     : "one of room and user is needed, and "
				       "only one");
	return (struct conversation){
		.room = args_name(args, "room", ROOM_BYTES_MAX, false),
		.with = args_name(args, "user", USER_BYTES_MAX, false),
	};
}

/* What cannot be read is as if it had not been said. */
static uint64_t
read_id(const json_t *place)
{
	uint64_t id_time, origin;
	struct text id;

	if (json_get_text(place, "id", &id) &&
		message_id_read(id, &id_time, &origin))
		return id_time;
	return 0;
}

bool
args_place(struct args *args, const char *member, struct seen_place *seen)
{
	const json_t *place = json_object_get(args->data, member);
	const json_t *number = json_object_get(place, "offset");
	struct text name;

	*seen = (struct seen_place){ 0 };
	if (!place)
		return false;
	seen->id_time = read_id(place);
	if (!json_is_object(place))
		args_fail(args, CODE_BAD_REQUEST,
			"%s must be an object with epoch and offset", member);
	else if (!json_get_text(place, "epoch", &name))
		args_fail(args, CODE_BAD_REQUEST, "%s.epoch must be a string",
			member);
	else if (!json_is_number(number) ||
		 trunc(json_number_value(number)) != json_number_value(number))
		args_fail(args, CODE_BAD_REQUEST,
			"%s.offset must be an integer", member);
	else if (!whole_number(number, &seen->offset) ||
		 !message_epoch_read(name, &seen->epoch))
		seen->epoch = 0;
	return true;
}

bool
args_value(const struct args *args, const char *member, struct buffer *out)
{
	const json_t *value = json_object_get(args->data, member);
	struct text data, raw;

	if (!value)
		return false;
	if (raw_find(args->request, "data", &data) &&
		raw_find(data, member, &raw))
		raw_write_compact(out, raw);
	else
		json_write_value(out, value);
	return true;
}

void
args_not_yet(struct args *args, const char *const *members, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (args_has(args, members[i]))
			args_fail(args, CODE_BAD_REQUEST,
				"%s cannot be used in this version",
				members[i]);
}
