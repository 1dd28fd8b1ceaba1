/*
 * Notes: the latest lines that each process logged, kept in the arena, so that
 * the status socket can show them without asking anybody and without reading a
 * file. Each process writes its own notes and the master has some too; they
 * survive the process, and its successor goes on with them.
 *
 * Errors and warnings are kept apart from infos, which would push them out.
 */
#ifndef SHARED_NOTES_H
#define SHARED_NOTES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "shared/base.h"
#include "shared/log_level.h"

#define NOTES_KEPT 64
#define NOTE_TEXT_BYTES 232

enum notes_kind {
	NOTES_OF_TROUBLE, /* errors and warnings */
	NOTES_OF_INFO,
	NOTES_KINDS
};

struct note {
	uint64_t unix_us;
	uint32_t pid;
	uint16_t level; /* enum log_level */
	uint16_t length;
	char text[NOTE_TEXT_BYTES]; /* its beginning */
};

#define NOTE_WORDS (sizeof(struct note) / 8)

/* stamp: 0 while it is written, else its number from 1. */
struct note_place {
	_Atomic uint64_t stamp;
	_Atomic uint64_t words[NOTE_WORDS]; /* a struct note */
};

/* Written by the process in the slot. */
struct notes {
	_Alignas(CACHE_LINE) _Atomic uint64_t count[NOTES_KINDS]; /* ever */
	struct note_place places[NOTES_KINDS][NOTES_KEPT];
};

_Static_assert(sizeof(struct note) == 248, "crosses processes");
_Static_assert(sizeof(struct note_place) == 256, "crosses processes");

/* A listener for log_set_listener(); own: where this process has its notes. */
void notes_add(void *own, enum log_level level, const char *message);

/* Anyone: a copy of the note before the last `back` ones; false when there is
 * none, or when it is replaced at this moment. */
bool notes_read(const struct notes *notes, enum notes_kind kind, unsigned back,
	struct note *note);

#endif
