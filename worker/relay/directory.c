#include "worker/relay/directory.h"

#include <stdlib.h>
#include <string.h>

#include "shared/arena.h"
#include "shared/index.h"
#include "shared/letter.h"
#include "shared/log.h"
#include "worker/relay/directory_inside.h"

/* So many times the places of the index: those who find none count only. */
#define HIDDEN_FACTOR 4

static const struct text everybody = { "", 0 };

struct directory *
directory_new(struct edge *edge)
{
	struct directory *directory = base_alloc_zeroed(1, sizeof(*directory));

	directory->edge = edge;
	directory->places = arena_shape(edge->arena)->index_connections;
	directory->seated = base_alloc_zeroed(
		directory->places, sizeof(directory->seated[0]));
	index_open(edge->arena, edge->slot, edge->life);
	row_set(edge->row, COUNTER_REMOTE_SESSIONS, 0);
	return directory;
}

size_t
directory_count(const struct directory *directory)
{
	return HASH_COUNT(directory->table);
}

struct host *
directory_host(struct directory *directory, unsigned host)
{
	must(host < HOSTS_MAX);
	if (directory->hosts[host] == NULL) {
		directory->hosts[host] =
			base_alloc_zeroed(1, sizeof(struct host));
		directory->hosts[host]->number = host;
	}
	return directory->hosts[host];
}

static uint32_t
take_number(struct directory *directory)
{
	if (directory->free_count > 0)
		return directory->free_numbers[--directory->free_count];
	if (directory->number_count == directory->number_room) {
		directory->number_room =
			MAX_OF(64U, 2 * directory->number_room);
		directory->numbered = base_realloc(directory->numbered,
			directory->number_room *
				sizeof(directory->numbered[0]));
		directory->free_numbers = base_realloc(directory->free_numbers,
			directory->number_room * sizeof(uint32_t));
	}
	return directory->number_count++;
}

/* In the index */

static void
note_full(struct directory *directory)
{
	row_count(directory->edge->row, COUNTER_REMOTE_HIDDEN, 1);
	if (directory->has_logged_full)
		return;
	directory->has_logged_full = true;
	log_warning("the index has no place for more sessions of other hosts: "
		    "some will not be found by their names; max_connections "
		    "says how many it has");
}

static void
count_in(struct directory *directory, const struct remote *remote,
	struct text room)
{
	const struct edge *edge = directory->edge;

	if (index_room_add(
		    edge->arena, edge->slot, remote_tenant(remote), room) ||
		directory->has_logged_rooms)
		return;
	directory->has_logged_rooms = true;
	log_warning("the index has no place for more rooms of other hosts: "
		    "these now get what is said in any");
}

static void
count_out(struct directory *directory, const struct remote *remote,
	struct text room)
{
	const struct edge *edge = directory->edge;

	index_room_remove(edge->arena, edge->slot, remote_tenant(remote), room);
}

static void
sit_down(struct directory *directory, struct remote *remote, uint64_t order)
{
	const struct edge *edge = directory->edge;
	struct index_entry entry = {
		.secret = remote->key.secret,
		.since_ms = remote->since,
		.order = order,
		.platform = remote->platform,
		.port = remote->port,
		.tenant_length = remote->tenant_length,
		.user_length = remote->user_length,
		.host = (uint16_t)remote->key.host,
		.home_slot = (uint16_t)remote->home_slot,
		.home_place = remote->home_place,
	};

	memcpy(entry.address, remote->address, sizeof(entry.address));
	memcpy(entry.tenant, remote->names, remote->tenant_length);
	memcpy(entry.user, remote->names + remote->tenant_length,
		remote->user_length);
	remote->place = INDEX_NO_PLACE;
	count_in(directory, remote, everybody);
	if (!index_add(edge->arena, edge->slot, &entry)) {
		note_full(directory);
		return;
	}
	remote->place = entry.place;
	directory->seated[entry.place] = remote;
	index_show_secret(edge->arena, edge->slot, entry.place);
}

static void
stand_up(struct directory *directory, const struct remote *remote)
{
	const struct edge *edge = directory->edge;

	count_out(directory, remote, everybody);
	if (remote->place == INDEX_NO_PLACE)
		return;
	index_hide_secret(edge->arena, edge->slot, remote->place);
	index_remove(edge->arena, edge->slot, remote->place);
	directory->seated[remote->place] = NULL;
}

/* Sessions */

static struct remote *
remote_find(const struct directory *directory, const struct host *host,
	uint64_t secret)
{
	const struct remote_key key = { host->number, secret };
	struct remote *remote;

	HASH_FIND(hh, directory->table, &key, sizeof(key), remote);
	return remote;
}

static void
note_count(struct directory *directory)
{
	row_set(directory->edge->row, COUNTER_REMOTE_SESSIONS,
		directory_count(directory));
}

