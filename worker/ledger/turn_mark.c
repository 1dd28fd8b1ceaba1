/*
 * How far users have read. A mark that moves goes into the batch, so it
 * survives; it is set, and told, when the batch is in the journal. Nothing of
 * it has to be taken back, and a letter that is done twice moves nothing.
 */
#include "shared/arena.h"
#include "shared/base.h"
#include "shared/config.h"
#include "shared/index.h"
#include "shared/receipt.h"
#include "worker/ledger/answers_inside.h"
#include "worker/worker.h"

/* Codes of the protocol. */
#define BAD_REQUEST 1001
#define NOT_STORED 1008

static bool
read_letter(const struct letter *letter, struct mark *mark)
{
	struct unpack in = letter_open(letter);

	if (!mark_unpack(&in, mark) || !marks_are_sound(mark))
		return false;
	mark->asker_slot = letter->from;
	mark->asker_life = letter->from_life;
	return true;
}

static struct stream *
stream_of(const struct ledger *ledger, const struct mark *mark)
{
	return answers_find_stream(
		ledger, (unsigned)mark->kind, mark->tenant, mark->stream);
}

/* Other hosts have other offsets: they know the message by its id. */
static void
name_message(const struct stream *stream, struct message *message)
{
	const struct recent_message *at =
		recent_find(stream, message->of_offset);

	if (at == NULL)
		return;
	message->of_time = at->text->id_time;
	message->of_origin = at->text->id_origin;
}

static void
stage(struct ledger *ledger, const struct stream *stream,
	const struct mark *mark)
{
	struct message message;

	marks_to_message(mark, &message, &ledger->turn.others);
	name_message(stream, &message);
	turn_note(ledger, &message);
}

void
turn_mark_take(struct ledger *ledger, struct task *task)
{
	const struct stream *stream;
	struct mark mark;

	if (!read_letter(task->letter, &mark))
		return; /* said when it is done */
	stream = stream_of(ledger, &mark);
	if (mark.offset > (stream ? stream->top : 0))
		task->fate = FATE_BEYOND;
	else if (mark.offset <= marks_find(&ledger->marks, &mark))
		task->fate = FATE_REPEAT;
	else
		stage(ledger, stream, &mark);
}

/* Are there more users than are told of each other? While members are not known
 * connections are counted instead. */
static bool
is_crowd(const struct ledger *ledger, const struct mark *mark)
{
	const struct room_class *class =
		config_room_class(ledger->config, mark->stream);
	uint64_t connections = 0;

	if (!class->events)
		return true;
	if (class->events_max == 0)
		return false;
	if (settling_has_begun(ledger) && !settling_is_on(ledger))
		return members_users(stream_of(ledger, mark)) >
		       (uint64_t) class->events_max;
	for (unsigned i = 0; i < ledger->gateways; i++)
		connections += index_room_connections(ledger->arena,
			ledger->first_gateway + i, mark->tenant, mark->stream);
	return connections > (uint64_t) class->events_max;
}

/* Those who cannot follow miss it: what holds is told with the next one, and
 * with the next answer to a join. */
static void
tell(struct ledger *ledger, struct mark *mark, uint64_t end)
{
	struct message message;

	if (receipt_is_with(mark->with))
		return;
	marks_to_message(mark, &message, &ledger->turn.others);
	mark->only_own = mark->kind == STREAM_ROOM && is_crowd(ledger, mark);
	letter_begin(&ledger->letter, LETTER_MARK);
	mark_pack(&ledger->letter, mark);
	for (unsigned i = 0; i < ledger->gateways; i++) {
		unsigned slot = ledger->first_gateway + i;

		if (delivery_is_due(ledger, slot, end) &&
			delivery_concerns(ledger, slot, &message) &&
			worker_overflow_of(ledger->worker, slot) <=
				LEDGER_WAITING_MAX)
			worker_send(ledger->worker, slot,
				letter_end(&ledger->letter));
	}
}

static void
answer(struct ledger *ledger, const struct letter *letter, struct mark *mark)
{
	if (mark->request == 0)
		return;
	mark->offset = marks_find(&ledger->marks, mark);
	mark->with_offset = 0;
	if (mark->with.length > 0)
		mark->with_offset = marks_find_with(&ledger->marks, mark);
	letter_begin(&ledger->letter, LETTER_MARKED);
	mark_pack(&ledger->letter, mark);
	answers_send(ledger, answers_sender(letter));
}

static void
refuse(struct ledger *ledger, const struct letter *letter,
	const struct mark *mark, enum journal_result result)
{
	struct teller asker = answers_sender(letter);

	if (mark->request == 0)
		return;
	if (result == JOURNAL_OK)
		answers_refuse(ledger, asker, mark->request, mark->connection,
			BAD_REQUEST, "offset: there is no such message yet");
	else
		answers_refuse(ledger, asker, mark->request, mark->connection,
			NOT_STORED,
			result == JOURNAL_FULL
				? "it was not stored: the disk is full"
				: "it was not stored: the disk failed");
}

void
turn_mark_finish(struct ledger *ledger, const struct task *task,
	enum journal_result result)
{
	struct mark mark;

	if (!read_letter(task->letter, &mark)) {
		answers_bad_letter(ledger, task->letter);
	} else if (task->fate == FATE_BEYOND) {
		refuse(ledger, task->letter, &mark, JOURNAL_OK);
	} else if (task->fate == FATE_PUBLISH && result != JOURNAL_OK) {
		refuse(ledger, task->letter, &mark, result);
	} else {
		if (marks_set(&ledger->marks, &mark))
			tell(ledger, &mark, UINT64_MAX);
		answer(ledger, task->letter, &mark);
	}
}

void
turn_mark_again(
	struct ledger *ledger, const struct message *message, uint64_t end)
{
	struct mark mark;

	if (marks_of_message(message, &mark))
		tell(ledger, &mark, end);
}
