/*
 * A wheel of lists, one list per tick. A timer stands in the list of the tick
 * in which it is due, with the number of whole rounds that the wheel has to
 * make before. Due timers are moved to a list of their own before the first one
 * is fired, so a callback may set, cancel and free what it likes.
 */
#include "shared/wheel.h"

#include <stdlib.h>

#include "shared/base.h"

struct wheel {
	uint64_t start_ms;
	uint64_t tick; /* the last one that was turned */
	uint32_t tick_ms;
	uint32_t slots;
	struct wheel_timer *lists[];
};

struct wheel *
wheel_new(uint32_t slots, uint32_t tick_ms, uint64_t now_ms)
{
	struct wheel *wheel;

	must(slots > 0 && (slots & (slots - 1)) == 0 && tick_ms > 0);
	wheel = base_alloc_zeroed(
		1, sizeof(*wheel) + slots * sizeof(wheel->lists[0]));
	wheel->start_ms = now_ms;
	wheel->tick_ms = tick_ms;
	wheel->slots = slots;
	return wheel;
}

void
wheel_free(struct wheel **wheel)
{
	free(*wheel);
	*wheel = NULL;
}

static void
link_in(struct wheel_timer **list, struct wheel_timer *timer)
{
	timer->next = *list;
	timer->previous = list;
	if (timer->next)
		timer->next->previous = &timer->next;
	*list = timer;
}

void
wheel_cancel(struct wheel_timer *timer)
{
	if (!timer->previous)
		return;
	*timer->previous = timer->next;
	if (timer->next)
		timer->next->previous = timer->previous;
	timer->next = NULL;
	timer->previous = NULL;
}

bool
wheel_is_set(const struct wheel_timer *timer)
{
	return timer->previous != NULL;
}

void
wheel_set(struct wheel *wheel, struct wheel_timer *timer, uint64_t at_ms)
{
	uint64_t after = at_ms > wheel->start_ms ? at_ms - wheel->start_ms : 0;
	uint64_t tick = (after + wheel->tick_ms - 1) / wheel->tick_ms;

	wheel_cancel(timer);
	if (tick <= wheel->tick)
		tick = wheel->tick + 1;
	timer->rounds = (uint32_t)((tick - wheel->tick - 1) / wheel->slots);
	link_in(&wheel->lists[tick & (wheel->slots - 1)], timer);
}

/* Moves the due timers of one list to another. */
static void
take_due(struct wheel_timer **list, struct wheel_timer **due)
{
	struct wheel_timer *next;

	for (struct wheel_timer *timer = *list; timer; timer = next) {
		next = timer->next;
		if (timer->rounds > 0) {
			timer->rounds--;
			continue;
		}
		wheel_cancel(timer);
		link_in(due, timer);
	}
}

void
wheel_turn(struct wheel *wheel, uint64_t now_ms, wheel_fired *fired, void *self)
{
	uint64_t until = now_ms > wheel->start_ms
				 ? (now_ms - wheel->start_ms) / wheel->tick_ms
				 : 0;

	while (wheel->tick < until) {
		struct wheel_timer *due = NULL;

		wheel->tick++;
		take_due(&wheel->lists[wheel->tick & (wheel->slots - 1)], &due);
		while (due) {
			struct wheel_timer *timer = due;

			wheel_cancel(timer);
			fired(timer, self);
		}
	}
}
