#include <stdlib.h>

#include "master/answer.h"
#include "master/look.h"
#include "master/words_context.h"
#include "shared/arena.h"
#include "shared/index.h"
#include "shared/index_walk.h"
#include "shared/tally.h"

/*
 * Rooms and users: what the gateways have of them, added up by name. The index
 * has them in chains by the hash of their names, with a key drawn when the
 * arena was made, and in the same chain on every gateway; so they are listed
 * chain by chain, and in a chain by their hashes. To an operator that is no
 * order, but a page that begins behind a name finds its place at once, and has
 * to look at few entries more than it shows.
 */

struct list {
	const struct words_context *context;
	struct look *look;
	struct answer *answer;
	struct tally tally;
	void (*add_row)(struct list *list, const struct tally_name *name);
	size_t columns;
	struct tally_name last; /* looked at */
};

static struct text
text_of_name(const struct tally_name *name)
{
	return (struct text){ name->bytes, name->length };
}

static void
list_chain(struct list *list, uint64_t behind)
{
	struct look *look = list->look;

	for (size_t i = 0; i < list->tally.count && look->limit > 0; i++) {
		const struct tally_name *name = &list->tally.names[i];

		if (name->hash <= behind)
			continue;
		list->last = *name;
		if (!text_has_prefix(text_of_name(name), look->prefix))
			continue;
		list->add_row(list, name);
		look->limit--;
	}
}

/* The page found nothing up to here: only the name says where that is. */
static void
add_only_name(struct list *list)
{
	answer_cell_name(list->answer, text_of_name(&list->last));
	for (size_t i = 1; i < list->columns; i++)
		answer_cell_none(list->answer);
}

/* A page that has not seen anybody of its tenant yet has no name to go on
 * behind, so it looks further; were they all of others, up to a bound as well.
 */
static bool
is_enough(const struct list *list)
{
	size_t most =
		list->last.length > 0 ? LOOK_ENTRIES_MAX : LOOK_STRANGERS_MAX;

	return list->look->limit == 0 || list->tally.looked >= most;
}

static void
list_all(struct list *list)
{
	struct look *look = list->look;
	uint32_t chains = list->tally.kind->chains(list->context->arena);
	uint64_t behind = 0;
	uint32_t first = 0, chain;

	if (look->after.length > 0) {
		behind = index_hash(
			list->context->arena, look->tenant, look->after);
		first = (uint32_t)(behind % chains);
	}
	for (chain = tally_next(&list->tally, first);
		chain < chains && !is_enough(list);
		chain = tally_next(&list->tally, chain + 1)) {
		tally_take(&list->tally, chain);
		list_chain(list, chain == first ? behind : 0);
	}
	look->looked = list->tally.looked;
	if (chain < chains && list->answer->items == 0 && list->last.length > 0)
		add_only_name(list);
}

static void
show_list(struct list *list, const struct tally_kind *kind,
	const char *const *columns)
{
	while (columns[list->columns])
		list->columns++;
	tally_init(
		&list->tally, kind, list->context->arena, list->look->tenant);
	answer_begin_table(list->answer, columns);
	list_all(list);
	answer_end_table(list->answer);
	tally_fini(&list->tally);
}

static void
add_room(struct list *list, const struct tally_name *room)
{
	answer_cell_name(list->answer, text_of_name(room));
	answer_cell_name(list->answer, list->look->tenant);
	answer_cell_number(list->answer, room->connections);
	answer_cell_number(list->answer, room->slots);
}

void
look_rooms(const struct words_context *context, struct look *look,
	struct answer *answer)
{
	static const char *const columns[] = { "room", "tenant", "connections",
		"gateways", NULL };
	struct list list = { .context = context,
		.look = look,
		.answer = answer,
		.add_row = add_room };

	show_list(&list, &tally_of_rooms, columns);
}

static void
add_user(struct list *list, const struct tally_name *user)
{
	add_room(list, user);
	answer_cell_number(list->answer, user->since_ms);
}

void
look_users(const struct words_context *context, struct look *look,
	struct answer *answer)
{
	static const char *const columns[] = { "user", "tenant", "connections",
		"gateways", "since", NULL };
	struct list list = { .context = context,
		.look = look,
		.answer = answer,
		.add_row = add_user };

	show_list(&list, &tally_of_users, columns);
}

void
look_room(const struct words_context *context, struct look *look,
	struct answer *answer)
{
	static const char *const columns[] = { "slot", "gateway", "pid",
		"connections", NULL };
	const struct arena *arena = context->arena;

	if (!text_is_name(look->name, 1, ROOM_BYTES_MAX)) {
		answer_refuse(answer, "that is no name of a room");
		return;
	}
	answer_begin_table(answer, columns);
	for (unsigned i = 0; i < arena_shape(arena)->slots; i++) {
		uint32_t connections = index_room_connections(
			arena, i, look->tenant, look->name);

		if (connections == 0)
			continue;
		answer_cell_number(answer, i);
		answer_cell_number(answer, arena_row(arena, i)->number);
		answer_cell_number(
			answer, atomic_load(&arena_row(arena, i)->pid));
		answer_cell_number(answer, connections);
	}
	answer_end_table(answer);
}
