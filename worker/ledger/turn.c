#include <stdlib.h>

#include "shared/arena.h"
#include "shared/base.h"
#include "shared/bell.h"
#include "shared/clock.h"
#include "shared/journal.h"
#include "shared/links.h"
#include "shared/scoreboard.h"
#include "worker/ledger/ledger.h"
#include "worker/ledger/packed.h"
#include "worker/ledger/places.h"
#include "worker/worker.h"

#define KEEP_BYTES (4U * 1024 * 1024)
#define NOTE_KEEP_BYTES (256U * 1024)

size_t
turn_note(struct ledger *ledger, const struct message *message)
{
	struct message note = *message;

	note.epoch = ledger->epoch;
	buffer_clear(&ledger->list, NOTE_KEEP_BYTES);
	message_pack(&ledger->list, &note);
	journal_add(ledger->journal, buffer_text(&ledger->list));
	ledger->turn.note_count++;
	return ledger->list.length;
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
	uint64_t begin_us = clock_us();
	size_t count = journal_pending(ledger->journal);
	int64_t messages = (int64_t)(count - ledger->turn.note_count);
	enum journal_result result;

	ledger->turn.note_count = 0;
	if (count == 0)
		return JOURNAL_OK;
	add_cursors(ledger);
	result = journal_commit(ledger->journal, arena_id(ledger->arena));
	if (result != JOURNAL_OK) {
		row_count(ledger->row, COUNTER_MESSAGES_REFUSED, messages);
		return result;
	}
	histogram_add(&ledger->row->histograms[HISTOGRAM_JOURNAL],
		clock_us() - begin_us);
	end = journal_end(ledger->journal);
	atomic_store_explicit(
		&ledger->row->journal_end, end, memory_order_release);
	atomic_store_explicit(
		&ledger->row->clock, ledger->id_time, memory_order_release);
	if (ledger->relay != NO_SLOT && links_want_bell(ledger->links))
		bell_ring(arena_bell(ledger->arena, ledger->relay));
	row_count(ledger->row, COUNTER_MESSAGES, messages);
	row_count(ledger->row, COUNTER_JOURNAL_BATCHES, 1);
	row_count(ledger->row, COUNTER_JOURNAL_BYTES, (int64_t)(end - before));
	return JOURNAL_OK;
}

/* What has waited too long, has come late or is too large for a ring keeps its
 * place, but nobody gets it. */
static bool
is_hidden(const struct ledger *ledger, const struct message *message,
	const struct letter *letter)
{
	return (message->until != 0 && message->until <= clock_unix_ms()) ||
	       hosts_is_late(message) || letter->size > ledger->letter_max;
}

/* Gateways count the places: in this one is what was over long ago. */
static struct letter *
placeholder(struct ledger *ledger, const struct message *message)
{
	struct message hidden = *message;

	hidden.body = TEXT_LITERAL("");
	hidden.until = 1;
	letter_begin(&ledger->letter, LETTER_DELIVER);
	message_pack(&ledger->letter, &hidden);
	return letter_end(&ledger->letter);
}

static void
deliver(struct ledger *ledger, const struct message *message,
	struct letter *letter, uint64_t end)
{
	if (is_hidden(ledger, message, letter)) {
		if (message->offset == 0)
			return;
		letter = placeholder(ledger, message);
	}
	for (unsigned i = 0; i < ledger->gateways; i++) {
		unsigned slot = ledger->first_gateway + i;

		if (delivery_is_due(ledger, slot, end) &&
			delivery_concerns(ledger, slot, message))
			worker_send(ledger->worker, slot, letter);
	}
}

static void
send_said(struct ledger *ledger, struct teller asker, struct said *said)
{
	if (said->request == 0)
		return;
	letter_begin(&ledger->letter, LETTER_SAID);
	said_pack(&ledger->letter, said);
	answers_send(ledger, asker);
}

