#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "master/answer.h"
#include "master/look.h"
#include "master/words_context.h"
#include "shared/arena.h"
#include "shared/base.h"
#include "shared/notes.h"

/*
 * What the processes logged last: their notes, merged by time.
 */

/* One note, and whose it is. */
struct line {
	struct note note;
	unsigned slot;
	unsigned age; /* among those of the slot that are as old */
};

struct lines {
	struct line *lines;
	size_t count, room;
};

static void
add_notes(struct lines *lines, const struct arena *arena, unsigned slot,
	enum notes_kind kind)
{
	const struct notes *notes = arena_notes(arena, slot);

	for (unsigned back = 0; back < NOTES_KEPT; back++) {
		struct line line = { .slot = slot, .age = back };

		if (!notes_read(notes, kind, back, &line.note))
			continue;
		if (lines->count == lines->room) {
			lines->room = lines->room ? 2 * lines->room : 64;
			lines->lines = base_realloc(lines->lines,
				lines->room * sizeof(*lines->lines));
		}
		lines->lines[lines->count++] = line;
	}
}

static int
compare(const void *a, const void *b)
{
	const struct line *one = a, *other = b;

	if (one->note.unix_us != other->note.unix_us)
		return one->note.unix_us < other->note.unix_us ? -1 : 1;
	if (one->slot != other->slot)
		return one->slot < other->slot ? -1 : 1;
	return one->age > other->age ? -1 : one->age < other->age;
}

static void
add_time(struct answer *answer, uint64_t unix_ms)
{
	time_t seconds = (time_t)(unix_ms / 1000);
	char text[64];
	struct tm parts;
	size_t at;

	gmtime_r(&seconds, &parts);
	at = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
	snprintf(text + at, sizeof(text) - at, ".%03uZ",
		(unsigned)(unix_ms % 1000));
	answer_cell_text(answer, text);
}

static void
add_line(struct answer *answer, const struct arena *arena,
	const struct line *line)
{
	static const char *const levels[] = { [LOG_LEVEL_ERROR] = "error",
		[LOG_LEVEL_WARNING] = "warning",
		[LOG_LEVEL_INFO] = "info" };
	const struct note *note = &line->note;

	add_time(answer, note->unix_us / 1000);
	answer_cell_text(answer,
		note->level < ARRAY_LEN(levels) ? levels[note->level] : "");
	look_add_process(answer, arena, line->slot);
	answer_cell_number(answer, note->pid);
	answer_cell_name(answer, (struct text){ note->text, note->length });
}

static void
show_lines(const struct arena *arena, struct lines *lines, size_t limit,
	struct answer *answer)
{
	static const char *const columns[] = { "time", "level", "process",
		"pid", "message", NULL };

	if (lines->count > 1)
		qsort(lines->lines, lines->count, sizeof(*lines->lines),
			compare);
	answer_begin_table(answer, columns);
	for (size_t i = lines->count - MIN_OF(lines->count, limit);
		i < lines->count; i++)
		add_line(answer, arena, &lines->lines[i]);
	answer_end_table(answer);
	free(lines->lines);
}

void
look_errors(const struct words_context *context, struct look *look,
	struct answer *answer)
{
	struct lines lines = { 0 };

	for (unsigned i = 0; i <= arena_shape(context->arena)->slots; i++)
		add_notes(&lines, context->arena, i, NOTES_OF_TROUBLE);
	show_lines(context->arena, &lines, look->limit, answer);
}

void
look_log(const struct words_context *context, struct look *look,
	struct answer *answer)
{
	struct lines lines = { 0 };

	for (unsigned i = 0; i <= arena_shape(context->arena)->slots; i++) {
		add_notes(&lines, context->arena, i, NOTES_OF_TROUBLE);
		add_notes(&lines, context->arena, i, NOTES_OF_INFO);
	}
	show_lines(context->arena, &lines, look->limit, answer);
}
