/*
 * Marks and what was taken away say where by the id of a message; which place
 * that is here, memory tells, or the turn itself. What nobody here knows is
 * counted and passed over.
 */
#include "shared/bans.h"
#include "shared/bans_writer.h"
#include "shared/base.h"
#include "shared/scoreboard.h"
#include "shared/systems.h"
#include "worker/ledger/answers_inside.h"
#include "worker/ledger/packed.h"
#include "worker/ledger/places.h"
#include "worker/ledger/turn_haul_item.h"

/* So many messages of the turn are looked at for the one that was read. */
#define LOOK_BACK_MAX 1024

/* A note of another host, as one of ours. */
static void
stage_note(struct ledger *ledger, const struct host_source *source,
	struct message *message)
{
	size_t packed;

	turn_haul_stamp(ledger, source, message);
	if (!turn_stage(ledger, message, 0, &packed)) {
		row_count(ledger->row, COUNTER_HAULED_BAD, 1);
		return;
	}
	ledger->turn.note_count++;
	turn_haul_add(&ledger->turn, packed, message);
}

static void
count_lost(struct ledger *ledger)
{
	row_count(ledger->row, COUNTER_HAULED_LOST, 1);
}

/* Where a message of the turn stands in this stream; 0: not at all. */
static uint64_t
offset_in(struct ledger *ledger, const struct hauled *hauled,
	const struct stream_name *name)
{
	struct unpack in = letter_open(
		packed_letter(&ledger->turn.packed, hauled->packed));
	struct message message;
	struct places places;
	struct place place;

	must(message_unpack(&in, &message));
	places = places_of(&message);
	while (message.offset > 0 && places_next(&places, &place))
		if (text_equal(stream_name_text(&place.name),
			    stream_name_text(name)))
			return place.offset;
	return 0;
}

/* Is it the message that the note names? */
static bool
is_named(uint64_t id_time, uint64_t id_origin, const struct message *note)
{
	if (note->flags & MESSAGE_TRIM && note->of_origin == 0)
		return id_time > 0 && id_time <= note->of_time;
	return id_time == note->of_time && id_origin == note->of_origin;
}

/* Of the messages of the turn, which memory does not have yet. */
static uint64_t
find_in_turn(struct ledger *ledger, const struct message *note,
	const struct stream_name *name)
{
	const struct turn *turn = &ledger->turn;
	size_t least = turn->hauled_count -
		       MIN_OF(turn->hauled_count, (size_t)LOOK_BACK_MAX);

	for (size_t i = turn->hauled_count; i > least; i--) {
		const struct hauled *hauled = &turn->hauled[i - 1];
		uint64_t offset = 0;

		if (is_named(hauled->id_time, hauled->id_origin, note))
			offset = offset_in(ledger, hauled, name);
		if (offset > 0)
			return offset;
	}
	return 0;
}

/* Our place of the message that another host's note names; 0: nobody knows. */
static uint64_t
find_offset(struct ledger *ledger, const struct message *note,
	struct text stream_called)
{
	const struct recent_message *at = NULL;
	const struct stream *stream;
	struct stream_name name;
	uint64_t offset;

	if (note->of_time == 0)
		return 0;
	stream_name_make(
		&name, (unsigned)note->kind, note->tenant, stream_called);
	offset = find_in_turn(ledger, note, &name);
	stream = streams_find(&ledger->streams, &name);
	if (offset > 0 || stream == NULL)
		return offset;
	if (note->flags & MESSAGE_TRIM && note->of_origin == 0)
		at = recent_find_said(stream, note->of_time);
	else
		at = recent_find_id(stream, note->of_time, note->of_origin);
	return at ? at->offset : 0;
}

/* The same of a mark. What comes late our historian has looked for: told. */
static uint64_t
offset_of(struct ledger *ledger, const struct host_source *source,
	const struct message *note, struct text stream_called, uint64_t told)
{
	uint64_t offset = find_offset(ledger, note, stream_called);
	const struct stream *stream;

	if (offset > 0 || !hosts_is_hole(source) ||
		ledger->historian == NO_SLOT)
		return offset;
	stream = answers_find_stream(
		ledger, (unsigned)note->kind, note->tenant, stream_called);
	return stream && told <= stream->assigned ? told : 0;
}

static bool
take_mark(struct ledger *ledger, const struct host_source *source,
	const struct message *message)
{
	struct mark mark;
	struct message note;

	if (!marks_of_message(message, &mark))
		return false;
	mark.offset = offset_of(
		ledger, source, message, mark.stream, message->of_offset);
	if (mark.with.length > 0)
		mark.with_offset = offset_of(
			ledger, source, message, mark.with, mark.with_offset);
	mark.asker_slot = mark.asker_life = mark.connection = 0;
	if (mark.offset == 0) {
		count_lost(ledger);
		return true;
	}
	if (mark.offset <= marks_find(&ledger->marks, &mark))
		return true;
	marks_to_message(&mark, &note, &ledger->turn.others);
	note.of_time = message->of_time;
	note.of_origin = message->of_origin;
	stage_note(ledger, source, &note);
	return true;
}

