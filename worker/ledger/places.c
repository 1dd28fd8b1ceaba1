#include "worker/ledger/places.h"

#include "shared/mail.h"
#include "shared/records.h"

static bool
is_user(struct text name)
{
	return name.length > 0 && name.length <= USER_BYTES_MAX;
}

static bool
sides_are_good(const struct message *message)
{
	struct unpack in = unpack_of(message->others);
	struct text users[MAIL_SIDES_MAX + 1];
	struct mail_side side;
	size_t count = 0;

	users[count++] = message->stream;
	while (mail_next_side(&in, &side)) {
		if (count > MAIL_SIDES_MAX || !is_user(side.user))
			return false;
		users[count++] = side.user;
	}
	return !in.failed && text_sort(users, count) == count;
}

bool
places_are_good(const struct message *message)
{
	if (message->tenant.length > TENANT_BYTES_MAX)
		return false;
	if (message->kind == STREAM_ROOM)
		return message->stream.length > 0 &&
		       message->stream.length <= ROOM_BYTES_MAX &&
		       message->others.length == 0;
	return message->kind == STREAM_INBOX && is_user(message->stream) &&
	       mail_is_own(message) && sides_are_good(message);
}

struct places
places_of(const struct message *message)
{
	return (struct places){ .message = message,
		.others = unpack_of(message->others) };
}

bool
places_next(struct places *places, struct place *place)
{
	const struct message *message = places->message;
	struct mail_side side = { message->stream, message->offset };

	place->is_view = places->has_begun;
	if (places->has_begun && !mail_next_side(&places->others, &side))
		return false;
	places->has_begun = true;
	place->user = side.user;
	place->offset = side.offset;
	stream_name_make(&place->name, (unsigned)message->kind, message->tenant,
		side.user);
	return true;
}
