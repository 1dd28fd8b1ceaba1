#include "shared/arena.h"
#include "shared/base.h"
#include "shared/clock.h"
#include "shared/config.h"
#include "shared/journal.h"
#include "shared/mail.h"
#include "shared/scoreboard.h"
#include "worker/ledger/ledger.h"
#include "worker/ledger/packed.h"
#include "worker/ledger/places.h"
#include "worker/worker.h"

#define KEEP_BYTES (256U * 1024)

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

static uint64_t
next_offset(const struct ledger *ledger, const struct stream_name *name)
{
	const struct stream *stream = streams_find(&ledger->streams, name);

	return stream ? stream->assigned + 1 : 1;
}

void
turn_give_offsets(struct ledger *ledger, struct message *message)
{
	struct buffer *others = &ledger->turn.others;
	struct places places = places_of(message);
	struct place place;

	buffer_clear(others, KEEP_BYTES);
	while (places_next(&places, &place)) {
		place.offset = next_offset(ledger, &place.name);
		if (place.is_view)
			mail_add_side(others, &(struct mail_side){ place.user,
						      place.offset });
		else
			message->offset = place.offset;
	}
	message->others = buffer_text(others);
}

/* An id, and an offset in each stream that it will stand in. */
static void
name_message(
	struct ledger *ledger, const struct task *task, struct message *message)
{
	turn_give_offsets(ledger, message);
	message->via = message->via_position = message->via_index = 0;
	message->placed = 0;
	message->id_time = message_next_time(ledger->id_time, clock_unix_ms());
	message->id_origin = ledger->origin;
	message->epoch = ledger->epoch;
	message->changed = 0;
	message->asker_slot = task->letter->from;
	message->asker_life = task->letter->from_life;
}

/* The offsets are taken from now on. */
static void
move_assigned(struct ledger *ledger, const struct message *message)
{
	struct places places = places_of(message);
	struct place place;

	while (places_next(&places, &place))
		streams_need(&ledger->streams, &place.name)->assigned =
			place.offset;
}

/* A stream that was made only for its pace. */
static void
forget_empty(struct ledger *ledger, const struct message *message)
{
	struct places places = places_of(message);
	struct stream *stream = NULL;
	struct place place;

	if (places_next(&places, &place))
		stream = streams_find(&ledger->streams, &place.name);
	if (stream != NULL)
		streams_drop_if_empty(&ledger->streams, stream);
}

bool
turn_stage(struct ledger *ledger, const struct message *message,
	uint32_t begun_us, size_t *at)
{
	struct buffer *packed = &ledger->turn.packed;

	*at = packed_begin(packed, begun_us);
	message_pack(packed, message);
	if (packed->length - *at > ledger->letter_max) {
		packed->length = *at;
		return false;
	}
	journal_add(ledger->journal, packed_record(packed_end(packed, *at)));
	if (message->offset > 0)
		move_assigned(ledger, message);
	return true;
}

/* Gives the message its places and adds it to the batch. */
static void
stage(struct ledger *ledger, struct task *task, struct message *message)
{
	name_message(ledger, task, message);
	if (!turn_stage(
		    ledger, message, task->letter->begun_us, &task->packed)) {
		task->fate = FATE_TOO_BIG;
		forget_empty(ledger, message);
		return;
	}
	ledger->id_time = message->id_time;
	task->has_places = true;
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
		.is_repeat = 1,
	};
	return true;
}

/* Is there a gateway that should get it and is too far behind? */
static bool
is_too_much(const struct ledger *ledger, const struct message *message)
{
	if (worker_overflow(ledger->worker) <= LEDGER_WAITING_MAX)
		return false;
	for (unsigned i = 0; i < ledger->gateways; i++) {
		unsigned slot = ledger->first_gateway + i;

		if (worker_overflow_of(ledger->worker, slot) >
				LEDGER_WAITING_MAX &&
			delivery_concerns(ledger, slot, message))
			return true;
	}
	return false;
}

/* Does its room take one message more now? */
static bool
keeps_pace(
	struct ledger *ledger, struct task *task, const struct message *message)
{
	struct stream_name name;
	int64_t rate;

	if (message->kind != STREAM_ROOM)
		return true;
	rate = config_room_class(ledger->config, message->stream)->rate;
	if (rate == 0)
		return true;
	stream_name_make(&name, STREAM_ROOM, message->tenant, message->stream);
	if (pace_take(&streams_need(&ledger->streams, &name)->pace,
		    worker_now_ms(ledger->worker), rate, rate, &task->retry_ms))
		return true;
	row_count(ledger->row, COUNTER_REFUSED_ROOM_RATE, 1);
	return false;
}

/* Gives the message its places; its key is known from now on. What an earlier
 * life had read last is not stored again: when it is in the journal, its sender
 * has been told that before; else it was refused, and the sender may not know.
 */
