#include "worker/ledger/replay.h"

#include <inttypes.h>

#include "shared/base.h"
#include "shared/journal.h"
#include "shared/log.h"
#include "shared/records.h"
#include "worker/ledger/keys.h"
#include "worker/ledger/recent.h"
#include "worker/ledger/streams.h"

static void
move_head(const struct replay *replay, struct stream *stream,
	const struct message *message)
{
	if (message->offset != stream->top + 1)
		log_warning("ledger: %s: offset %" PRIu64 " of a stream "
			    "follows %" PRIu64,
			replay->directory, message->offset, stream->top);
	stream->top = stream->assigned = message->offset;
	stream->time_ms = message_unix_ms(message->id_time);
}

static int
take_message(struct replay *replay, const struct journal_batch *batch,
	struct text record)
{
	struct unpack in = unpack_of(record);
	struct stream_name name;
	struct message message;
	struct stream *stream;

	if (!message_unpack(&in, &message) ||
		message.tenant.length > TENANT_BYTES_MAX ||
		message.stream.length > ROOM_BYTES_MAX) {
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
	stream_name_make(
		&name, (unsigned)message.kind, message.tenant, message.stream);
	stream = streams_need(replay->streams, &name);
	if (batch->position >= replay->heads_from)
		move_head(replay, stream, &message);
	if (batch->position >= replay->recent_from)
		recent_add(replay->recent, stream, message.offset, record);
	keys_replay(replay->keys, &message);
	replay->id_time = MAX_OF(replay->id_time, message.id_time);
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
