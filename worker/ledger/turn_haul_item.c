/*
 * A record of another host is no letter of an edge: it may be of another
 * version, and its host may be wrong about much. So nothing of it is taken for
 * granted but that the host holds our secret.
 *
 * A message keeps its id and gets places of our own. What a class here does not
 * keep is shown to those who are there and not stored.
 */
#include "worker/ledger/turn_haul_item.h"

#include "shared/bans.h"
#include "shared/base.h"
#include "shared/clock.h"
#include "shared/config.h"
#include "shared/mail.h"
#include "shared/scoreboard.h"
#include "shared/systems.h"
#include "worker/ledger/answers_inside.h"
#include "worker/ledger/packed.h"
#include "worker/ledger/places.h"
#include "worker/worker.h"

/* So far ids may run before our clock and take it along. */
#define AHEAD_MS_MAX 60000

/* What a message may be marked with; everything else is of a later version. */
#define FLAGS_KNOWN                                                            \
	(MESSAGE_ECHO | MESSAGE_CHANGES | MESSAGE_MODERATED |                  \
		MESSAGE_ROOM_KEY | MESSAGE_SHARED_KEY | MESSAGE_EDITED |       \
		MESSAGE_DELETED)

/* One that was too large for the rings of this host comes without its body. */
#define FLAGS_WITHOUT_BODY (MESSAGE_DELETE | MESSAGE_DELETED)

void
turn_haul_add(struct turn *turn, size_t packed, const struct message *message)
{
	if (turn->hauled_count == turn->hauled_room) {
		turn->hauled_room = 2 * turn->hauled_room + 64;
		turn->hauled = base_realloc(turn->hauled,
			turn->hauled_room * sizeof(*turn->hauled));
	}
	turn->hauled[turn->hauled_count++] =
		(struct hauled){ packed, message->id_time, message->id_origin };
}

void
turn_haul_stamp(struct ledger *ledger, const struct host_source *source,
	struct message *message)
{
	message->epoch = ledger->epoch;
	message->asker_slot = message->asker_life = 0;
	message->connection = message->request = 0;
	message->via = hosts_via(source);
	message->via_position = source->ahead.position;
	message->via_index = source->ahead.index;
}

static bool
names_are_good(const struct message *message)
{
	struct unpack in = unpack_of(message->others);
	struct mail_side side;

	while (mail_next_side(&in, &side))
		if (!text_is_name(side.user, 1, USER_BYTES_MAX))
			return false;
	return text_is_name(message->tenant, 0, TENANT_BYTES_MAX) &&
	       text_is_name(message->stream, 1, ROOM_BYTES_MAX) &&
	       text_is_name(message->from, 0, USER_BYTES_MAX) &&
	       text_is_name(message->type, 0, TYPE_BYTES_MAX) &&
	       message->key.length <= KEY_BYTES_MAX;
}

static bool
numbers_are_good(const struct message *message, unsigned host)
{
	bool is_change = message->flags & MESSAGE_CHANGES;

	return message->id_time > 0 && message->id_time <= INT64_MAX &&
	       message_origin_host(message->id_origin) == host &&
	       message->platform <= UINT16_MAX &&
	       message->only_platform <= UINT16_MAX &&
	       message->until <= INT64_MAX && message->of_time <= INT64_MAX &&
	       message->of_origin <= INT64_MAX &&
	       is_change == (message->of_time > 0);
}

static bool
is_sound(const struct ledger *ledger, const struct host_source *source,
	const struct message *message)
{
	return !(message->flags & ~(uint64_t)FLAGS_KNOWN) &&
	       (message->flags & MESSAGE_CHANGES) != MESSAGE_CHANGES &&
	       message->body.length > 0 &&
	       numbers_are_good(message, (unsigned)source->host) &&
	       places_are_good(message) && names_are_good(message) &&
	       stream_shard((unsigned)message->kind, message->tenant,
		       message->stream,
		       (unsigned)ledger->config->ledgers) == ledger->number;
}

/* Our clock follows that of the others, but not into a wrong future. */
static uint64_t
next_clock(struct ledger *ledger, uint64_t id_time)
{
	uint64_t now_ms = clock_unix_ms();
	uint64_t clock = message_next_time(ledger->id_time, now_ms);

	if (id_time <= message_time_of(now_ms + AHEAD_MS_MAX))
		return MAX_OF(clock, id_time);
	row_count(ledger->row, COUNTER_CLOCK_AHEAD, 1);
	return clock;
}

static bool
is_kept(const struct ledger *ledger, const struct message *message)
{
	return config_stream_class(
		ledger->config, (unsigned)message->kind, message->stream)
		->history;
}