static struct remote *
remote_add(struct directory *directory, struct host *host,
	const struct arrival *arrival)
{
	struct remote *remote =
		base_alloc_zeroed(1, sizeof(*remote) + arrival->tenant.length +
					     arrival->user.length);

	remote->key = (struct remote_key){ host->number, arrival->secret };
	remote->number = take_number(directory);
	remote->connection =
		(uint64_t)remote->number << 32 | ++directory->last_serial;
	remote->home_slot = (uint32_t)(arrival->connection >> 32);
	remote->home_place = (uint32_t)arrival->connection;
	remote->platform = (uint32_t)arrival->platform;
	remote->since = arrival->since;
	remote->port = (uint16_t)arrival->port;
	memcpy(remote->address, arrival->address.at, sizeof(remote->address));
	remote->tenant_length = (uint8_t)arrival->tenant.length;
	remote->user_length = (uint8_t)arrival->user.length;
	memcpy(remote->names, arrival->tenant.at, arrival->tenant.length);
	memcpy(remote->names + arrival->tenant.length, arrival->user.at,
		arrival->user.length);
	directory->numbered[remote->number] = remote;
	HASH_ADD(hh, directory->table, key, sizeof(remote->key), remote);
	DL_APPEND(host->sessions, remote);
	sit_down(directory, remote, arrival->order);
	note_count(directory);
	return remote;
}

void
remote_leave(struct directory *directory, struct remote *remote, uint32_t at,
	const struct leave *leave)
{
	struct stay *stay = remote->stays[at];

	directory_tell_leave(directory, remote, stay, leave);
	count_out(directory, remote, stay_name(stay));
	free(stay);
	directory->stays--;
	remote->stays[at] = remote->stays[--remote->stay_count];
	remote->stay_hashes[at] = remote->stay_hashes[remote->stay_count];
}

void
remote_end(struct directory *directory, struct remote **ended, bool is_lost)
{
	struct remote *remote = *ended;
	struct host *host = directory->hosts[remote->key.host];

	*ended = NULL;
	while (remote->stay_count > 0)
		remote_leave(directory, remote, remote->stay_count - 1,
			&(struct leave){ .lost = is_lost,
				.info = buffer_text(&remote->info) });
	stand_up(directory, remote);
	directory->numbered[remote->number] = NULL;
	directory->free_numbers[directory->free_count++] = remote->number;
	HASH_DEL(directory->table, remote);
	DL_DELETE(host->sessions, remote);
	note_count(directory);
	free(remote->stays);
	free(remote->stay_hashes);
	buffer_fini(&remote->info);
	free(remote);
}

static void
remote_drop(struct directory *directory, struct remote *remote)
{
	HASH_DEL(directory->table, remote);
	for (uint32_t i = 0; i < remote->stay_count; i++)
		free(remote->stays[i]);
	free(remote->stays);
	free(remote->stay_hashes);
	buffer_fini(&remote->info);
	free(remote);
}

/* With the process all its members go, and its partition is closed. */
void
directory_free(struct directory **directory)
{
	struct directory *old = *directory;
	struct remote *remote, *next;

	if (old == NULL)
		return;
	HASH_ITER(hh, old->table, remote, next)
	{
		remote_drop(old, remote);
	}
	for (unsigned i = 0; i < HOSTS_MAX; i++) {
		if (old->hosts[i] == NULL)
			continue;
		buffer_fini(&old->hosts[i]->held);
		free(old->hosts[i]);
	}
	free(old->numbered);
	free(old->free_numbers);
	free(old->seated);
	free(old);
	*directory = NULL;
}

/* What items say */

static bool
is_good_name(struct text name, size_t max)
{
	return name.length > 0 && name.length <= max && text_is_utf8(name);
}

static bool
is_good_arrival(const struct arrival *arrival)
{
	return is_good_name(arrival->tenant, TENANT_BYTES_MAX) &&
	       is_good_name(arrival->user, USER_BYTES_MAX) &&
	       arrival->address.length == 16 &&
	       arrival->connection >> 32 < SLOTS_MAX &&
	       arrival->platform <= UINT32_MAX && arrival->port <= UINT16_MAX;
}

static bool
has_space(const struct directory *directory)
{
	return directory_count(directory) <
	       (size_t)directory->places * HIDDEN_FACTOR;
}

static bool
take_arrive(struct directory *directory, struct host *host, struct unpack *in)
{
	struct arrival arrival;
	struct remote *remote;

	if (!arrival_unpack(in, &arrival) || !is_good_arrival(&arrival))
		return false;
	remote = remote_find(directory, host, arrival.secret);
	if (remote == NULL && !has_space(directory)) {
		note_full(directory);
		return true;
	}
	if (remote == NULL) {
		remote = remote_add(directory, host, &arrival);
		directory_tell_arrival(directory, remote, arrival.order);
	}
	remote->round = host->round;
	return true;
}

static bool
take_depart(struct directory *directory, struct host *host, struct unpack *in)
{
	struct arrival arrival;
	struct remote *remote;

	if (!arrival_unpack(in, &arrival))
		return false;
	remote = remote_find(directory, host, arrival.secret);
	if (remote != NULL)
		remote_end(directory, &remote, true);
	return true;
}

