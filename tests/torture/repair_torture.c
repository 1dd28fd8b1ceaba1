#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/repair_world.h"

/*
 * repair_torture SCHEDULES [SEED]: so many schedules of repair_world.h, from
 * this seed on. A broken promise tells its seed, and `repair_torture 1 SEED`
 * plays it again.
 */
int
main(int argc, char **argv)
{
	uint64_t schedules = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;

	for (uint64_t i = 0; i < schedules; i++)
		world_play(seed + i);
	printf("repair_torture: %llu schedules from seed %llu: %llu records "
	       "delivered, each once and in order; %llu holes, %llu pulls, "
	       "%llu refusals, %llu rewinds, %llu frames dropped, %llu new "
	       "epochs\n",
		(unsigned long long)schedules, (unsigned long long)seed,
		(unsigned long long)world_totals.delivered,
		(unsigned long long)world_totals.holes,
		(unsigned long long)world_totals.pulls,
		(unsigned long long)world_totals.refused,
		(unsigned long long)world_totals.rewinds,
		(unsigned long long)world_totals.dropped,
		(unsigned long long)world_totals.epochs);
	return 0;
}
