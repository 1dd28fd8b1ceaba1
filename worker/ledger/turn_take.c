#include "shared/arena.h"
#include "shared/base.h"
#include "shared/clock.h"
#include "shared/index.h"
#include "shared/journal.h"
#include "worker/ledger/ledger.h"
#include "worker/ledger/packed.h"
#include "worker/worker.h"

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
	task->packed = packed_begin(packed);
	message_pack(packed, message);
	if (packed->length - task->packed > ledger->letter_max) {
		task->fate = FATE_TOO_BIG;
		packed->length = task->packed;
		streams_drop_if_empty(&ledger->streams, stream);
		return;
	}
	letter = packed_end(packed, task->packed);
	journal_add(ledger->journal, packed_record(letter));
	ledger->id_time = message->id_time;
	stream->assigned++;
	task->stream = stream;
}

/* Was it said before? Then it gets no place: it is answered like the first one,
 * which may be of this same turn. */
static bool
take_repeat(struct ledger *ledger, const struct letter *letter,
	const struct message *message, const struct key_name *name)
{
	const struct key_entry *entry =
		keys_find(&ledger->keys, name, clock_unix_ms());
	struct task *task;

	if (entry == NULL)
		return false;
	task = add_task(&ledger->turn, letter);
	task->fate =
		entry->target == name->target ? FATE_REPEAT : FATE_CONFLICT;
	task->first_is_fresh = keys_is_fresh(&ledger->keys, entry);
	task->first = (struct said){
		.request = message->request,
		.connection = message->connection,
		.id_time = entry->id_time,
		.id_origin = entry->head.mine,
		.epoch = ledger->epoch,
		.offset = entry->offset,
	};
	return true;
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

/* Gives the message its place; its key is known from now on. What an earlier
 * life had read last is not stored again: when it is in the journal, its sender
 * has been told that before; else it was refused, and the sender may not know.
 */
static void
take_new(struct ledger *ledger, const struct letter *letter,
	struct message *message, const struct key_name *key)
{
	struct task *task = add_task(&ledger->turn, letter);
	struct stream_name name;

	if (worker_letter_end(ledger->worker) <= ledger->taken[letter->from])
		task->fate = FATE_DECIDED;
	else if (is_too_much(ledger, message))
		task->fate = FATE_TOO_MUCH;
	if (task->fate != FATE_PUBLISH)
		return;
	stream_name_make(&name, STREAM_ROOM, message->tenant, message->stream);
	stage(ledger, task, streams_need(&ledger->streams, &name), message);
	if (message->key.length > 0 && task->fate == FATE_PUBLISH)
		keys_add(&ledger->keys, key, message);
}

/* A repeat is known also when an earlier life had read it last: then it may not
 * have been answered yet. */
static void
take_message(struct ledger *ledger, const struct letter *letter)
{
	struct unpack in = letter_open(letter);
	struct key_name key = { 0 };
	struct message message;

	if (!message_unpack(&in, &message) || message.kind != STREAM_ROOM ||
		!answers_names_fit(message.tenant, message.stream) ||
		message.from.length > USER_BYTES_MAX ||
		message.key.length > KEY_BYTES_MAX) {
		answers_bad_letter(ledger, letter);
		return;
	}
	if (message.key.length > 0) {
		key = keys_name(&ledger->keys, &message);
		if (take_repeat(ledger, letter, &message, &key))
			return;
	}
	take_new(ledger, letter, &message, &key);
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
