#include "shared/crc32c.h"

#include <pthread.h>
#include <string.h>

#define POLYNOMIAL 0x82f63b78U /* reflected */

static uint32_t tables[8][256];
static pthread_once_t tables_made = PTHREAD_ONCE_INIT;

static void
make_tables(void)
{
	for (uint32_t byte = 0; byte < 256; byte++) {
		uint32_t sum = byte;

		for (int bit = 0; bit < 8; bit++)
			sum = sum >> 1 ^ (sum & 1 ? POLYNOMIAL : 0);
		tables[0][byte] = sum;
	}
	for (int t = 1; t < 8; t++)
		for (uint32_t byte = 0; byte < 256; byte++) {
			uint32_t sum = tables[t - 1][byte];

			tables[t][byte] = sum >> 8 ^ tables[0][sum & 0xff];
		}
}

static uint32_t
add_byte(uint32_t sum, uint8_t byte)
{
	return sum >> 8 ^ tables[0][(sum ^ byte) & 0xff];
}

/* Eight bytes at once, one table for each of their places. */
uint32_t
crc32c_by_table(uint32_t sum, const void *data, size_t length)
{
	const uint8_t *at = data;

	pthread_once(&tables_made, make_tables);
	sum = ~sum;
	for (; length >= 8; at += 8, length -= 8) {
		uint32_t low = sum ^ ((uint32_t)at[0] | (uint32_t)at[1] << 8 |
					     (uint32_t)at[2] << 16 |
					     (uint32_t)at[3] << 24);

		sum = tables[7][low & 0xff] ^ tables[6][low >> 8 & 0xff] ^
		      tables[5][low >> 16 & 0xff] ^ tables[4][low >> 24] ^
		      tables[3][at[4]] ^ tables[2][at[5]] ^ tables[1][at[6]] ^
		      tables[0][at[7]];
	}
	for (; length > 0; length--)
		sum = add_byte(sum, *at++);
	return ~sum;
}

#if defined(__x86_64__)

__attribute__((target("sse4.2"))) static uint32_t
by_processor(uint32_t sum, const void *data, size_t length)
{
	const uint8_t *at = data;
	uint64_t wide = (uint32_t)~sum;

	for (; length >= 8; at += 8, length -= 8) {
		uint64_t word;

		memcpy(&word, at, 8);
		wide = __builtin_ia32_crc32di(wide, word);
	}
	sum = (uint32_t)wide;
	for (; length > 0; length--)
		sum = __builtin_ia32_crc32qi(sum, *at++);
	return ~sum;
}

uint32_t
crc32c(uint32_t sum, const void *data, size_t length)
{
	if (__builtin_cpu_supports("sse4.2"))
		return by_processor(sum, data, length);
	return crc32c_by_table(sum, data, length);
}

#else

uint32_t
crc32c(uint32_t sum, const void *data, size_t length)
{
	return crc32c_by_table(sum, data, length);
}

#endif
