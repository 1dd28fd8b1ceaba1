#include "shared/systems_region.h"

#include "shared/hash.h"

size_t
systems_region_bytes(void)
{
	return sizeof(struct systems_region);
}

uint64_t
systems_region_layout(void)
{
	const uint64_t facts[] = { sizeof(struct systems_region),
		offsetof(struct systems_region, places),
		offsetof(struct system, name) };

	return hash_stable(facts, sizeof(facts));
}