/* The id is that of the last message that goes; without one, the archive looks
 * for what is not later than its time. */
static bool
take_trim(struct ledger *ledger, const struct host_source *source,
	const struct message *message)
{
	struct message note = {
		.kind = message->kind,
		.tenant = message->tenant,
		.stream = message->stream,
		.flags = MESSAGE_TRIM,
		.of_time = message->of_time,
		.of_origin = message->of_origin,
	};
	uint64_t last;

	if ((message->kind != STREAM_ROOM && message->kind != STREAM_INBOX) ||
		!answers_names_fit(message->tenant, message->stream))
		return false;
	if (message->of_time == 0) {
		count_lost(ledger);
		return true;
	}
	last = find_offset(ledger, message, message->stream);
	note.of_offset = last ? last + 1 : 0;
	stage_note(ledger, source, &note);
	return true;
}

static bool
take_ban(struct ledger *ledger, const struct host_source *source,
	const struct message *message)
{
	struct unpack in = unpack_of(message->body);
	struct message note = { .kind = STREAM_TENANT,
		.flags = MESSAGE_BAN,
		.body = message->body };
	struct ban ban;

	if (ledger->bans == NULL || !ban_unpack(&in, &ban) ||
		!ban_is_sound(&ban) ||
		(ban.what != BAN_SET && ban.what != BAN_LIFT) ||
		ban.since == 0 || ban.since > INT64_MAX)
		return false;
	if (bans_writer_is_news(ledger->bans, &ban))
		stage_note(ledger, source, &note);
	return true;
}

static bool
take_system(struct ledger *ledger, const struct host_source *source,
	const struct message *message)
{
	struct message note = { .kind = STREAM_TENANT,
		.tenant = message->tenant,
		.flags = MESSAGE_SYSTEM };

	if (ledger->number != 0 || !systems_is_tenant(message->tenant))
		return false;
	if (!systems_has(ledger->arena, message->tenant))
		stage_note(ledger, source, &note);
	return true;
}

static bool
take_enrol(struct ledger *ledger, const struct host_source *source,
	const struct message *message)
{
	struct message note;
	struct enrol enrol;

	if (ledger->number != 0 || !rolls_of_message(message, &enrol))
		return false;
	rolls_to_message(&enrol, &note);
	if (!rolls_have(&ledger->rolls, &enrol))
		stage_note(ledger, source, &note);
	return true;
}

bool
turn_haul_note(struct ledger *ledger, const struct host_source *source,
	const struct message *message)
{
	if (message->flags & ~(uint64_t)MESSAGE_NOTES)
		return false;
	switch (message->flags) {
	case MESSAGE_MARK:
		return take_mark(ledger, source, message);
	case MESSAGE_TRIM:
		return take_trim(ledger, source, message);
	case MESSAGE_BAN:
		return take_ban(ledger, source, message);
	case MESSAGE_SYSTEM:
		return take_system(ledger, source, message);
	case MESSAGE_ENROL:
		return take_enrol(ledger, source, message);
	default:
		return false;
	}
}

static void
set_mark(struct ledger *ledger, const struct message *message)
{
	struct mark mark;

	must(marks_of_message(message, &mark));
	if (marks_set(&ledger->marks, &mark) && !hosts_is_late(message))
		turn_mark_again(ledger, message, UINT64_MAX);
}

static void
trim(struct ledger *ledger, const struct message *message)
{
	struct stream *stream = answers_find_stream(ledger,
		(unsigned)message->kind, message->tenant, message->stream);

	if (stream != NULL)
		recent_trim_noted(&ledger->recent, stream, message);
}

static void
enrol(struct ledger *ledger, const struct message *message)
{
	struct enrol enrolled;

	must(rolls_of_message(message, &enrolled));
	if (rolls_have_room_for(&ledger->rolls, &enrolled, 0))
		rolls_add(&ledger->rolls, &enrolled);
	else
		count_lost(ledger);
}

void
turn_haul_note_done(struct ledger *ledger, const struct message *message)
{
	if (message->flags & MESSAGE_MARK)
		set_mark(ledger, message);
	else if (message->flags & MESSAGE_TRIM)
		trim(ledger, message);
	else if (message->flags & MESSAGE_BAN)
		turn_ban_hauled(ledger, message->body);
	else if (message->flags & MESSAGE_ENROL)
		enrol(ledger, message);
	else if (message->flags & MESSAGE_SYSTEM &&
		 !systems_add(ledger->arena, message->tenant))
		count_lost(ledger);
}
