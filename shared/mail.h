/*
 * Direct messages: one message that stands in several inboxes, the sender's and
 * that of each recipient, in each at an offset of its own. It is packed once,
 * as the sender's inbox sees it, with the other sides in message.others; a view
 * is the same message as the inbox of a recipient sees it: there the sender is
 * the only other side.
 *
 * A message to oneself stands in one inbox and has no other side.
 */
#ifndef SHARED_MAIL_H
#define SHARED_MAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/pack.h"
#include "shared/text.h"

struct buffer;
struct message;

#define MAIL_SIDES_MAX 1000

/* What the place of a side may take, more than when it had none. */
#define MAIL_PLACE_BYTES 9

/* One other side; offset 0: not remembered there. */
struct mail_side {
	struct text user;
	uint64_t offset;
};

void mail_add_side(struct buffer *others, const struct mail_side *side);

/* Reads the next one; false behind the last one, or when it makes no sense. */
bool mail_next_side(struct unpack *others, struct mail_side *side);

/* Is the user one of the others? Then *side is that one. */
bool mail_find_side(
	struct text others, struct text user, struct mail_side *side);

/* Is this a direct message that its inbox's own user has sent? */
bool mail_is_own(const struct message *message);

/* The message, packed as the sender's inbox sees it, as `side` does. others is
 * cleared and keeps the view's only other side; all else is borrowed. of_offset
 * is 0: in which place the side has what is changed, only its inbox can tell.
 */
void mail_view(const struct message *message, const struct mail_side *side,
	struct message *view, struct buffer *others);

#endif
