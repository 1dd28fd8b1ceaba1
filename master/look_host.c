#include <inttypes.h>
#include <stdio.h>

#include "master/answer.h"
#include "master/look.h"
#include "master/words_context.h"
#include "shared/arena.h"
#include "shared/overall.h"
#include "shared/ring.h"

/*
 * What the processes of this host do among themselves.
 */

void
look_add_process(
	struct answer *answer, const struct arena *arena, unsigned slot)
{
	char name[64] = "master";

	if (slot < arena_shape(arena)->slots) {
		const struct row *row = arena_row(arena, slot);

		snprintf(name, sizeof(name), "%s %u", role_name(row->role),
			row->number);
	}
	answer_cell_text(answer, name);
}

static bool
is_alive(const struct arena *arena, unsigned slot)
{
	return atomic_load(&arena_row(arena, slot)->pid) != 0;
}

static bool
read_number(struct text *text, unsigned *number)
{
	size_t digits = 0;

	*number = 0;
	while (digits < text->length && digits < 6 && text->at[digits] >= '0' &&
		text->at[digits] <= '9')
		*number = *number * 10 + (unsigned)(text->at[digits++] - '0');
	text->at += digits;
	text->length -= digits;
	return digits > 0;
}

/* "FROM-TO", the first column of a ring. */
static bool
read_ring(struct text text, unsigned *from, unsigned *to)
{
	if (!read_number(&text, from) || text.length == 0 || *text.at != '-')
		return false;
	text.at++;
	text.length--;
	return read_number(&text, to) && text.length == 0;
}

static void
add_ring(struct answer *answer, const struct arena *arena, unsigned from,
	unsigned to)
{
	const struct ring *ring = arena_ring(arena, from, to);
	char name[32];

	snprintf(name, sizeof(name), "%u-%u", from, to);
	answer_cell_text(answer, name);
	answer_cell_number(answer, from);
	answer_cell_number(answer, to);
	answer_cell_number(answer, ring_pending(ring));
	answer_cell_number(answer, ring->capacity);
	answer_cell_number(answer, ring_refused(ring));
}

void
look_rings(const struct words_context *context, struct look *look,
	struct answer *answer)
{
	static const char *const columns[] = { "ring", "from", "to", "used",
		"capacity", "refused", NULL };
	const struct arena *arena = context->arena;
	unsigned slots = arena_shape(arena)->slots, from = 0, to = 0;

	if (look->after.length > 0) {
		if (!read_ring(look->after, &from, &to)) {
			answer_refuse(answer, "after= is no ring");
			return;
		}
		to++;
	}
	answer_begin_table(answer, columns);
	for (; from < slots && look->limit > 0; from++, to = 0) {
		if (!is_alive(arena, from))
			continue;
		for (; to < slots && look->limit > 0; to++) {
			if (to == from || !is_alive(arena, to))
				continue;
			add_ring(answer, arena, from, to);
			look->limit--;
		}
	}
	answer_end_table(answer);
}

static void
add_ledger(struct answer *answer, const struct arena *arena, unsigned slot)
{
	static const enum counter shown[] = { COUNTER_SEGMENTS,
		COUNTER_MESSAGES, COUNTER_STREAMS, COUNTER_ROOMS,
		COUNTER_MEMBERS, COUNTER_KEYS, COUNTER_MARKS };
	const struct row *row = arena_row(arena, slot);
	uint64_t archived;

	answer_cell_number(answer, row->number);
	answer_cell_number(answer, slot);
	answer_cell_number(answer, atomic_load(&row->pid));
	answer_cell_text(answer, child_state_name(atomic_load(&row->state)));
	answer_cell_number(answer, atomic_load(&row->journal_end));
	answer_cell_number(answer, atomic_load(&row->delivered));
	if (overall_archived(arena, row->number, &archived))
		answer_cell_number(answer, archived);
	else
		answer_cell_none(answer);
	for (size_t i = 0; i < ARRAY_LEN(shown); i++)
		answer_cell_number(answer, row_read(row, shown[i]));
}

void
look_ledger(const struct words_context *context, struct look *look,
	struct answer *answer)
{
	static const char *const columns[] = { "ledger", "slot", "pid", "state",
		"journal", "delivered", "archived", "segments", "messages",
		"streams", "rooms", "members", "keys", "marks", NULL };
	unsigned first = arena_role_first(context->arena, ROLE_LEDGER);
	unsigned count = arena_role_count(context->arena, ROLE_LEDGER);

	(void)look;
	answer_begin_table(answer, columns);
	for (unsigned i = first; i < first + count; i++)
		add_ledger(answer, context->arena, i);
	answer_end_table(answer);
}
