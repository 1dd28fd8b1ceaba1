/*
 * Rolls: which users belong to which rooms for good, connected or not. A member
 * of a room is who is there; who stands on its roll may come later. For
 * profiles whose groups have users, kept by ledger 0 alone.
 *
 * Nobody is taken off a roll, so a line that is added twice changes nothing. A
 * line is added when it is in the journal; the checkpoint holds all.
 *
 * Memory is bounded: some 300 bytes a line, ROLLS_MAX lines, ROLLS_OF_USER_MAX
 * of one user. Adding takes O(1), a page as long as what stands before it.
 */
#ifndef WORKER_LEDGER_ROLLS_H
#define WORKER_LEDGER_ROLLS_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/text.h"

#define ROLLS_MAX (1U << 18)
#define ROLLS_OF_USER_MAX 100

struct buffer;
struct enrol;
struct message;
struct roll;
struct roll_line;
struct roll_name;
struct roll_wanted;
struct unpack;

/* Zeroed is empty. */
struct rolls {
	struct roll_name *rooms, *users;
	struct roll_line *lines; /* by room and user */
	size_t count;
};

void rolls_fini(struct rolls *rolls);

/* Are its names good; of a room, too? */
bool rolls_are_sound(const struct enrol *enrol);
bool rolls_have(const struct rolls *rolls, const struct enrol *enrol);

/* Is there room for this line and `more` others? */
bool rolls_have_room_for(
	const struct rolls *rolls, const struct enrol *enrol, size_t more);
void rolls_add(struct rolls *rolls, const struct enrol *enrol);

/* What a page tells: count, names and more of *roll; names lie in *bytes, which
 * is cleared before. The rooms of enrol->user are always one page. */
void rolls_rooms_of(const struct rolls *rolls, const struct enrol *enrol,
	struct buffer *bytes, struct roll *roll);
void rolls_page(const struct rolls *rolls, const struct roll_wanted *wanted,
	size_t bytes_max, struct buffer *bytes, struct roll *roll);

/* The line behind this one, in the order in which they came; NULL: the first.
 * Moves *line, and names it; false: there is none. */
bool rolls_next(const struct rolls *rolls, const struct roll_line **line,
	struct enrol *enrol);

/* As what it lies in the journal; and the other way, false when it is no such
 * message. Texts are borrowed. */
void rolls_to_message(const struct enrol *enrol, struct message *message);
bool rolls_of_message(const struct message *message, struct enrol *enrol);

/* The part of a checkpoint; read into empty rolls, false when it is none. */
void rolls_write(const struct rolls *rolls, struct buffer *out);
bool rolls_read(struct rolls *rolls, struct unpack *in);

#endif
