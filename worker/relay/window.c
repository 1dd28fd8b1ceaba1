/*
 * Frames lie in a ring of pointers, by number: number n in place n modulo its
 * size. The ring doubles when it is full, so reading finds its place at once.
 */
#include "worker/relay/window.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "worker/relay/wire.h"

#define PLACES_MIN 64
#define ITEMS_KEEP_BYTES (1U << 20)

/* A packed text, which is a packed wire_live. */
struct frame {
	size_t length;
	uint8_t bytes[];
};

struct window {
	size_t bytes_max, bytes;
	struct frame **places;
	size_t place_count; /* a power of two */
	uint64_t first;     /* of the kept */
	uint64_t head;      /* the last one; first - 1: none is kept */
	struct buffer packed, items;
};

struct window *
window_new(size_t bytes)
{
	struct window *window = base_alloc_zeroed(1, sizeof(*window));

	window->bytes_max = bytes;
	window->place_count = PLACES_MIN;
	window->places = base_alloc_zeroed(PLACES_MIN, sizeof(struct frame *));
	window->first = 1;
	return window;
}

static struct frame **
place_of(const struct window *window, uint64_t number)
{
	return &window->places[number & (window->place_count - 1)];
}

static size_t
weight(const struct frame *frame)
{
	return sizeof(*frame) + sizeof(frame) + frame->length;
}

static void
drop_first(struct window *window)
{
	struct frame **place = place_of(window, window->first++);

	window->bytes -= weight(*place);
	free(*place);
	*place = NULL;
}

void
window_free(struct window **window)
{
	if (*window == NULL)
		return;
	while ((*window)->first <= (*window)->head)
		drop_first(*window);
	buffer_fini(&(*window)->packed);
	buffer_fini(&(*window)->items);
	free((*window)->places);
	free(*window);
	*window = NULL;
}

static void
drop_what_is_too_much(struct window *window)
{
	while (window->bytes > window->bytes_max &&
		window->first < window->head)
		drop_first(window);
}

void
window_set_bytes(struct window *window, size_t bytes)
{
	window->bytes_max = bytes;
	drop_what_is_too_much(window);
}

static void
double_places(struct window *window)
{
	struct frame **old = window->places;
	size_t count = window->place_count;

	window->place_count = 2 * count;
	window->places = base_alloc_zeroed(2 * count, sizeof(struct frame *));
	for (uint64_t number = window->first; number <= window->head; number++)
		*place_of(window, number) = old[number & (count - 1)];
	free(old);
}

uint64_t
window_add(struct window *window, struct text items)
{
	struct wire_live live = { .number = window->head + 1, .items = items };
	struct buffer *packed = &window->packed;
	struct frame *frame;

	buffer_clear(packed, ITEMS_KEEP_BYTES);
	wire_live_pack(packed, &live);
	frame = base_alloc(sizeof(*frame) + packed->length);
	frame->length = packed->length;
	memcpy(frame->bytes, packed->data, packed->length);
	if (live.number - window->first == window->place_count)
		double_places(window);
	window->head = live.number;
	*place_of(window, live.number) = frame;
	window->bytes += weight(frame);
	drop_what_is_too_much(window);
	return live.number;
}

uint64_t
window_head(const struct window *window)
{
	return window->head;
}

enum piece_state
window_read(struct window *window, uint64_t after, size_t bytes,
	struct piece *piece)
{
	struct buffer *items = &window->items;
	uint64_t number = after;

	*piece = (struct piece){ .from = { after, 0 }, .to = { after, 0 } };
	if (after >= window->head) {
		piece->to.position = window->head;
		return PIECE_END;
	}
	if (after + 1 < window->first) {
		piece->first.position = window->first - 1;
		return PIECE_GONE;
	}
	buffer_clear(items, ITEMS_KEEP_BYTES);
	while (number < window->head) {
		const struct frame *frame = *place_of(window, number + 1);

		if (items->length && items->length + frame->length > bytes)
			break;
		pack_text(items, (struct text){ (const char *)frame->bytes,
					 frame->length });
		number++;
	}
	piece->to.position = number;
	piece->items = buffer_text(items);
	return number < window->head ? PIECE_SOME : PIECE_END;
}

size_t
window_bytes(const struct window *window)
{
	return window->bytes;
}
