/*
 * SipHash-1-3 (Aumasson and Bernstein, 2012; the 1-3 rounds as used by hash
 * tables of Rust and Python). Keyed for tables whose names clients choose;
 * with a fixed key where the value must be the same after a restart.
 */
#ifndef SHARED_HASH_H
#define SHARED_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash_key {
	uint64_t k0, k1;
};

uint64_t hash_bytes(
	const struct hash_key *key, const void *data, size_t length);

/* The same on every machine and after every restart: for sharding. */
uint64_t hash_stable(const void *data, size_t length);

/* With a key drawn once per process; for tables in its own memory. */
uint64_t hash_private(const void *data, size_t length);

/* Fills with bytes nobody can guess. */
void hash_random(void *data, size_t length);

#endif
