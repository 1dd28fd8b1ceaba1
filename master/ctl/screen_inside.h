/*
 * What the files of the screen share: a drawing, line by line, and how numbers
 * are written. For screen*.c alone.
 */
#ifndef MASTER_CTL_SCREEN_INSIDE_H
#define MASTER_CTL_SCREEN_INSIDE_H

#include <stdbool.h>
#include <stdint.h>

struct buffer;
struct screen_view;
struct snapshot;

#define SCREEN_LINE_BYTES 512
#define SCREEN_NUMBER_BYTES 24

struct drawing {
	struct buffer *out;
	const struct screen_view *view;
	const struct snapshot *before, *now;
	unsigned lines;
};

/* One line, as far as it fits; a character of several bytes is never cut, and
 * counts as many columns as it has bytes, which is never too few. */
__attribute__((format(printf, 2, 3))) void screen_add_line(
	struct drawing *drawing, const char *format, ...);

/* At most six characters: 99999, 123k, 12.3M. */
const char *screen_write_number(char to[SCREEN_NUMBER_BYTES], double number);

/* How much it grew in a second; "-" where that is not known. */
const char *screen_write_rate(char to[SCREEN_NUMBER_BYTES],
	const struct drawing *drawing, uint64_t from, uint64_t until);

/* A server that was started anew counts from 0. */
bool screen_knows_rates(const struct drawing *drawing);

/* screen.c */
void screen_add_workers(struct drawing *drawing);

/* screen_lists.c */
void screen_add_latency(struct drawing *drawing);
void screen_add_parts(struct drawing *drawing);

#endif