static uint32_t
name_hash(struct text room)
{
	return (uint32_t)hash_private(room.at, room.length);
}

static bool
has_space_for_stay(
	const struct directory *directory, const struct remote *remote)
{
	size_t places = directory->places;

	return remote->stay_count < STAYS_MAX &&
	       directory->stays < MAX_OF(places * STAYS_A_PLACE, STAYS_LEAST);
}

/* Where it stands, or stay_count. */
static uint32_t
stay_find(const struct remote *remote, struct text room)
{
	uint32_t i = 0, hash = name_hash(room);

	while (i < remote->stay_count &&
		(remote->stay_hashes[i] != hash ||
			!text_equal(room, stay_name(remote->stays[i]))))
		i++;
	return i;
}

static struct stay *
stay_add(struct directory *directory, struct remote *remote, struct text room)
{
	struct stay *stay = base_alloc_zeroed(1, sizeof(*stay) + room.length);

	stay->name_length = (uint8_t)room.length;
	memcpy(stay->name, room.at, room.length);
	if (remote->stay_count == remote->stay_room) {
		remote->stay_room = MAX_OF(4U, 2 * remote->stay_room);
		remote->stays = base_realloc(remote->stays,
			remote->stay_room * sizeof(remote->stays[0]));
		remote->stay_hashes = base_realloc(remote->stay_hashes,
			remote->stay_room * sizeof(remote->stay_hashes[0]));
	}
	remote->stay_hashes[remote->stay_count] = name_hash(room);
	remote->stays[remote->stay_count++] = stay;
	directory->stays++;
	count_in(directory, remote, room);
	return stay;
}

/* It may have left and joined again, in another way, while we did not hear. */
static void
set_stay(struct directory *directory, struct remote *remote, struct stay *stay,
	const struct join *join)
{
	if (!(join->flags & JOIN_PRESENCE))
		directory_tell_leave(
			directory, remote, stay, &(struct leave){ 0 });
	stay->since = join->since;
	stay->flags = (uint8_t)join->flags;
	stay->info_hash = hash_private(join->info.at, join->info.length);
	buffer_clear(&remote->info, SIZE_MAX);
	buffer_add_text(&remote->info, join->info);
	directory_tell_join(directory, remote, stay);
}

static bool
is_good_join(const struct join *join)
{
	return is_good_name(join->room, ROOM_BYTES_MAX) &&
	       join->info.length <= INFO_BYTES_MAX;
}

static bool
take_join(struct directory *directory, struct host *host, struct unpack *in)
{
	struct remote *remote;
	struct stay *stay;
	struct join join;
	uint32_t at;

	if (!join_unpack(in, &join) || !is_good_join(&join))
		return false;
	join.flags &= JOIN_EVENTS | JOIN_PRESENCE;
	remote = remote_find(directory, host, join.connection);
	if (remote == NULL)
		return true;
	at = stay_find(remote, join.room);
	if (at == remote->stay_count && !has_space_for_stay(directory, remote))
		return false;
	if (at == remote->stay_count) {
		stay = stay_add(directory, remote, join.room);
		set_stay(directory, remote, stay, &join);
	} else {
		stay = remote->stays[at];
		if (stay->flags != join.flags ||
			stay->info_hash !=
				hash_private(join.info.at, join.info.length))
			set_stay(directory, remote, stay, &join);
	}
	stay->round = host->round;
	return true;
}

static bool
take_leave(struct directory *directory, struct host *host, struct unpack *in)
{
	struct remote *remote;
	struct leave leave;
	uint32_t at;

	if (!leave_unpack(in, &leave) || leave.info.length > INFO_BYTES_MAX)
		return false;
	remote = remote_find(directory, host, leave.connection);
	at = remote ? stay_find(remote, leave.room) : 0;
	if (remote != NULL && at < remote->stay_count)
		remote_leave(directory, remote, at, &leave);
	return true;
}

bool
directory_apply(struct directory *directory, struct host *host,
	const struct wire_live_item *item)
{
	struct unpack in = unpack_of(item->record);

	switch (item->kind) {
	case LETTER_ARRIVE:
		return take_arrive(directory, host, &in);
	case LETTER_DEPART:
		return take_depart(directory, host, &in);
	case LETTER_JOIN:
		return take_join(directory, host, &in);
	case LETTER_LEAVE:
		return take_leave(directory, host, &in);
	default:
		return false;
	}
}

bool
directory_at(const struct directory *directory, uint64_t place, uint64_t secret,
	struct remote_place *found)
{
	const struct remote *remote =
		place < directory->places ? directory->seated[place] : NULL;

	if (remote == NULL || remote->key.secret != secret)
		return false;
	*found = (struct remote_place){
		.host = (unsigned)remote->key.host,
		.slot = remote->home_slot,
		.place = remote->home_place,
		.secret = secret,
	};
	return true;
}
