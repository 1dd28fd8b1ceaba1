#include <stdlib.h>

#include "master/answer.h"
#include "master/look.h"
#include "master/words_context.h"
#include "shared/address.h"
#include "shared/arena.h"
#include "shared/base.h"
#include "shared/client_id.h"
#include "shared/config.h"
#include "shared/index.h"
#include "shared/index_walk.h"

/*
 * Connections, in the order of their places: slot by slot, and in a slot by
 * number. A connection keeps its place as long as it lives, and its id says
 * which one that is, so a page goes on right behind any client, were it gone.
 */

static const char *const columns[] = { "client", "user", "tenant", "platform",
	"host", "slot", "since", "address", NULL };

static void
write_id(char id[CLIENT_ID_LENGTH + 1], const struct words_context *context,
	unsigned slot, const struct index_entry *entry)
{
	index_client_id(entry, (unsigned)context->config->host_id, slot, id);
}

static void
add_client(const struct words_context *context, struct answer *answer,
	unsigned slot, const struct index_entry *entry)
{
	char id[CLIENT_ID_LENGTH + 1], address[ADDRESS_PEER_BYTES];

	write_id(id, context, slot, entry);
	address_write_peer(address, entry->address, entry->port);
	answer_cell_text(answer, id);
	answer_cell_name(
		answer, (struct text){ entry->user, entry->user_length });
	answer_cell_name(
		answer, (struct text){ entry->tenant, entry->tenant_length });
	answer_cell_number(answer, entry->platform);
	answer_cell_number(answer,
		entry->host ? entry->host : (uint64_t)context->config->host_id);
	answer_cell_number(answer, entry->host ? entry->home_slot : slot);
	answer_cell_number(answer, entry->since_ms);
	answer_cell_text(answer, address);
}

/* A page found nobody up to here: only where it stands is said. */
static void
add_place(const struct words_context *context, struct answer *answer,
	unsigned slot, uint32_t place)
{
	const struct index_entry nobody = { .place = place };
	char id[CLIENT_ID_LENGTH + 1];

	write_id(id, context, slot, &nobody);
	answer_cell_text(answer, id);
	for (size_t i = 1; columns[i]; i++)
		answer_cell_none(answer);
}

/* Behind whom the page begins. */
static bool
read_after(struct text after, unsigned *slot, uint32_t *place)
{
	unsigned host;
	uint64_t secret;

	if (after.length == 0)
		return true;
	if (!client_id_read(after, &host, slot, place, &secret))
		return false;
	if (*place == UINT32_MAX) {
		++*slot;
		*place = 0;
	} else {
		++*place;
	}
	return true;
}

static bool
is_enough(const struct look *look)
{
	return look->limit == 0 || look->looked >= LOOK_PLACES_MAX;
}

static bool
is_wanted(const struct look *look, const struct index_entry *entry)
{
	struct text tenant = { entry->tenant, entry->tenant_length };

	return !look->is_of_tenant || text_equal(tenant, look->tenant);
}

/* The relay's connections are those of other hosts, who list them. */
static bool
is_elsewhere(const struct words_context *context, unsigned slot)
{
	return arena_shape(context->arena)->roles[slot] == ROLE_RELAY;
}

void
look_clients(const struct words_context *context, struct look *look,
	struct answer *answer)
{
	unsigned slots = arena_shape(context->arena)->slots, slot = 0;
	uint32_t place = 0;
	struct index_entry entry;

	if (!read_after(look->after, &slot, &place)) {
		answer_refuse(answer, "after= is no client");
		return;
	}
	answer_begin_table(answer, columns);
	for (; slot < slots; slot++, place = 0) {
		uint32_t places = is_elsewhere(context, slot)
					  ? 0
					  : index_places(context->arena, slot);

		for (; place < places && !is_enough(look); place++) {
			look->looked++;
			if (!index_read(context->arena, slot, place, &entry) ||
				!is_wanted(look, &entry))
				continue;
			add_client(context, answer, slot, &entry);
			look->limit--;
		}
		if (is_enough(look))
			break;
	}
	if (slot < slots && place > 0 && answer->items == 0)
		add_place(context, answer, slot, place - 1);
	answer_end_table(answer);
}

