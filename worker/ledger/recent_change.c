#include "shared/base.h"
#include "shared/records.h"
#include "worker/ledger/places.h"
#include "worker/ledger/recent.h"
#include "worker/ledger/streams.h"

static bool
is_named(const struct recent_text *text, const struct message *change)
{
	return text->id_time == change->of_time &&
	       text->id_origin == change->of_origin;
}

static bool
changes_the_same(const struct recent_text *text, const struct message *change)
{
	return text->flags & MESSAGE_EDIT && text->of_time == change->of_time &&
	       text->of_origin == change->of_origin;
}

/* What others have not yet seen of an earlier body they never will. */
static void
change_text(struct recent *recent, struct recent_text *text,
	const struct message *change)
{
	struct unpack in = unpack_of(recent_text_packed(text));
	struct message message;

	must(message_unpack(&in, &message));
	if (message.flags & MESSAGE_DELETED ||
		!message_may_change(change->flags, change->from, message.from))
		return;
	if (change->flags & MESSAGE_DELETE) {
		message.body = TEXT_LITERAL("null");
		message.flags |= MESSAGE_DELETED;
	} else {
		message.body = change->body;
		if (change->type.length > 0)
			message.type = change->type;
		message.flags |= MESSAGE_EDITED;
	}
	message.changed = message_unix_ms(change->id_time);
	recent_text_replace(recent, text, &message);
}

/* Ids grow along a stream, so nothing in front of the message is looked at.
 * true: the message is there, and all that changed it before. */
static bool
change_stream(struct recent *recent, const struct stream *stream,
	const struct message *change)
{
	const struct recent_message *at = recent_last(stream);

	for (; at != NULL; at = recent_previous(at)) {
		struct recent_text *text = at->text;

		if (text->id_time < change->of_time)
			return false;
		if (is_named(text, change) || changes_the_same(text, change))
			change_text(recent, text, change);
		if (is_named(text, change))
			return true;
	}
	return false;
}

/* All places share the text, so the first that still has it is enough. */
void
recent_change(struct recent *recent, const struct streams *streams,
	const struct message *message)
{
	struct places places = places_of(message);
	bool is_done = !(message->flags & MESSAGE_CHANGES);
	struct place place;

	while (!is_done && places_next(&places, &place)) {
		const struct stream *stream =
			streams_find(streams, &place.name);

		is_done = stream != NULL &&
			  change_stream(recent, stream, message);
	}
}
