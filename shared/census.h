/*
 * How many different users are connected, to this host or to any of the
 * cluster, counted by walking the index. Of very many connections only a part
 * is looked at and the number is projected from it: users stand in the index by
 * a hash, so any part is a fair sample, and this one is large.
 */
#ifndef SHARED_CENSUS_H
#define SHARED_CENSUS_H

#include <stdbool.h>
#include <stdint.h>

struct arena;

/* With fewer connections the count is exact; else within about one percent. */
#define CENSUS_CONNECTIONS 200000

/* What was counted last, as long as counting anew would take the process more
 * than one twentieth of its time, however often it is asked. */
uint64_t census_users(const struct arena *arena);

/* The same of all hosts. */
uint64_t census_cluster(const struct arena *arena);

/* Counts now; elsewhere: also those who are connected to other hosts. */
uint64_t census_count(const struct arena *arena, bool elsewhere);

#endif
