#include "shared/traffic.h"

#include <string.h>

#define TRIES 4

_Static_assert(sizeof(struct traffic_report) % 8 == 0, "words");

static uint64_t
load(const _Atomic uint64_t *word)
{
	return atomic_load_explicit(word, memory_order_acquire);
}

static void
store(_Atomic uint64_t *word, uint64_t value)
{
	atomic_store_explicit(word, value, memory_order_release);
}

/* A predecessor may have died in the middle, with an odd stamp. */
void
traffic_publish(struct traffic_board *own, const struct traffic_report *report)
{
	uint64_t stamp = load(&own->stamp) | 1;
	const uint8_t *from = (const uint8_t *)report;

	store(&own->stamp, stamp);
	for (size_t i = 0; i < TRAFFIC_WORDS; i++) {
		uint64_t word;

		memcpy(&word, from + i * 8, 8);
		store(&own->words[i], word);
	}
	store(&own->stamp, stamp + 1);
}

static bool
is_good(const struct traffic_report *report)
{
	if (report->room_count > TRAFFIC_ROOMS ||
		report->client_count > TRAFFIC_SLOW ||
		report->until_ms < report->from_ms)
		return false;
	for (uint32_t i = 0; i < report->room_count; i++)
		if (report->rooms[i].tenant_length > TENANT_BYTES_MAX ||
			report->rooms[i].room_length > ROOM_BYTES_MAX)
			return false;
	for (uint32_t i = 0; i < report->client_count; i++)
		if (report->clients[i].tenant_length > TENANT_BYTES_MAX ||
			report->clients[i].user_length > USER_BYTES_MAX)
			return false;
	return true;
}

static bool
read_once(const struct traffic_board *board, struct traffic_report *report)
{
	uint64_t stamp = load(&board->stamp);
	uint8_t *to = (uint8_t *)report;

	if (stamp == 0 || stamp & 1)
		return false;
	for (size_t i = 0; i < TRAFFIC_WORDS; i++) {
		uint64_t word = load(&board->words[i]);

		memcpy(to + i * 8, &word, 8);
	}
	return load(&board->stamp) == stamp;
}

bool
traffic_read(const struct traffic_board *board, struct traffic_report *report)
{
	for (unsigned i = 0; i < TRIES; i++)
		if (read_once(board, report))
			return is_good(report);
	return false;
}