void
look_client(const struct words_context *context, struct look *look,
	struct answer *answer)
{
	char id[CLIENT_ID_LENGTH + 1], address[ADDRESS_PEER_BYTES];
	struct index_entry entry;
	unsigned host = (unsigned)context->config->host_id, slot;

	if (!index_find_client(
		    context->arena, host, look->name, &slot, &entry) ||
		entry.host != 0) {
		answer_refuse(answer, "there is no such client here");
		return;
	}
	write_id(id, context, slot, &entry);
	address_write_peer(address, entry.address, entry.port);
	answer_begin_list(answer);
	answer_text(answer, "client", id);
	answer_name(
		answer, "user", (struct text){ entry.user, entry.user_length });
	answer_name(answer, "tenant",
		(struct text){ entry.tenant, entry.tenant_length });
	answer_number(answer, "platform", entry.platform);
	answer_number(answer, "host", host);
	answer_number(answer, "slot", slot);
	answer_number(answer, "pid",
		atomic_load(&arena_row(context->arena, slot)->pid));
	answer_number(answer, "since", entry.since_ms);
	answer_text(answer, "address", address);
	answer_end_list(answer);
}

/* The places of one user's connections on one slot. */
struct seats {
	const struct look *look;
	uint32_t *places;
	size_t count, room;
};

static bool
is_of(const struct index_entry *entry, const struct look *look)
{
	struct text user = { entry->user, entry->user_length };
	struct text tenant = { entry->tenant, entry->tenant_length };

	return text_equal(user, look->name) && text_equal(tenant, look->tenant);
}

static void
begin_seats(void *self)
{
	struct seats *seats = self;

	seats->count = 0;
}

static void
add_seat(void *self, const struct index_entry *entry)
{
	struct seats *seats = self;

	if (!is_of(entry, seats->look))
		return;
	if (seats->count == seats->room) {
		seats->room = seats->room ? 2 * seats->room : 64;
		seats->places = base_realloc(
			seats->places, seats->room * sizeof(uint32_t));
	}
	seats->places[seats->count++] = entry->place;
}

static int
compare(const void *a, const void *b)
{
	uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;

	return one < other ? -1 : one > other;
}

static void
list_seats(const struct words_context *context, struct look *look,
	struct answer *answer, unsigned slot, uint32_t from)
{
	struct seats seats = { .look = look };
	const struct index_walk walk = { .begin = begin_seats,
		.connection = add_seat,
		.self = &seats,
		.most = LOOK_ENTRIES_MAX };
	uint64_t hash = index_hash(context->arena, look->tenant, look->name);
	struct index_entry entry;

	look->looked += index_walk_users(context->arena, slot,
		(uint32_t)(hash % index_user_chains(context->arena)), &walk);
	if (seats.count > 1)
		qsort(seats.places, seats.count, sizeof(uint32_t), compare);
	for (size_t i = 0; i < seats.count && look->limit > 0; i++) {
		if (seats.places[i] < from ||
			!index_read(context->arena, slot, seats.places[i],
				&entry) ||
			!is_of(&entry, look))
			continue;
		add_client(context, answer, slot, &entry);
		look->limit--;
	}
	free(seats.places);
}

void
look_user(const struct words_context *context, struct look *look,
	struct answer *answer)
{
	unsigned slots = arena_shape(context->arena)->slots, slot = 0;
	uint32_t place = 0;

	if (!text_is_name(look->name, 1, USER_BYTES_MAX)) {
		answer_refuse(answer, "that is no name of a user");
		return;
	}
	if (!read_after(look->after, &slot, &place)) {
		answer_refuse(answer, "after= is no client");
		return;
	}
	answer_begin_table(answer, columns);
	for (; slot < slots && look->limit > 0; slot++, place = 0)
		list_seats(context, look, answer, slot, place);
	answer_end_table(answer);
}