static void
answer_say(struct ledger *ledger, const struct message *message)
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

	send_said(ledger, asker, &said);
}

/* From now on it counts in every stream that it stands in. true: what came
 * before it, of other hosts, has given it another body, and ledger->letter is
 * the one that tells it so. */
static bool
take_places(struct ledger *ledger, const struct message *message,
	struct text record)
{
	struct places places = places_of(message);
	struct recent *recent = &ledger->recent;
	struct recent_text *text;
	struct place place;
	bool is_other;

	recent_change(recent, &ledger->streams, message);
	text = recent_text_new(recent, message, record);
	is_other = recent_settle(recent, &ledger->streams, message, text);
	if (is_other) {
		letter_begin(&ledger->letter, LETTER_DELIVER);
		buffer_add_text(&ledger->letter, recent_text_packed(text));
	}
	while (places_next(&places, &place)) {
		struct stream *stream =
			streams_find(&ledger->streams, &place.name);

		must(stream != NULL);
		recent_add(recent, stream, place.offset, text, place.is_view);
		stream->top = place.offset;
		stream->time_ms = MAX_OF(
			stream->time_ms, message_unix_ms(message->id_time));
	}
	recent_let_go(recent, &text);
	return is_other;
}

/* The sender's gateway gets the message before the answer to it, so that what
 * the client asks after the answer sees the message. */
void
turn_publish(struct ledger *ledger, size_t packed)
{
	struct letter *letter = packed_letter(&ledger->turn.packed, packed);
	struct unpack in = letter_open(letter);
	struct message message;

	must(message_unpack(&in, &message));
	if (message.offset > 0 &&
		take_places(ledger, &message, packed_record(letter)))
		letter = letter_end(&ledger->letter);
	deliver(ledger, &message, letter, UINT64_MAX);
	answer_say(ledger, &message);
}

/* It is not: its sender is told, and nobody else. */
static void
refuse(struct ledger *ledger, const struct task *task,
	enum journal_result result)
{
	static const struct {
		unsigned code;
		const char *error;
	} refusals[] = {
		[FATE_TOO_BIG] = { 1012,
			"the message is too large for this server" },
		[FATE_TOO_MUCH] = { 1004,
			"those who would get it cannot follow, try again" },
		[FATE_DECIDED] = { 1004,
			"the message was not stored, try again" },
		[FATE_CONFLICT] = { 1009,
			"this key was used for a message to somebody else" },
		[FATE_TOO_FAST] = { 1012,
			"this room takes no more messages for the moment" },
	};
	const struct letter *letter = task->letter;
	struct unpack in = letter_open(letter);
	struct teller asker = { letter->from, letter->from_life };
	unsigned code = 1008;
	const char *error = "the message was not stored: the disk failed";
	struct message message;

	must(message_unpack(&in, &message));
	if (task->fate < ARRAY_LEN(refusals) && refusals[task->fate].code) {
		code = refusals[task->fate].code;
		error = refusals[task->fate].error;
	} else if (result == JOURNAL_FULL) {
		error = "the message was not stored: the disk is full";
	}
	answers_refuse_with(ledger, asker,
		&(struct refused){
			.request = message.request,
			.connection = message.connection,
			.code = code,
			.error = text_of(error),
			.retry_ms = task->retry_ms,
		});
}

/* Its place is that of the first one. */
static void
answer_repeat(struct ledger *ledger, struct task *task)
{
	const struct letter *letter = task->letter;

	row_count(ledger->row, COUNTER_REPEATS, 1);
	send_said(ledger, (struct teller){ letter->from, letter->from_life },
		&task->first);
}

static void
do_say(struct ledger *ledger, struct task *task, enum journal_result result)
{
	if (task->first_is_fresh && result != JOURNAL_OK)
		task->fate = FATE_PUBLISH; /* lost as the first one is */
	if (task->fate == FATE_REPEAT)
		answer_repeat(ledger, task);
	else if (task->fate == FATE_PUBLISH && result == JOURNAL_OK)
		turn_publish(ledger, task->packed);
	else
		refuse(ledger, task, result);
}

