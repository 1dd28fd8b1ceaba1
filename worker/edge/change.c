#include "worker/edge/change.h"

#include "shared/clock.h"
#include "shared/mail.h"
#include "shared/message.h"

bool
change_find(const struct page *page, uint64_t id_time, uint64_t id_origin,
	struct message *found)
{
	struct unpack in = unpack_of(page->messages);
	struct unpack one;

	if (page->count != 1)
		return false;
	one = unpack_of(unpack_text(&in));
	return message_unpack(&one, found) && found->id_time == id_time &&
	       found->id_origin == id_origin &&
	       !(found->flags & (MESSAGE_CHANGES | MESSAGE_DELETED)) &&
	       !message_is_over(found->until, clock_unix_ms());
}

struct message
change_message(const struct message *found, struct text body)
{
	bool is_deletion = body.length == 0;

	return (struct message){
		.kind = found->kind,
		.tenant = found->tenant,
		.stream = found->stream,
		.type = found->type,
		.body = is_deletion ? TEXT_LITERAL("null") : body,
		.flags = is_deletion ? MESSAGE_DELETE : MESSAGE_EDIT,
		.until = found->until,
		.only_platform = found->only_platform,
		.of_time = found->id_time,
		.of_origin = found->id_origin,
		.of_offset = found->offset,
	};
}

size_t
change_copy_sides(struct buffer *sides, struct text others)
{
	struct unpack in = unpack_of(others);
	struct mail_side side;
	size_t count = 0;

	while (mail_next_side(&in, &side)) {
		side.offset = 0;
		mail_add_side(sides, &side);
		count++;
	}
	return count;
}
