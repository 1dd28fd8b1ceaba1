/*
 * Window: what was sent live last, by number, for who has missed some of it.
 * Bounded memory; what falls out of it is gone.
 */
#ifndef WORKER_RELAY_WINDOW_H
#define WORKER_RELAY_WINDOW_H

#include <stddef.h>
#include <stdint.h>

#include "shared/text.h"
#include "worker/relay/piece.h"

struct window;

struct window *window_new(size_t bytes);
void window_free(struct window **window);

/* From a reload; what is too much then goes. */
void window_set_bytes(struct window *window, size_t bytes);

/* Keeps a copy of the next frame and returns its number: 1, 2, 3 … The last
 * one is kept whatever it weighs. items: of a wire_live. */
uint64_t window_add(struct window *window, struct text items);

/* Of the last one; 0: none yet. */
uint64_t window_head(const struct window *window);

/* Whole frames behind the number, each one packed wire_live: at most so many
 * bytes, but one frame at least. PIECE_GONE: goes on behind first; PIECE_END:
 * there are no more. Borrowed until the next call. */
enum piece_state window_read(struct window *window, uint64_t after,
	size_t bytes, struct piece *piece);

/* Kept, with what it costs to keep them. */
size_t window_bytes(const struct window *window);

#endif
