#include "worker/relay/locals.h"

#include <stdlib.h>
#include <string.h>

#include "shared/buffer.h"
#include "shared/letter.h"
#include "shared/message.h"
#include "worker/relay/locals_inside.h"

#define KEEP_BYTES 65536

struct locals *
locals_new(locals_say *say, void *self)
{
	struct locals *locals = base_alloc_zeroed(1, sizeof(*locals));

	locals->say = say;
	locals->self = self;
	return locals;
}

size_t
locals_count(const struct locals *locals)
{
	return HASH_COUNT(locals->table);
}

/* What stands in locals->record. */
static void
say(struct locals *locals, enum letter_kind kind)
{
	const struct wire_live_item item = {
		.kind = kind,
		.record = buffer_text(&locals->record),
	};

	locals->say(locals->self, &item);
}

static struct buffer *
record(struct locals *locals)
{
	buffer_clear(&locals->record, KEEP_BYTES);
	return &locals->record;
}

static void
say_leave(struct locals *locals, const struct local *local,
	const struct leave *leave)
{
	leave_pack(record(locals), &(struct leave){
					   .connection = local->secret,
					   .room = leave->room,
					   .lost = leave->lost,
					   .info = leave->info,
				   });
	say(locals, LETTER_LEAVE);
}

static void
say_depart(struct locals *locals, const struct local *local)
{
	arrival_pack(record(locals), &(struct arrival){
					     .connection = local->secret,
					     .secret = local->secret,
				     });
	say(locals, LETTER_DEPART);
}

static uint32_t
take_number(struct locals *locals)
{
	if (locals->free_count > 0)
		return locals->free_numbers[--locals->free_count];
	if (locals->number_count == locals->number_room) {
		locals->number_room = MAX_OF(64U, 2 * locals->number_room);
		locals->numbered = base_realloc(locals->numbered,
			locals->number_room * sizeof(locals->numbered[0]));
		locals->free_numbers = base_realloc(locals->free_numbers,
			locals->number_room * sizeof(uint32_t));
	}
	return locals->number_count++;
}

static struct local *
local_find(const struct locals *locals, const struct letter *letter,
	uint64_t connection)
{
	const struct key key = { connection, letter->from, letter->from_life };
	struct local *local;

	HASH_FIND(hh, locals->table, &key, sizeof(key), local);
	return local;
}

static struct local *
local_add(struct locals *locals, const struct letter *letter,
	const struct arrival *arrival)
{
	struct local *local = base_alloc_zeroed(1, sizeof(*local));

	local->key = (struct key){ arrival->connection, letter->from,
		letter->from_life };
	local->secret = arrival->secret;
	local->number = take_number(locals);
	locals->numbered[local->number] = local;
	HASH_ADD(hh, locals->table, key, sizeof(local->key), local);
	DL_APPEND(locals->gates[letter->from].sessions, local);
	return local;
}

static void
local_free(struct locals *locals, struct local *local)
{
	locals->numbered[local->number] = NULL;
	locals->free_numbers[locals->free_count++] = local->number;
	HASH_DEL(locals->table, local);
	DL_DELETE(locals->gates[local->key.slot].sessions, local);
	for (uint32_t i = 0; i < local->place_count; i++)
		free(local->places[i]);
	free(local->places);
	buffer_fini(&local->arrival);
	buffer_fini(&local->info);
	free(local);
}

void
locals_free(struct locals **locals)
{
	struct local *local, *next;

	if (*locals == NULL)
		return;
	HASH_ITER(hh, (*locals)->table, local, next)
	{
		local_free(*locals, local);
	}
	free((*locals)->numbered);
	free((*locals)->free_numbers);
	buffer_fini(&(*locals)->record);
	free(*locals);
	*locals = NULL;
}

static bool
is_good_arrival(const struct arrival *arrival)
{
	return arrival->tenant.length > 0 && arrival->user.length > 0 &&
	       arrival->tenant.length <= TENANT_BYTES_MAX &&
	       arrival->user.length <= USER_BYTES_MAX &&
	       arrival->address.length == 16;
}

/* Others call it by its secret, and by where it stands. */
static bool
take_arrive(
	struct locals *locals, const struct letter *letter, struct unpack *in)
{
	struct arrival arrival;
	struct local *local;

	if (!arrival_unpack(in, &arrival) || !is_good_arrival(&arrival))
		return false;
	local = local_find(locals, letter, arrival.connection);
	if (local == NULL) {
		local = local_add(locals, letter, &arrival);
		arrival.connection =
			(uint64_t)letter->from << 32 | arrival.connection >> 32;
		arrival_pack(&local->arrival, &arrival);
		buffer_add_text(record(locals), buffer_text(&local->arrival));
		say(locals, LETTER_ARRIVE);
	}
	local->round = locals->gates[letter->from].round;
	return true;
}

static void
end(struct locals *locals, struct local *local)
{
	say_depart(locals, local);
	local_free(locals, local);
}

static bool
take_depart(
	struct locals *locals, const struct letter *letter, struct unpack *in)
{
	struct arrival arrival;
	struct local *local;

	if (!arrival_unpack(in, &arrival))
		return false;
	local = local_find(locals, letter, arrival.connection);
	if (local != NULL)
		end(locals, local);
	return true;
}

/* Where it stands, or place_count. */
static uint32_t
place_find(const struct local *local, struct text name)
{
	uint32_t i = 0;

	while (i < local->place_count &&
		!text_equal(name, (struct text){ local->places[i]->name,
					  local->places[i]->name_length }))
		i++;
	return i;
}

