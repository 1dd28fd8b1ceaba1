#include "worker/api/verdict.h"

#include <string.h>

#include "shared/message.h"
#include "shared/pack.h"

#define ERROR_BYTES_MAX 512
#define NOT_ALLOWED "the backend does not allow it"

static const char *
read_allow(struct verdict *verdict)
{
	const json_t *allow = json_object_get(verdict->object, "allow");

	if (allow != NULL && !json_is_boolean(allow))
		return "allow is neither true nor false";
	if (allow != NULL && !json_is_true(allow))
		verdict->hooked.verdict = HOOKED_REFUSED;
	return NULL;
}

/* Its own words for the client, if it has any. */
static const char *
read_error(struct verdict *verdict)
{
	struct text error;

	verdict->hooked.error = text_of(NOT_ALLOWED);
	if (json_object_get(verdict->object, "error") == NULL)
		return NULL;
	if (!json_get_text(verdict->object, "error", &error) ||
		error.length > ERROR_BYTES_MAX)
		return "error is no string, or too long";
	if (error.length > 0)
		verdict->hooked.error = error;
	return NULL;
}

static const char *
read_name(const struct verdict *verdict, const char *member, size_t max,
	struct text *name)
{
	if (json_object_get(verdict->object, member) == NULL)
		return NULL;
	if (json_get_text(verdict->object, member, name) &&
		text_is_name(*name, 1, max))
		return NULL;
	return "user or type is no such name";
}

static void
read_value(const struct verdict *verdict, const char *member,
	struct buffer *json, struct text *text)
{
	const json_t *value = json_object_get(verdict->object, member);

	if (value == NULL)
		return;
	json_write_value(json, value);
	*text = buffer_text(json);
}

static const char *
read_rooms(struct verdict *verdict)
{
	const json_t *rooms = json_object_get(verdict->object, "rooms");
	const json_t *room;
	size_t i;

	if (rooms == NULL)
		return NULL;
	if (!json_is_array(rooms) || json_array_size(rooms) > HOOKED_ROOMS_MAX)
		return "rooms is no list, or too long";
	json_array_foreach(rooms, i, room)
	{
		struct text name = { json_string_value(room),
			json_string_length(room) };

		if (!json_is_string(room) ||
			!text_is_name(name, 1, ROOM_BYTES_MAX))
			return "rooms has what is no name of a room";
		pack_text(&verdict->rooms, name);
	}
	verdict->hooked.room_count = json_array_size(rooms);
	verdict->hooked.rooms = buffer_text(&verdict->rooms);
	return NULL;
}

static const char *
read_login(struct verdict *verdict)
{
	struct hooked *hooked = &verdict->hooked;
	const char *why =
		read_name(verdict, "user", USER_BYTES_MAX, &hooked->user);

	read_value(verdict, "info", &verdict->info, &hooked->info);
	if (why == NULL && hooked->info.length > INFO_BYTES_MAX)
		why = "info is too large";
	return why ? why : read_rooms(verdict);
}

static const char *
read_message(struct verdict *verdict)
{
	read_value(verdict, "body", &verdict->body, &verdict->hooked.body);
	return read_name(
		verdict, "type", TYPE_BYTES_MAX, &verdict->hooked.type);
}

static const char *
read_object(struct verdict *verdict, enum hook_what what)
{
	const char *why = read_allow(verdict);

	if (why != NULL)
		return why;
	if (verdict->hooked.verdict == HOOKED_REFUSED)
		return read_error(verdict);
	return what == HOOK_CONNECT ? read_login(verdict)
				    : read_message(verdict);
}

static bool
is_blank(struct text text)
{
	for (size_t i = 0; i < text.length; i++)
		if (memchr(" \t\r\n", text.at[i], 4) == NULL)
			return false;
	return true;
}

void
verdict_read(struct verdict *verdict, enum hook_what what, unsigned status,
	struct text text, const char **why)
{
	bool is_refusal = status == 403;

	*verdict = (struct verdict){ .hooked = { .verdict = HOOKED_ALLOWED } };
	*why = NULL;
	if (is_refusal)
		verdict->hooked = (struct hooked){ .verdict = HOOKED_REFUSED,
			.error = text_of(NOT_ALLOWED) };
	else if (status < 200 || status > 299)
		*why = "its status is none that allows or refuses";
	if (*why == NULL && !is_blank(text)) {
		verdict->object = json_read_object(text);
		if (verdict->object == NULL && !is_refusal)
			*why = "it is no JSON object";
		else if (verdict->object && is_refusal)
			read_error(verdict);
		else if (verdict->object)
			*why = read_object(verdict, what);
	}
	if (*why != NULL)
		verdict->hooked = (struct hooked){ .verdict = HOOKED_DOWN };
}

void
verdict_fini(struct verdict *verdict)
{
	json_decref(verdict->object);
	buffer_fini(&verdict->info);
	buffer_fini(&verdict->body);
	buffer_fini(&verdict->rooms);
}
