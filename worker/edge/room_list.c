#include "worker/edge/room_list.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/message.h"
#include "shared/records.h"
#include "shared/scoreboard.h"

struct room_list {
	unsigned missing; /* ledgers */
	bool has_told[LEDGERS_MAX];
	size_t limit;
	struct buffer lines; /* packed texts, each one packed room_line */
	size_t count;

	/* A ledger that has more has told nothing behind this name. */
	bool is_bounded;
	size_t bound_length;
	char bound[ROOM_BYTES_MAX];
};

struct room_list *
room_list_new(unsigned ledgers, size_t limit)
{
	struct room_list *list = base_alloc_zeroed(1, sizeof(*list));

	list->missing = ledgers;
	list->limit = limit;
	return list;
}

void
room_list_free(struct room_list **list)
{
	if (!*list)
		return;
	buffer_fini(&(*list)->lines);
	free(*list);
	*list = NULL;
}

static void
note_bound(struct room_list *list, struct text name)
{
	const struct text bound = { list->bound, list->bound_length };

	if (name.length > sizeof(list->bound) ||
		(list->is_bounded && text_compare(name, bound) >= 0))
		return;
	list->is_bounded = true;
	list->bound_length = name.length;
	memcpy(list->bound, name.at, name.length);
}

static void
add_part(struct room_list *list, const struct rooms_page *page)
{
	struct unpack in = unpack_of(page->rooms);
	struct room_line line = { 0 };

	for (uint64_t i = 0; i < page->count; i++) {
		struct text packed = unpack_text(&in);
		struct unpack one = unpack_of(packed);

		if (in.failed || !room_line_unpack(&one, &line))
			break;
		pack_text(&list->lines, packed);
		list->count++;
	}
	if (page->more && line.room.length > 0)
		note_bound(list, line.room);
}

bool
room_list_add(struct room_list *list, const struct rooms_page *page)
{
	if (page->ledger >= LEDGERS_MAX || list->has_told[page->ledger])
		return false;
	list->has_told[page->ledger] = true;
	add_part(list, page);
	return --list->missing == 0;
}

static int
by_name(const void *a, const void *b)
{
	const struct room_line *left = a, *right = b;

	return text_compare(left->room, right->room);
}

static struct room_line *
sorted_lines(const struct room_list *list)
{
	struct unpack in = unpack_of(buffer_text(&list->lines));
	struct room_line *lines = base_alloc_zeroed(
		MAX_OF(list->count, (size_t)1), sizeof(*lines));

	for (size_t i = 0; i < list->count; i++) {
		struct unpack one = unpack_of(unpack_text(&in));

		must(room_line_unpack(&one, &lines[i]));
	}
	qsort(lines, list->count, sizeof(*lines), by_name);
	return lines;
}

/* How many of the lines are on this page. */
static size_t
cut(const struct room_list *list, const struct room_line *lines)
{
	const struct text bound = { list->bound, list->bound_length };
	size_t count = 0;

	while (count < list->count && count < list->limit &&
		!(list->is_bounded &&
			text_compare(lines[count].room, bound) > 0))
		count++;
	return count;
}

struct room_line *
room_list_page(const struct room_list *list, size_t *count, struct text *next)
{
	struct room_line *lines = sorted_lines(list);

	*count = cut(list, lines);
	*next = TEXT_LITERAL("");
	if (*count > 0 && (*count < list->count || list->is_bounded))
		*next = lines[*count - 1].room;
	return lines;
}
