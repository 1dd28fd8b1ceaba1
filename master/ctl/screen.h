/*
 * The screen of confabctl top, as text: what changed between two snapshots, and
 * what is. It knows no terminal.
 */
#ifndef MASTER_CTL_SCREEN_H
#define MASTER_CTL_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

struct buffer;
struct snapshot;

/* The lists: processes, other hosts, rooms by traffic, slow clients. */
#define SCREEN_PARTS 4

struct screen_view {
	unsigned width;  /* no line is longer; 0: as long as they are */
	unsigned height; /* no more lines than that; 0: all */
	unsigned sort;   /* which column the table is sorted by */
	bool is_reversed;
	unsigned first; /* which list comes first */
	bool shows_help;
	const char *trouble; /* why the numbers are old; NULL: they are not */
};

/* Which column a key sorts by; false: it is none of those keys. The default is
 * column 0, the slot. */
bool screen_read_key(char key, unsigned *sort);

/* Appends lines, each with a line break. before: NULL when there is none, then
 * no rates are known; now: NULL when the server has not answered yet. */
void screen_draw(struct buffer *out, const struct snapshot *before,
	const struct snapshot *now, const struct screen_view *view);

#endif
