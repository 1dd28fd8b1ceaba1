#include <stdlib.h>

#include "shared/arena.h"
#include "shared/base.h"
#include "shared/clock.h"
#include "shared/index.h"
#include "shared/journal.h"
#include "shared/scoreboard.h"
#include "worker/ledger/ledger.h"
#include "worker/worker.h"

#define KEEP_BYTES (4U * 1024 * 1024)

#define CANNOT_FOLLOW "the members of this room cannot follow, try again"

/* To a message that an earlier life had read last. When it is in the journal,
 * its sender has been told that before; else it was refused, and the sender may
 * not have been told. */
#define INTERRUPTED "the message was not stored, try again"

static struct task *
add_task(struct turn *turn, const struct letter *letter)
{
	if (turn->count == turn->room) {
		turn->room = turn->room ? 2 * turn->room : 256;
		turn->tasks = base_realloc(
			turn->tasks, turn->room * sizeof(*turn->tasks));
	}
	turn->tasks[turn->count] = (struct task){ .letter = letter };
	return &turn->tasks[turn->count++];
}

/* Starts a letter for gateways behind those of this turn. */
static size_t
begin_packed(struct buffer *packed)
{
	struct letter head = { .kind = LETTER_DELIVER };
	static const uint8_t padding[8];
	size_t at;

	buffer_add(packed, padding, -packed->length & 7);
	at = packed->length;
	buffer_add(packed, &head, sizeof(head));
	return at;
}

static struct letter *
packed_letter(const struct turn *turn, size_t at)
{
	return (struct letter *)(void *)(turn->packed.data + at);
}

static struct text
packed_record(const struct letter *letter)
{
	return (struct text){ (const char *)letter->record,
		letter->size - sizeof(*letter) };
}

/* Gives the message its place and adds it to the batch, unless it is too large
 * for the letters that would have to carry it. */
static void
stage(struct ledger *ledger, struct task *task, struct stream *stream,
	struct message *message)
{
	struct buffer *packed = &ledger->turn.packed;
	struct letter *letter;

	message->id_time = message_next_time(ledger->id_time, clock_unix_ms());
	message->id_origin = ledger->origin;
	message->epoch = ledger->epoch;
	message->offset = stream->assigned + 1;
	message->asker_slot = task->letter->from;
	message->asker_life = task->letter->from_life;
	task->packed = begin_packed(packed);
	message_pack(packed, message);
	if (packed->length - task->packed > ledger->letter_max) {
		packed->length = task->packed;
		streams_drop_if_empty(&ledger->streams, stream);
		return;
	}
	letter = packed_letter(&ledger->turn, task->packed);
	letter->size = (uint32_t)(packed->length - task->packed);
	journal_add(ledger->journal, packed_record(letter));
	ledger->id_time = message->id_time;
	stream->assigned++;
	task->stream = stream;
}

/* Is there a gateway with members that is too far behind? */
static bool
is_too_much(const struct ledger *ledger, const struct message *message)
{
	if (worker_overflow(ledger->worker) <= LEDGER_WAITING_MAX)
		return false;
	for (unsigned i = 0; i < ledger->gateways; i++) {
		unsigned slot = ledger->first_gateway + i;

		if (worker_overflow_of(ledger->worker, slot) >
				LEDGER_WAITING_MAX &&
			index_has_room(ledger->arena, slot, message->tenant,
				message->stream))
			return true;
	}
	return false;
}

static void
take_message(struct ledger *ledger, const struct letter *letter)
{
	struct unpack in = letter_open(letter);
	struct stream_name name;
	struct message message;
	struct task *task;

	if (!message_unpack(&in, &message) || message.kind != STREAM_ROOM ||
		!answers_names_fit(message.tenant, message.stream)) {
		answers_bad_letter(ledger, letter);
		return;
	}
	task = add_task(&ledger->turn, letter);
	if (worker_letter_end(ledger->worker) <= ledger->taken[letter->from])
		task->refusal = INTERRUPTED;
	else if (is_too_much(ledger, &message))
		task->refusal = CANNOT_FOLLOW;
	if (task->refusal != NULL)
		return;
	stream_name_make(&name, STREAM_ROOM, message.tenant, message.stream);
	stage(ledger, task, streams_need(&ledger->streams, &name), &message);
}

void
turn_take(struct ledger *ledger, const struct letter *letter)
{
	ledger->turn.is_idle = false;
	if (letter->kind == LETTER_SAY)
		take_message(ledger, letter);
	else
		add_task(&ledger->turn, letter);
}

/* Notes how far each ring was read this turn. */
static void
add_cursors(struct ledger *ledger)
{
	for (unsigned slot = 0; slot < ledger->slots; slot++) {
		uint64_t position = worker_position(ledger->worker, slot);

		if (position > worker_decided(ledger->worker, slot))
			journal_add_cursor(ledger->journal, slot, position);
	}
}

