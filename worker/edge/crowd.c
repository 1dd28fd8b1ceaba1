#include "worker/edge/crowd.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "shared/network.h"
#include "shared/table.h"

#define SITE_BITS 64

struct crowd {
	uint8_t address[16];
	size_t count;
	UT_hash_handle hh;
};

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

struct crowd *
crowd_enter(struct crowd **all, const uint8_t address[16])
{
	struct crowd *crowd;
	uint8_t site[16];

	memcpy(site, address, sizeof(site));
	if (memcmp(site, mapped, sizeof(mapped)) != 0)
		network_cut(site, SITE_BITS);
	HASH_FIND(hh, *all, site, sizeof(site), crowd);
	if (!crowd) {
		crowd = base_alloc_zeroed(1, sizeof(*crowd));
		memcpy(crowd->address, site, sizeof(site));
		HASH_ADD(hh, *all, address, sizeof(crowd->address), crowd);
	}
	crowd->count++;
	return crowd;
}

size_t
crowd_count(const struct crowd *crowd)
{
	return crowd->count;
}

void
crowd_leave(struct crowd **all, struct crowd **crowd)
{
	if (*crowd && --(*crowd)->count == 0) {
		HASH_DEL(*all, *crowd);
		free(*crowd);
	}
	*crowd = NULL;
}