void
turn_take_back(struct ledger *ledger, const struct letter *letter)
{
	struct unpack in = letter_open(letter);
	struct message message;
	struct places places;
	struct place place;

	must(message_unpack(&in, &message));
	places = places_of(&message);
	while (places_next(&places, &place)) {
		struct stream *stream =
			streams_find(&ledger->streams, &place.name);

		if (stream == NULL)
			continue; /* done for an earlier message in it */
		stream->assigned = stream->top;
		streams_drop_if_empty(&ledger->streams, stream);
	}
}

void
turn_finish(struct ledger *ledger)
{
	struct turn *turn = &ledger->turn;
	enum journal_result result = commit(ledger);

	worker_decide(ledger->worker);
	if (result == JOURNAL_OK)
		keys_settle(&ledger->keys);
	else
		keys_take_back(&ledger->keys);
	restating_settle(ledger, result);
	turn_haul_begin(ledger, result);
	turn_ban_finish(ledger, result);
	turn_system_finish(ledger, result);
	for (size_t i = 0; i < turn->count; i++) {
		struct task *task = &turn->tasks[i];

		if (task->letter->kind == LETTER_SAY)
			do_say(ledger, task, result);
		else if (task->letter->kind == LETTER_HAUL)
			turn_haul_finish(ledger, task, result);
		else if (task->letter->kind == LETTER_HAUL_SET)
			turn_haul_set_finish(ledger, task, result);
		else if (task->letter->kind == LETTER_TRIM)
			turn_trim_finish(ledger, task, result);
		else if (task->letter->kind == LETTER_READ)
			turn_mark_finish(ledger, task, result);
		else if (task->letter->kind == LETTER_ENROL)
			turn_enrol_finish(ledger, task, result);
		else
			answers_letter(ledger, task->letter);
	}
	for (size_t i = 0; result != JOURNAL_OK && i < turn->count; i++)
		if (turn->tasks[i].has_places)
			turn_take_back(ledger, turn->tasks[i].letter);
	turn_haul_end(ledger, result);
	turn->is_idle = true;
	turn->count = 0;
	while (turn->single_count > 0)
		buffer_fini(&turn->singles[--turn->single_count]);
	buffer_clear(&turn->packed, KEEP_BYTES);
}

/* One of another host as it was sent on, or is to be by now. */
static struct text
remembered(const struct ledger *ledger, const struct message *message,
	struct text record)
{
	struct places places = places_of(message);
	const struct recent_message *at = NULL;
	const struct stream *stream;
	struct place place;

	if (message->placed == 0 || !places_next(&places, &place))
		return record;
	stream = streams_find(&ledger->streams, &place.name);
	if (stream != NULL)
		at = recent_find(stream, message->offset);
	return at ? recent_text_packed(at->text) : record;
}

void
turn_redeliver(struct ledger *ledger, const struct message *message,
	struct text record, uint64_t end)
{
	struct buffer *packed = &ledger->turn.packed;
	size_t at = packed_begin(packed, 0);
	struct letter *letter;

	buffer_add_text(packed, remembered(ledger, message, record));
	letter = packed_end(packed, at);
	deliver(ledger, message, letter, end);
	if (delivery_is_due(ledger, (unsigned)message->asker_slot, end))
		answer_say(ledger, message);
	buffer_clear(packed, KEEP_BYTES);
}

void
turn_fini(struct turn *turn)
{
	while (turn->single_count > 0)
		buffer_fini(&turn->singles[--turn->single_count]);
	free(turn->singles);
	free(turn->tasks);
	free(turn->bans);
	free(turn->systems);
	free(turn->hauled);
	buffer_fini(&turn->packed);
	buffer_fini(&turn->others);
	buffer_fini(&turn->ban_bytes);
}
