/*
 * Answers of the status socket: a list of `name: value` or a table, as lines
 * for people or as JSON for programs. Written into a buffer, sent by status.c.
 */
#ifndef MASTER_ANSWER_H
#define MASTER_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/buffer.h"

struct answer {
	struct buffer out;
	bool is_json;
	const char *const *columns; /* of the table */
	size_t column;              /* of the next cell */
	size_t items;               /* so far, of the list or in the table */

	/* Of a table that goes on with what is traced, until clock_ms() is so
	 * late; 0: it is whole. */
	uint64_t trace, until_ms;
};

/* A list of names and values. */
void answer_begin_list(struct answer *answer);
void answer_number(struct answer *answer, const char *name, uint64_t value);
void answer_text(struct answer *answer, const char *name, const char *value);

/* The value is a name that others chose; see answer_cell_name(). */
void answer_name(struct answer *answer, const char *name, struct text value);
void answer_end_list(struct answer *answer);

/* A table: cells come row by row, one for each column. columns ends with NULL
 * and is borrowed until the end. */
void answer_begin_table(struct answer *answer, const char *const *columns);
void answer_cell_number(struct answer *answer, uint64_t value);
void answer_cell_signed(struct answer *answer, int64_t value);
void answer_cell_text(struct answer *answer, const char *value);

/* A name that others chose: what would break a line becomes '?'. */
void answer_cell_name(struct answer *answer, struct text name);

/* Nothing stands there: empty, in JSON null. */
void answer_cell_none(struct answer *answer);
void answer_end_table(struct answer *answer);

/* One line that says why not. Nothing else may be in the answer. */
__attribute__((format(printf, 2, 3))) void answer_refuse(
	struct answer *answer, const char *format, ...);

#endif