/* Those who are there see it, in no place. A change changes nothing here. */
static void
show(struct ledger *ledger, const struct host_source *source,
	struct message *message)
{
	struct buffer *packed = &ledger->turn.packed;
	struct buffer *others = &ledger->turn.others;
	struct unpack in = unpack_of(message->others);
	struct mail_side side;
	size_t at;

	if (message->flags & MESSAGE_CHANGES)
		return;
	buffer_clear(others, SIZE_MAX);
	while (mail_next_side(&in, &side))
		mail_add_side(others, &(struct mail_side){ side.user, 0 });
	message->others = buffer_text(others);
	message->offset = 0;
	turn_haul_stamp(ledger, source, message);
	message->epoch = 0;
	at = packed_begin(packed, 0);
	message_pack(packed, message);
	packed_end(packed, at);
	turn_haul_add(&ledger->turn, at, message);
}

/* It gets its places, unless its key says that it has some: then false. What is
 * late is as it stands in the archive there, and keys are of what is new. */
static bool
keep(struct ledger *ledger, const struct host_source *source,
	struct message *message)
{
	bool has_key = message->key.length > 0 && !hosts_is_hole(source);
	const struct key_entry *entry = NULL;
	struct key_name key;
	size_t packed;

	if (has_key) {
		key = keys_name(&ledger->keys, message);
		entry = keys_find(&ledger->keys, &key, clock_unix_ms());
	}
	if (entry != NULL && entry->target == key.target) {
		row_count(ledger->row, COUNTER_HAULED_KNOWN, 1);
		return false;
	}
	message->placed = next_clock(ledger, message->id_time);
	turn_give_offsets(ledger, message);
	turn_haul_stamp(ledger, source, message);
	if (!hosts_is_hole(source))
		message->changed = 0;
	if (!turn_stage(ledger, message, 0, &packed)) {
		row_count(ledger->row, COUNTER_HAULED_BAD, 1);
		return true;
	}
	ledger->id_time = message->placed;
	if (has_key && entry == NULL)
		keys_add(&ledger->keys, &key, message);
	turn_haul_add(&ledger->turn, packed, message);
	return true;
}

/* Does it come from here, and not from the archive there or the journal? */
static bool
is_due(const struct host_source *source, const struct message *message)
{
	bool is_archived = message->id_time <= source->ahead.archived;

	if (!hosts_is_hole(source))
		return !is_archived;
	return is_archived && message->id_time > source->ahead.clock;
}

/* false: it leaves nothing in the batch. */
static bool
take_message(struct ledger *ledger, struct host_source *source,
	struct message *message)
{
	if (!is_due(source, message))
		return false;
	if (!hosts_is_hole(source))
		source->ahead.clock =
			MAX_OF(source->ahead.clock, message->id_time);
	if (is_kept(ledger, message))
		return keep(ledger, source, message);
	if (!hosts_is_hole(source))
		show(ledger, source, message);
	return false;
}

/* An archive has what was noted about its messages. */
static bool
may_be_noted(const struct host_source *source, uint64_t flags)
{
	return !hosts_is_hole(source) ||
	       !(flags & ~(uint64_t)(MESSAGE_MARK | MESSAGE_TRIM));
}

bool
turn_haul_item(
	struct ledger *ledger, struct host_source *source, struct text packed)
{
	struct unpack in = unpack_of(packed);
	struct message message;
	bool is_good;

	is_good = message_unpack(&in, &message) && message.via == 0 &&
		  message.epoch == source->ahead.epoch;
	if (message.body.length == 0 && message.flags & FLAGS_WITHOUT_BODY)
		message.body = TEXT_LITERAL("null");
	if (is_good && message.flags & MESSAGE_NOTES) {
		is_good = may_be_noted(source, message.flags) &&
			  turn_haul_note(ledger, source, &message);
	} else if (is_good && is_sound(ledger, source, &message)) {
		return take_message(ledger, source, &message);
	} else {
		is_good = false;
	}
	if (!is_good)
		row_count(ledger->row, COUNTER_HAULED_BAD, 1);
	return true;
}

void
turn_haul_item_done(struct ledger *ledger, const struct hauled *hauled)
{
	struct unpack in = letter_open(
		packed_letter(&ledger->turn.packed, hauled->packed));
	struct message message;

	must(message_unpack(&in, &message));
	row_count(ledger->row, COUNTER_HAULED, 1);
	if (message.flags & MESSAGE_NOTES)
		turn_haul_note_done(ledger, &message);
	else
		turn_publish(ledger, hauled->packed);
}
