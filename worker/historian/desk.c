#include "worker/historian/desk.h"

#include <stdlib.h>

#include "shared/scoreboard.h"
#include "shared/table.h"

struct open_letter {
	unsigned from;
	bool is_answered;
	uint64_t end;
	struct open_letter *prev, *next;
};

struct desk {
	struct open_letter *letters[SLOTS_MAX]; /* of each sender, in order */
};

struct desk *
desk_new(void)
{
	return base_alloc_zeroed(1, sizeof(struct desk));
}

void
desk_free(struct desk **pointer)
{
	struct desk *desk = *pointer;

	*pointer = NULL;
	if (desk == NULL)
		return;
	for (unsigned i = 0; i < SLOTS_MAX; i++) {
		struct open_letter *letter, *next;

		DL_FOREACH_SAFE(desk->letters[i], letter, next)
		{
			free(letter);
		}
	}
	free(desk);
}

struct open_letter *
desk_open(struct desk *desk, unsigned from, uint64_t end)
{
	struct open_letter *letter = base_alloc_zeroed(1, sizeof(*letter));

	must(from < SLOTS_MAX);
	letter->from = from;
	letter->end = end;
	DL_APPEND(desk->letters[from], letter);
	return letter;
}

bool
desk_close(struct desk *desk, struct open_letter *letter, unsigned *from,
	uint64_t *end)
{
	struct open_letter **letters = &desk->letters[letter->from];
	bool can_give_back = false;

	*from = letter->from;
	letter->is_answered = true;
	while (*letters && (*letters)->is_answered) {
		struct open_letter *first = *letters;

		*end = first->end;
		can_give_back = true;
		DL_DELETE(*letters, first);
		free(first);
	}
	return can_give_back;
}
