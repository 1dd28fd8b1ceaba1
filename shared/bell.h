/*
 * Bells: how a sleeping process learns that there is news in one of its rings.
 * One eventfd per slot, and the flag is_asleep in its row. The consumer sets
 * the flag, looks at all its rings once more and only then sleeps; the producer
 * publishes, looks at the flag, and rings only then. Sequentially consistent
 * fences on both sides make it impossible that both look too early (model:
 * tests/model).
 */
#ifndef SHARED_BELL_H
#define SHARED_BELL_H

#include <stdbool.h>

struct row;

/* Producer, after ring_post(): wakes the owner of the row if it sleeps. A
 * successor does it once for everyone it posts to, since the process before it
 * may have been killed between the letter and the bell. */
void bell_ring_if_asleep(const struct row *row, int bell_fd);

/* Anyone, for news that is not in a ring. */
void bell_ring(int bell_fd);

/* Consumer: say that sleep is near; then look at all rings again. */
void bell_fall_asleep(struct row *own);
void bell_wake_up(struct row *own);

/* Consumer: empties the eventfd. */
void bell_answer(int bell_fd);

#endif
