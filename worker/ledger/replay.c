#include "worker/ledger/replay.h"

#include <inttypes.h>

#include "shared/bans.h"
#include "shared/bans_writer.h"
#include "shared/base.h"
#include "shared/journal.h"
#include "shared/log.h"
#include "shared/records.h"
#include "shared/systems.h"
#include "worker/ledger/hosts.h"
#include "worker/ledger/keys.h"
#include "worker/ledger/marks.h"
#include "worker/ledger/places.h"
#include "worker/ledger/recent.h"
#include "worker/ledger/rolls.h"
#include "worker/ledger/streams.h"

static void
move_head(const struct replay *replay, struct stream *stream, uint64_t offset,
	uint64_t id_time)
{
	if (offset != stream->top + 1)
		log_warning("ledger: %s: offset %" PRIu64 " of a stream "
			    "follows %" PRIu64,
			replay->directory, offset, stream->top);
	stream->top = stream->assigned = offset;
	stream->time_ms = MAX_OF(stream->time_ms, message_unix_ms(id_time));
}

/* What came before it is not looked at. */
static void
begin_memory(struct replay *replay, const struct journal_batch *batch,
	const struct message *message)
{
	if (!replay->has_memory && batch->position > 0)
		replay->recent->sure_from = message_clock(message);
	replay->has_memory = true;
}

static void
take_places(struct replay *replay, const struct journal_batch *batch,
	const struct message *message, struct text record)
{
	struct places places = places_of(message);
	struct recent_text *text = NULL;
	struct place place;

	if (batch->position >= replay->recent_from) {
		begin_memory(replay, batch, message);
		while (places_next(&places, &place))
			streams_need(replay->streams, &place.name);
		places = places_of(message);
		recent_change(replay->recent, replay->streams, message);
		text = recent_text_new(replay->recent, message, record);
		recent_settle(replay->recent, replay->streams, message, text);
	}
	while (places_next(&places, &place)) {
		struct stream *stream =
			streams_need(replay->streams, &place.name);

		if (text != NULL)
			recent_add(replay->recent, stream, place.offset, text,
				place.is_view);
		if (batch->position >= replay->heads_from)
			move_head(
				replay, stream, place.offset, message->id_time);
	}
	if (text != NULL)
		recent_let_go(replay->recent, &text);
}

/* What is no message; with what it notes. */
struct noted {
	struct mark mark;
	struct ban ban;
	struct enrol enrol;
	struct haul_place place;
};

static bool
can_be_read(const struct message *message, struct noted *note)
{
	struct unpack in = unpack_of(message->body);

	if (message->flags & MESSAGE_MARK)
		return marks_of_message(message, &note->mark);
	if (message->flags & MESSAGE_BAN)
		return ban_unpack(&in, &note->ban) && ban_is_sound(&note->ban);
	if (message->flags & MESSAGE_SYSTEM)
		return systems_is_tenant(message->tenant);
	if (message->flags & MESSAGE_ENROL)
		return rolls_of_message(message, &note->enrol);
	if (message->flags & MESSAGE_HAUL)
		return hosts_of_message(message, &note->place);
	if (message->flags & MESSAGE_TRIM)
		return message->kind == STREAM_ROOM ||
		       message->kind == STREAM_INBOX;
	return places_are_good(message);
}

static void
take_trim(struct replay *replay, const struct message *message)
{
	struct stream_name name;
	struct stream *stream;

	stream_name_make(&name, (unsigned)message->kind, message->tenant,
		message->stream);
	stream = streams_find(replay->streams, &name);
	if (stream != NULL)
		recent_trim_noted(replay->recent, stream, message);
}

/* The checkpoint has the bans up to where it stands. One that is given and one
 * too many was lifted or over by then in a life before this. */
static void
take_ban(struct replay *replay, const struct journal_batch *batch,
	const struct ban *ban)
{
	if (replay->bans == NULL || batch->position < replay->heads_from)
		return;
	if (bans_writer_take(replay->bans, ban) == BANS_FULL)
		log_warning("ledger: %s has more bans than there may be",
			replay->directory);
}

/* One that the checkpoint has too is the same. */
static void
take_system(struct replay *replay, const struct message *message)
{
	if (replay->systems != NULL &&
		!systems_add(replay->systems, message->tenant))
		log_warning("ledger: %s has more systems than there may be",
			replay->directory);
}

/* The checkpoint has the points up to where it stands. */
static void
take_point(struct replay *replay, const struct journal_batch *batch,
	const struct message *message, const struct noted *note)
{
	if (batch->position < replay->heads_from)
		return;
	if (message->flags & MESSAGE_HAUL)
		hosts_replay_note(replay->hosts, &note->place);
	else if (message->via != 0)
		hosts_replay(replay->hosts, message);
}

static int
take_message(struct replay *replay, const struct journal_batch *batch,
	struct text record)
{
	struct unpack in = unpack_of(record);
	struct message message;
	struct noted note;

	if (!message_unpack(&in, &message) || !can_be_read(&message, &note)) {
		log_error("ledger: %s holds a record at position %" PRIu64
			  " that this version cannot read",
			replay->directory, batch->position);
		return -1;
	}
	if (message.epoch != replay->epoch) {
		log_error("ledger: %s holds messages of another store than "
			  "the file store-id names; restore that file",
			replay->directory);
		return -1;
	}
	replay->id_time = MAX_OF(replay->id_time, message_clock(&message));
	take_point(replay, batch, &message, &note);
	if (message.flags & MESSAGE_MARK) {
		marks_set(replay->marks, &note.mark);
	} else if (message.flags & MESSAGE_BAN) {
		take_ban(replay, batch, &note.ban);
	} else if (message.flags & MESSAGE_SYSTEM) {
		take_system(replay, &message);
	} else if (message.flags & MESSAGE_ENROL) {
		rolls_add(replay->rolls, &note.enrol);
	} else if (message.flags & MESSAGE_TRIM) {
		take_trim(replay, &message);
	} else if (!(message.flags & MESSAGE_HAUL)) {
		take_places(replay, batch, &message, record);
		if (batch->position >= replay->keys_from)
			keys_replay(replay->keys, &message);
	}
	replay->on_message(replay->self, batch, &message, record);
	return 0;
}

static int
take_batch(struct replay *replay, const struct journal_batch *batch)
{
	struct unpack in = unpack_of(batch->records);

	replay->on_batch(replay->self, batch);
	for (size_t i = 0; i < batch->count; i++) {
		struct text record = unpack_text(&in);

		if (in.failed || take_message(replay, batch, record) < 0)
			return -1;
	}
	return 0;
}

int
replay_run(struct replay *replay)
{
	struct journal_reader *reader =
		journal_reader_new(replay->directory, replay->from);
	struct journal_batch batch;
	int result = -1;

	for (;;) {
		switch (journal_reader_next(reader, replay->end, &batch)) {
		case JOURNAL_READ_BATCH:
			if (take_batch(replay, &batch) < 0)
				goto out;
			continue;
		case JOURNAL_READ_END:
			result = 0;
			goto out;
		case JOURNAL_READ_GONE:
			log_error("ledger: %s has lost the journal from "
				  "position %" PRIu64 " on",
				replay->directory, replay->from);
			goto out;
		case JOURNAL_READ_BAD:
			goto out;
		}
	}

out:
	journal_reader_free(&reader);
	return result;
}
