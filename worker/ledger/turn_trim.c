/*
 * What is taken away from a stream: everything before an offset. That goes into
 * the batch as a note, so it survives; memory forgets when it is in the
 * journal, and so does the archive when it reads it there.
 *
 * A letter that is done twice takes away the same once more. One that takes
 * away all there is would take more the second time, so it is done once at
 * most.
 */
#include "shared/base.h"
#include "shared/codes.h"
#include "shared/message.h"
#include "worker/ledger/answers_inside.h"
#include "worker/worker.h"

static bool
read_letter(const struct letter *letter, struct trim *trim)
{
	struct unpack in = letter_open(letter);

	return trim_unpack(&in, trim) &&
	       (trim->kind == STREAM_ROOM || trim->kind == STREAM_INBOX) &&
	       answers_names_fit(trim->tenant, trim->stream);
}

static struct stream *
stream_of(const struct ledger *ledger, const struct trim *trim)
{
	return answers_find_stream(
		ledger, (unsigned)trim->kind, trim->tenant, trim->stream);
}

/* Other hosts have other offsets: they know the last message that goes by its
 * id, which memory knows or the edge has looked up, or, when all goes that
 * anybody can have told us, by our clock. */
static void
name_last(const struct ledger *ledger, const struct stream *stream,
	const struct trim *trim, struct message *message)
{
	const struct recent_message *at =
		recent_find(stream, message->of_offset - 1);

	if (at != NULL) {
		message->of_time = at->text->id_time;
		message->of_origin = at->text->id_origin;
	} else if (trim->before > 0 && trim->of_time > 0) {
		message->of_time = trim->of_time;
		message->of_origin = trim->of_origin;
	} else if (message->of_offset > stream->top) {
		message->of_time = ledger->id_time;
	}
}

static void
stage(struct ledger *ledger, const struct stream *stream,
	const struct trim *trim, uint64_t before)
{
	struct message message = {
		.kind = trim->kind,
		.tenant = trim->tenant,
		.stream = trim->stream,
		.flags = MESSAGE_TRIM,
		.of_offset = before,
	};

	name_last(ledger, stream, trim, &message);
	turn_note(ledger, &message);
}

/* task->first.offset: the first one to be kept. */
void
turn_trim_take(struct ledger *ledger, struct task *task)
{
	const struct stream *stream;
	struct trim trim;
	uint64_t end;

	if (!read_letter(task->letter, &trim))
		return; /* said when it is done */
	stream = stream_of(ledger, &trim);
	end = stream ? stream->assigned + 1 : 1;
	task->first.offset = trim.before ? trim.before : end;
	if (task->first.offset > end)
		task->fate = FATE_BEYOND;
	else if (trim.before == 0 && worker_letter_end(ledger->worker) <=
					     ledger->taken[task->letter->from])
		task->fate = FATE_DECIDED;
	else if (!stream || task->first.offset <= stream->kept_from)
		task->fate = FATE_REPEAT;
	else
		stage(ledger, stream, &trim, task->first.offset);
}

static void
refuse(struct ledger *ledger, const struct task *task, const struct trim *trim,
	enum journal_result result)
{
	struct teller asker = answers_sender(task->letter);

	if (task->fate == FATE_BEYOND && !stream_of(ledger, trim))
		answers_refuse(ledger, asker, trim->request, trim->connection,
			CODE_NOT_FOUND, "nothing was ever said there");
	else if (task->fate == FATE_BEYOND)
		answers_refuse(ledger, asker, trim->request, trim->connection,
			CODE_BAD_REQUEST,
			"before: there is no such message yet");
	else if (task->fate == FATE_DECIDED)
		answers_refuse(ledger, asker, trim->request, trim->connection,
			CODE_UNAVAILABLE,
			"it may be done or not, look and try again");
	else
		answers_refuse(ledger, asker, trim->request, trim->connection,
			CODE_NOT_STORED,
			result == JOURNAL_FULL
				? "it was not stored: the disk is full"
				: "it was not stored: the disk failed");
}

static void
answer(struct ledger *ledger, const struct letter *letter,
	const struct trim *trim, uint64_t first)
{
	letter_begin(&ledger->letter, LETTER_TRIMMED);
	trimmed_pack(&ledger->letter, &(struct trimmed){
					      .request = trim->request,
					      .connection = trim->connection,
					      .epoch = ledger->epoch,
					      .first = first,
				      });
	answers_send(ledger, answers_sender(letter));
}

void
turn_trim_finish(struct ledger *ledger, const struct task *task,
	enum journal_result result)
{
	struct stream *stream;
	struct trim trim;

	if (!read_letter(task->letter, &trim)) {
		answers_bad_letter(ledger, task->letter);
		return;
	}
	if (task->fate == FATE_BEYOND || task->fate == FATE_DECIDED ||
		(task->fate == FATE_PUBLISH && result != JOURNAL_OK)) {
		refuse(ledger, task, &trim, result);
		return;
	}
	stream = stream_of(ledger, &trim);
	if (stream && task->fate == FATE_PUBLISH)
		recent_trim(&ledger->recent, stream, task->first.offset);
	answer(ledger, task->letter, &trim,
		stream ? MAX_OF(stream->kept_from, task->first.offset) : 1);
}
