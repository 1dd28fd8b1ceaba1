#include "master/backoff.h"

uint64_t
backoff_rest_ms(struct backoff *backoff, bool was_healthy, uint64_t lived_ms)
{
	uint64_t rest_ms = BACKOFF_FIRST_MS;

	if (was_healthy) {
		backoff->failures = 0;
		return lived_ms < rest_ms ? rest_ms - lived_ms : 0;
	}
	for (unsigned i = 0; i < backoff->failures; i++) {
		rest_ms *= 2;
		if (rest_ms >= BACKOFF_LAST_MS)
			return BACKOFF_LAST_MS;
	}
	backoff->failures++;
	return rest_ms;
}
