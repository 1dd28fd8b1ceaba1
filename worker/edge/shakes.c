#include "worker/edge/shakes.h"

#include "shared/clock.h"

#define SHAKES_PER_TURN 16
#define BUSY_MS 100

bool
shakes_take(struct shakes *shakes, const struct timeval *turn)
{
	if (timercmp(turn, &shakes->turn, !=)) {
		shakes->turn = *turn;
		shakes->count = 0;
	}
	if (shakes->count++ < SHAKES_PER_TURN)
		return true;
	shakes->busy_ms = clock_ms();
	return false;
}

bool
shakes_keep_waiting(const struct shakes *shakes)
{
	return shakes->busy_ms && clock_ms() - shakes->busy_ms < BUSY_MS;
}
