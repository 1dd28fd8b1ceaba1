#include "shared/hash.h"

#include <string.h>
#include <sys/random.h>

#include "shared/base.h"

struct state {
	uint64_t v0, v1, v2, v3;
};

static uint64_t
rotate(uint64_t word, int bits)
{
	return word << bits | word >> (64 - bits);
}

static void
sip_round(struct state *s)
{
	s->v0 += s->v1;
	s->v1 = rotate(s->v1, 13) ^ s->v0;
	s->v0 = rotate(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotate(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotate(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotate(s->v1, 17) ^ s->v2;
	s->v2 = rotate(s->v2, 32);
}

uint64_t
hash_bytes(const struct hash_key *key, const void *data, size_t length)
{
	struct state s = {
		key->k0 ^ 0x736f6d6570736575ULL,
		key->k1 ^ 0x646f72616e646f6dULL,
		key->k0 ^ 0x6c7967656e657261ULL,
		key->k1 ^ 0x7465646279746573ULL,
	};
	const uint8_t *at = data;
	uint64_t last = (uint64_t)length << 56;
	size_t left = length;

	for (; left >= 8; at += 8, left -= 8) {
		uint64_t word;

		memcpy(&word, at, 8);
		s.v3 ^= word;
		sip_round(&s);
		s.v0 ^= word;
	}
	for (size_t i = 0; i < left; i++)
		last |= (uint64_t)at[i] << (8 * i);
	s.v3 ^= last;
	sip_round(&s);
	s.v0 ^= last;
	s.v2 ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

uint64_t
hash_stable(const void *data, size_t length)
{
	static const struct hash_key key = { 0x636f6e66616200ULL, 1 };

	return hash_bytes(&key, data, length);
}

uint64_t
hash_private(const void *data, size_t length)
{
	static struct hash_key key;
	static bool is_drawn;

	if (!is_drawn) {
		hash_random(&key, sizeof(key));
		is_drawn = true;
	}
	return hash_bytes(&key, data, length);
}

void
hash_random(void *data, size_t length)
{
	uint8_t *at = data;

	while (length > 0) {
		ssize_t got = getrandom(at, length, 0);

		must(got > 0);
		at += got;
		length -= (size_t)got;
	}
}