static enum journal_result
commit(struct ledger *ledger)
{
	uint64_t before = journal_end(ledger->journal), end;
	size_t count = journal_pending(ledger->journal);
	enum journal_result result;

	if (count == 0)
		return JOURNAL_OK;
	add_cursors(ledger);
	result = journal_commit(ledger->journal, arena_id(ledger->arena));
	if (result != JOURNAL_OK) {
		row_count(
			ledger->row, COUNTER_MESSAGES_REFUSED, (int64_t)count);
		return result;
	}
	end = journal_end(ledger->journal);
	atomic_store_explicit(
		&ledger->row->journal_end, end, memory_order_release);
	row_count(ledger->row, COUNTER_MESSAGES, (int64_t)count);
	row_count(ledger->row, COUNTER_JOURNAL_BATCHES, 1);
	row_count(ledger->row, COUNTER_JOURNAL_BYTES, (int64_t)(end - before));
	return JOURNAL_OK;
}

static void
deliver(struct ledger *ledger, const struct message *message,
	struct letter *letter, uint64_t end)
{
	for (unsigned i = 0; i < ledger->gateways; i++) {
		unsigned slot = ledger->first_gateway + i;

		if (delivery_is_due(ledger, slot, end) &&
			index_has_room(ledger->arena, slot, message->tenant,
				message->stream))
			worker_send(ledger->worker, slot, letter);
	}
}

static void
send_said(struct ledger *ledger, const struct message *message)
{
	struct said said = {
		.request = message->request,
		.connection = message->connection,
		.id_time = message->id_time,
		.id_origin = message->id_origin,
		.epoch = message->epoch,
		.offset = message->offset,
	};
	struct teller asker = { (unsigned)message->asker_slot,
		(uint32_t)message->asker_life };

	if (message->request == 0)
		return;
	letter_begin(&ledger->letter, LETTER_SAID);
	said_pack(&ledger->letter, &said);
	answers_send(ledger, asker);
}

/* The message is in the journal: now it counts, and everybody may know. The
 * sender's gateway gets the message before the answer to it, so that what the
 * client asks after the answer sees the message. */
static void
publish(struct ledger *ledger, const struct task *task)
{
	struct letter *letter = packed_letter(&ledger->turn, task->packed);
	struct unpack in = letter_open(letter);
	struct message message;

	must(message_unpack(&in, &message));
	task->stream->top = message.offset;
	task->stream->time_ms = message_unix_ms(message.id_time);
	recent_add(&ledger->recent, task->stream, message.offset,
		packed_record(letter));
	deliver(ledger, &message, letter, UINT64_MAX);
	send_said(ledger, &message);
}

/* It is not: its sender is told, and nobody else. */
static void
refuse(struct ledger *ledger, const struct task *task,
	enum journal_result result)
{
	const struct letter *letter = task->letter;
	struct unpack in = letter_open(letter);
	struct teller asker = { letter->from, letter->from_life };
	struct message message;

	must(message_unpack(&in, &message));
	if (task->refusal != NULL) {
		answers_refuse(ledger, asker, message.request,
			message.connection, 1004, task->refusal);
		return;
	}
	if (task->stream == NULL) {
		answers_refuse(ledger, asker, message.request,
			message.connection, 1012,
			"the message is too large for this server");
		return;
	}
	answers_refuse(ledger, asker, message.request, message.connection, 1008,
		result == JOURNAL_FULL
			? "the message was not stored: the disk is full"
			: "the message was not stored: the disk failed");
}

/* Takes back the places that a failed batch had given. Only after all tasks are
 * done: until then they keep their streams from being forgotten. */
static void
take_back(struct ledger *ledger, const struct letter *letter)
{
	struct unpack in = letter_open(letter);
	struct stream_name name;
	struct message message;
	struct stream *stream;

	must(message_unpack(&in, &message));
	stream_name_make(&name, STREAM_ROOM, message.tenant, message.stream);
	stream = streams_find(&ledger->streams, &name);
	if (stream == NULL)
		return; /* done for an earlier message of the stream */
	stream->assigned = stream->top;
	streams_drop_if_empty(&ledger->streams, stream);
}

void
turn_finish(struct ledger *ledger)
{
	struct turn *turn = &ledger->turn;
	enum journal_result result = commit(ledger);

	worker_decide(ledger->worker);
	for (size_t i = 0; i < turn->count; i++) {
		const struct task *task = &turn->tasks[i];

		if (task->letter->kind != LETTER_SAY)
			answers_letter(ledger, task->letter);
		else if (result == JOURNAL_OK && task->stream != NULL)
			publish(ledger, task);
		else
			refuse(ledger, task, result);
	}
	for (size_t i = 0; result != JOURNAL_OK && i < turn->count; i++)
		if (turn->tasks[i].stream != NULL)
			take_back(ledger, turn->tasks[i].letter);
	turn->is_idle = true;
	turn->count = 0;
	buffer_clear(&turn->packed, KEEP_BYTES);
}

void
turn_redeliver(struct ledger *ledger, const struct message *message,
	struct text record, uint64_t end)
{
	struct buffer *packed = &ledger->turn.packed;
	size_t at = begin_packed(packed);
	struct letter *letter;

	buffer_add_text(packed, record);
	letter = packed_letter(&ledger->turn, at);
	letter->size = (uint32_t)(packed->length - at);
	if (letter->size <= ledger->letter_max)
		deliver(ledger, message, letter, end);
	if (delivery_is_due(ledger, (unsigned)message->asker_slot, end))
		send_said(ledger, message);
	buffer_clear(packed, KEEP_BYTES);
}

void
turn_fini(struct turn *turn)
{
	free(turn->tasks);
	buffer_fini(&turn->packed);
}
