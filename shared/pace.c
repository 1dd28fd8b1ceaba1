#include "shared/pace.h"

#include "shared/base.h"

#define SECOND_NS UINT64_C(1000000000)
#define MS_NS UINT64_C(1000000)

/*
 * A bucket of `burst` tokens without the tokens: each one taken is paid with
 * its part of a second, and the time paid for may lie as far ahead as the
 * bucket is deep.
 */
bool
pace_take(struct pace *pace, uint64_t now_ms, int64_t per_second, int64_t burst,
	uint64_t *retry_ms)
{
	uint64_t now_ns = now_ms * MS_NS;
	uint64_t beat_ns, paid_ns, ahead_ns;

	if (per_second <= 0)
		return true;
	beat_ns = SECOND_NS / (uint64_t)per_second;
	paid_ns = MAX_OF(pace->paid_until_ns, now_ns) + beat_ns;
	ahead_ns = beat_ns * (uint64_t)MAX_OF(burst, 1);
	if (paid_ns - now_ns > ahead_ns) {
		*retry_ms = (paid_ns - now_ns - ahead_ns + MS_NS - 1) / MS_NS;
		return false;
	}
	pace->paid_until_ns = paid_ns;
	return true;
}

void
pace_charge(
	struct pace *pace, uint64_t now_ms, int64_t per_second, uint64_t more)
{
	if (per_second > 0)
		pace->paid_until_ns =
			MAX_OF(pace->paid_until_ns, now_ms * MS_NS) +
			SECOND_NS / (uint64_t)per_second * more;
}
