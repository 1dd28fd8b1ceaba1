/*
 * A timer wheel: many timers that are set often and fire seldom. O(1) to set
 * and to cancel, no allocation; the timer is embedded in its owner. Precision
 * is one tick.
 */
#ifndef SHARED_WHEEL_H
#define SHARED_WHEEL_H

#include <stdbool.h>
#include <stdint.h>

struct wheel;

struct wheel_timer {
	struct wheel_timer *next, **previous; /* previous NULL: not set */
	uint32_t rounds;
};

typedef void wheel_fired(struct wheel_timer *timer, void *self);

/* slots is a power of two; a timer may be set further than slots * tick_ms. */
struct wheel *wheel_new(uint32_t slots, uint32_t tick_ms, uint64_t now_ms);
void wheel_free(struct wheel **wheel);

/* Sets or moves the timer. Never fires early, at most a tick late. */
void wheel_set(struct wheel *wheel, struct wheel_timer *timer, uint64_t at_ms);
void wheel_cancel(struct wheel_timer *timer);
bool wheel_is_set(const struct wheel_timer *timer);

/* Fires all that are due; a fired timer is unset first and may be set again or
 * its owner freed in the callback. */
void wheel_turn(
	struct wheel *wheel, uint64_t now_ms, wheel_fired *fired, void *self);

#endif
