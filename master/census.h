/*
 * How many different users are connected to this host, counted by walking the
 * index. The walk takes some milliseconds for 100,000 connections, so its
 * result is kept a while: the master never spends more than one twentieth of
 * its time on it, however often it is asked.
 */
#ifndef MASTER_CENSUS_H
#define MASTER_CENSUS_H

#include <stdint.h>

struct arena;

uint64_t census_users(const struct arena *arena);

#endif
