#include "shared/scoreboard.h"

const char *
role_name(enum role role)
{
	static const char *const names[] = {
#define ROLE(symbol, name, entry, count) [ROLE_##symbol] = name,
#include "shared/roles.def"
#undef ROLE
	};

	return (size_t)role < ARRAY_LEN(names) ? names[role] : "unknown";
}

const char *
child_state_name(enum child_state state)
{
	static const char *const names[] = {
		[CHILD_ABSENT] = "absent",
		[CHILD_STARTING] = "starting",
		[CHILD_SERVING] = "serving",
		[CHILD_DRAINING] = "draining",
		[CHILD_RESTING] = "resting",
	};

	return (size_t)state < ARRAY_LEN(names) ? names[state] : "unknown";
}

const struct counter_info *
counter_info(enum counter counter)
{
	enum kind {
		TOTAL,
		GAUGE
	};
	static const struct counter_info infos[] = {
#define COUNTER(symbol, name, kind, help)                                      \
	[COUNTER_##symbol] = { name, kind == GAUGE, help },
#include "shared/counters.def"
#undef COUNTER
	};

	must((size_t)counter < ARRAY_LEN(infos));
	return &infos[counter];
}

const struct histogram_info *
histogram_info(enum histogram_kind kind)
{
	static const struct histogram_info infos[] = {
#define HISTOGRAM(symbol, name, role, help)                                    \
	[HISTOGRAM_##symbol] = { name, ROLE_##role, help },
#include "shared/histograms.def"
#undef HISTOGRAM
	};

	must((size_t)kind < ARRAY_LEN(infos));
	return &infos[kind];
}