static void
take_new(struct ledger *ledger, const struct letter *letter,
	struct message *message, const struct key_name *key)
{
	struct task *task = add_task(&ledger->turn, letter);

	if (worker_letter_end(ledger->worker) <= ledger->taken[letter->from])
		task->fate = FATE_DECIDED;
	else if (is_too_much(ledger, message))
		task->fate = FATE_TOO_MUCH;
	else if (!keeps_pace(ledger, task, message))
		task->fate = FATE_TOO_FAST;
	if (task->fate != FATE_PUBLISH)
		return;
	stage(ledger, task, message);
	if (message->key.length > 0 && task->fate == FATE_PUBLISH)
		keys_add(&ledger->keys, key, message);
}

/* The letter is of another process, but what is in it was a client's. */
static bool
is_good(const struct message *message)
{
	const uint64_t made_here =
		MESSAGE_EDITED | MESSAGE_DELETED | MESSAGE_NOTES;

	return places_are_good(message) &&
	       message->from.length <= USER_BYTES_MAX &&
	       message->key.length <= KEY_BYTES_MAX &&
	       !(message->flags & made_here) &&
	       (message->flags & MESSAGE_CHANGES) != MESSAGE_CHANGES;
}

/* A repeat is known also when an earlier life had read it last: then it may not
 * have been answered yet. */
static void
take_message(struct ledger *ledger, const struct letter *letter)
{
	struct unpack in = letter_open(letter);
	struct key_name key = { 0 };
	struct message message;

	if (!message_unpack(&in, &message) || !is_good(&message)) {
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

/* One more letter of this turn, as if the message had come alone. */
static void
add_single(struct buffer *singles, const struct letter *letter,
	const struct message *message)
{
	size_t at = packed_begin(singles, letter->begun_us);
	struct letter *single;

	message_pack(singles, message);
	single = packed_end(singles, at);
	single->kind = LETTER_SAY;
	single->from = letter->from;
	single->from_life = letter->from_life;
}

/* false: it is no such letter, or too much. */
static bool
take_apart(const struct letter *letter, struct buffer *singles)
{
	struct unpack in = letter_open(letter);
	struct says says;

	if (!says_unpack(&in, &says))
		return false;
	in = unpack_of(says.messages);
	while (in.at < in.end) {
		struct unpack one = unpack_of(unpack_text(&in));
		struct message message;

		if (in.failed || !message_unpack(&one, &message))
			return false;
		if (message.body.length == 0)
			message.body = says.body;
		if (singles->length + message.body.length > 2 * SAYS_BYTES_MAX)
			return false;
		add_single(singles, letter, &message);
	}
	return true;
}

/* Kept until the turn ends, as other letters are. */
static void
keep_singles(struct turn *turn, struct buffer singles)
{
	if (turn->single_count == turn->single_room) {
		turn->single_room = 2 * turn->single_room + 4;
		turn->singles = base_realloc(turn->singles,
			turn->single_room * sizeof(*turn->singles));
	}
	turn->singles[turn->single_count++] = singles;
}

static void
take_many(struct ledger *ledger, const struct letter *letter)
{
	struct buffer singles = { 0 };

	if (!take_apart(letter, &singles)) {
		buffer_fini(&singles);
		answers_bad_letter(ledger, letter);
		return;
	}
	keep_singles(&ledger->turn, singles);
	for (size_t at = 0; at < singles.length;) {
		const struct letter *single = packed_letter(&singles, at);

		take_message(ledger, single);
		at += (single->size + 7) & ~(size_t)7;
	}
}

void
turn_take(struct ledger *ledger, const struct letter *letter)
{
	ledger->turn.is_idle = false;
	if (letter->kind == LETTER_SAY)
		take_message(ledger, letter);
	else if (letter->kind == LETTER_SAY_MANY)
		take_many(ledger, letter);
	else if (letter->kind == LETTER_HAUL)
		turn_haul_take(ledger, add_task(&ledger->turn, letter));
	else if (letter->kind == LETTER_HAUL_SET)
		turn_haul_set_take(ledger, add_task(&ledger->turn, letter));
	else if (letter->kind == LETTER_TRIM)
		turn_trim_take(ledger, add_task(&ledger->turn, letter));
	else if (letter->kind == LETTER_READ)
		turn_mark_take(ledger, add_task(&ledger->turn, letter));
	else if (letter->kind == LETTER_ENROL)
		turn_enrol_take(ledger, add_task(&ledger->turn, letter));
	else if (letter->kind == LETTER_BAN)
		turn_ban_take(ledger, letter);
	else if (letter->kind == LETTER_REGISTER)
		turn_system_take(ledger, letter);
	else
		add_task(&ledger->turn, letter);
}
