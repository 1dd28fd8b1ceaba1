#include "shared/base.h"
#include "shared/config.h"
#include "shared/records.h"
#include "worker/ledger/places.h"
#include "worker/ledger/recent.h"
#include "worker/ledger/streams.h"

/*
 * Messages and changes of one host come in the order of their ids; those of two
 * hosts in any order, and a change even before its message. So that all hosts
 * come to the same end, a deletion is the end, and of two edits the one with
 * the later id counts.
 */

static int
compare_ids(
	uint64_t time_a, uint64_t origin_a, uint64_t time_b, uint64_t origin_b)
{
	if (time_a != time_b)
		return time_a < time_b ? -1 : 1;
	if (origin_a != origin_b)
		return origin_a < origin_b ? -1 : 1;
	return 0;
}

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

/* Has the text a body that was given later than this one? */
static bool
is_overtaken(const struct recent_text *text, const struct message *change)
{
	if (change->flags & MESSAGE_DELETE)
		return false;
	return compare_ids(text->changed_time, text->changed_origin,
		       change->id_time, change->id_origin) >= 0 ||
	       (text->flags & MESSAGE_EDIT &&
		       compare_ids(text->id_time, text->id_origin,
			       change->id_time, change->id_origin) >= 0);
}

/* What others have not yet seen of an earlier body they never will. */
static bool
change_text(struct recent *recent, struct recent_text *text,
	const struct message *change)
{
	struct unpack in = unpack_of(recent_text_packed(text));
	struct message message;

	must(message_unpack(&in, &message));
	if (message.flags & MESSAGE_DELETED || is_overtaken(text, change) ||
		!message_may_change(change->flags, change->from, message.from))
		return false;
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
	text->changed_time = change->id_time;
	text->changed_origin = change->id_origin;
	return true;
}

/* Nothing in front of a message that was said here is looked at; one of another
 * host may stand anywhere. */
static bool
is_in_front(const struct recent *recent, const struct recent_text *text,
	const struct message *change)
{
	return text->clock < change->of_time &&
	       message_origin_host(change->of_origin) ==
		       (unsigned)recent->config->host_id;
}

/* In front of a message that was said here there is nothing that changes it.
 * true: the message is there, and all that changed it before. */
static bool
change_stream(struct recent *recent, const struct stream *stream,
	const struct message *change)
{
	const struct recent_message *at = recent_last(stream);
	bool is_there = false;

	for (; at != NULL; at = recent_previous(at)) {
		struct recent_text *text = at->text;

		if (is_in_front(recent, text, change))
			break;
		if (is_named(text, change) || changes_the_same(text, change))
			change_text(recent, text, change);
		if (!is_named(text, change))
			continue;
		is_there = true;
		if (text->clock == text->id_time)
			break;
	}
	return is_there;
}

/* Perhaps what it changes has not come yet. */
static void
await_changed(const struct streams *streams, const struct message *change)
{
	struct places places = places_of(change);
	struct place place;

	while (places_next(&places, &place)) {
		struct stream *stream = streams_find(streams, &place.name);

		if (stream != NULL)
			stream->awaited_to =
				MAX_OF(stream->awaited_to, change->of_time);
	}
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
	if (!is_done && message->placed != 0)
		await_changed(streams, message);
}

/* Is what stands there a change of the message, or of what that changes too? */
static bool
is_change_of(const struct recent_text *text, const struct message *message)
{
	if (!(text->flags & MESSAGE_CHANGES))
		return false;
	if (message->flags & MESSAGE_CHANGES)
		return text->of_time == message->of_time &&
		       text->of_origin == message->of_origin;
	return text->of_time == message->id_time &&
	       text->of_origin == message->id_origin;
}

/* A change that was deleted meanwhile has nothing to give. */
static bool
apply(struct recent *recent, struct recent_text *text,
	const struct recent_message *at)
{
	struct unpack in = unpack_of(recent_text_packed(at->text));
	struct message change;

	must(message_unpack(&in, &change));
	if (change.flags & MESSAGE_DELETED && change.flags & MESSAGE_EDIT)
		return false;
	if (at->text->changed_time > change.id_time) {
		change.id_time = at->text->changed_time;
		change.id_origin = at->text->changed_origin;
	}
	return change_text(recent, text, &change);
}

bool
recent_settle(struct recent *recent, const struct streams *streams,
	const struct message *message, struct recent_text *text)
{
	struct places places = places_of(message);
	const struct recent_message *at;
	bool has_changed = false;
	struct place place;

	if (message->placed == 0 || message->flags & MESSAGE_DELETE)
		return false;
	while (places_next(&places, &place)) {
		const struct stream *stream =
			streams_find(streams, &place.name);

		if (stream == NULL || stream->recent == NULL)
			continue;
		for (at = recent_last(stream); at; at = recent_previous(at))
			if (is_change_of(at->text, message))
				has_changed |= apply(recent, text, at);
	}
	return has_changed;
}