static struct place *
place_add(struct local *local, struct text name)
{
	struct place *place =
		base_alloc_zeroed(1, sizeof(*place) + name.length);

	place->serial = ++local->last_serial;
	place->name_length = (uint8_t)name.length;
	memcpy(place->name, name.at, name.length);
	if (local->place_count == local->place_room) {
		local->place_room = MAX_OF(4U, 2 * local->place_room);
		local->places = base_realloc(local->places,
			local->place_room * sizeof(local->places[0]));
	}
	local->places[local->place_count++] = place;
	return place;
}

static void
place_remove(struct local *local, uint32_t at)
{
	free(local->places[at]);
	memmove(&local->places[at], &local->places[at + 1],
		(--local->place_count - at) * sizeof(local->places[0]));
}

/* Whoever is told again what he knows is not. */
static void
set_place(struct locals *locals, struct local *local, const struct join *join)
{
	uint32_t at = place_find(local, join->room);
	bool is_new = at == local->place_count;
	struct place *place =
		is_new ? place_add(local, join->room) : local->places[at];
	uint64_t hash = hash_private(join->info.at, join->info.length);

	place->round = locals->gates[local->key.slot].round;
	if (!is_new && place->flags == join->flags && place->info_hash == hash)
		return;
	place->flags = (uint8_t)join->flags;
	place->since = join->since;
	place->info_hash = hash;
	buffer_clear(&local->info, SIZE_MAX);
	buffer_add_text(&local->info, join->info);
	locals_pack_join(record(locals), local, place);
	say(locals, LETTER_JOIN);
}

static bool
take_join(struct locals *locals, const struct letter *letter, struct unpack *in)
{
	struct local *local;
	struct join join;

	if (!join_unpack(in, &join) || join.room.length == 0 ||
		join.room.length > ROOM_BYTES_MAX ||
		join.info.length > INFO_BYTES_MAX)
		return false;
	join.flags &= JOIN_EVENTS | JOIN_PRESENCE;
	local = local_find(locals, letter, join.connection);
	if (local != NULL)
		set_place(locals, local, &join);
	return true;
}

static bool
take_leave(
	struct locals *locals, const struct letter *letter, struct unpack *in)
{
	struct local *local;
	struct leave leave;
	uint32_t at;

	if (!leave_unpack(in, &leave))
		return false;
	local = local_find(locals, letter, leave.connection);
	at = local ? place_find(local, leave.room) : 0;
	if (local == NULL || at == local->place_count)
		return true;
	say_leave(locals, local, &leave);
	place_remove(local, at);
	return true;
}

void
locals_await(struct locals *locals, unsigned slot, uint32_t life)
{
	struct gate *gate = &locals->gates[slot];

	must(life != 0);
	locals->awaited += gate->awaited_life == 0;
	gate->awaited_life = life;
}

bool
locals_are_whole(const struct locals *locals)
{
	return locals->awaited == 0;
}

static void
await_no_more(struct locals *locals, struct gate *gate, uint32_t life)
{
	if (gate->awaited_life == 0 || gate->awaited_life > life)
		return;
	gate->awaited_life = 0;
	locals->awaited--;
}

/* What was told once and is not now has ended while letters were lost. */
static void
sweep_places(struct locals *locals, struct local *local, uint32_t round)
{
	for (uint32_t i = local->place_count; i-- > 0;) {
		const struct place *place = local->places[i];

		if (place->round == round)
			continue;
		say_leave(locals, local,
			&(struct leave){
				.room = { place->name, place->name_length } });
		place_remove(local, i);
	}
}

static bool
take_announced(
	struct locals *locals, const struct letter *letter, struct unpack *in)
{
	struct gate *gate = &locals->gates[letter->from];
	struct local *local, *next;
	struct announced announced;

	if (!announced_unpack(in, &announced))
		return false;
	if (announced.begins) {
		gate->round++;
		return true;
	}
	await_no_more(locals, gate, letter->from_life);
	DL_FOREACH_SAFE(gate->sessions, local, next)
	{
		if (local->round != gate->round)
			end(locals, local);
		else
			sweep_places(locals, local, gate->round);
	}
	return true;
}

bool
locals_take(struct locals *locals, const struct letter *letter)
{
	struct unpack in = letter_open(letter);

	if (letter->from >= SLOTS_MAX)
		return false;
	if (letter->from_life <= locals->gates[letter->from].dead_life)
		return true;
	switch (letter->kind) {
	case LETTER_ARRIVE:
		return take_arrive(locals, letter, &in);
	case LETTER_DEPART:
		return take_depart(locals, letter, &in);
	case LETTER_JOIN:
		return take_join(locals, letter, &in);
	case LETTER_LEAVE:
		return take_leave(locals, letter, &in);
	case LETTER_ANNOUNCED:
		return take_announced(locals, letter, &in);
	default:
		return false;
	}
}

void
locals_lose(struct locals *locals, unsigned slot, uint32_t life)
{
	struct gate *gate = &locals->gates[slot];
	struct local *local, *next;

	must(slot < SLOTS_MAX);
	gate->dead_life = MAX_OF(gate->dead_life, life);
	await_no_more(locals, gate, life);
	DL_FOREACH_SAFE(gate->sessions, local, next)
	{
		if (local->key.life <= life)
			end(locals, local);
	}
}
