#include "shared/mail.h"

#include "shared/buffer.h"
#include "shared/records.h"

#define KEEP_BYTES 4096

void
mail_add_side(struct buffer *others, const struct mail_side *side)
{
	pack_text(others, side->user);
	pack_number(others, side->offset);
}

bool
mail_next_side(struct unpack *others, struct mail_side *side)
{
	if (others->failed || others->at == others->end)
		return false;
	side->user = unpack_text(others);
	side->offset = unpack_number(others);
	return !others->failed;
}

bool
mail_find_side(struct text others, struct text user, struct mail_side *side)
{
	struct unpack in = unpack_of(others);

	while (mail_next_side(&in, side))
		if (text_equal(side->user, user))
			return true;
	return false;
}

bool
mail_is_own(const struct message *message)
{
	return text_equal(message->stream, message->from);
}

void
mail_view(const struct message *message, const struct mail_side *side,
	struct message *view, struct buffer *others)
{
	const struct mail_side sender = { message->stream, message->offset };

	buffer_clear(others, KEEP_BYTES);
	mail_add_side(others, &sender);
	*view = *message;
	view->stream = side->user;
	view->offset = side->offset;
	view->of_offset = 0;
	view->others = buffer_text(others);
}
