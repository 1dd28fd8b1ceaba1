#include "shared/traffic.h"

#include <stddef.h>
#include <string.h>

#include "shared/base.h"

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

static void
put_words(struct traffic_board *own, const struct traffic_report *report,
	size_t from, size_t bytes)
{
	const uint8_t *data = (const uint8_t *)report;

	for (size_t at = from; at < from + bytes; at += 8) {
		uint64_t word;

		memcpy(&word, data + at, 8);
		store(&own->words[at / 8], word);
	}
}

static void
get_words(const struct traffic_board *board, struct traffic_report *report,
	size_t from, size_t bytes)
{
	uint8_t *data = (uint8_t *)report;

	for (size_t at = from; at < from + bytes; at += 8) {
		uint64_t word = load(&board->words[at / 8]);

		memcpy(data + at, &word, 8);
	}
}

/* Where the lists are; what is behind their ends is never touched. */
#define HEAD_BYTES offsetof(struct traffic_report, rooms)
#define ROOMS_AT HEAD_BYTES
#define CLIENTS_AT offsetof(struct traffic_report, clients)

_Static_assert(HEAD_BYTES % 8 == 0 && CLIENTS_AT % 8 == 0, "words");

/* A predecessor may have died in the middle, with an odd stamp. */
void
traffic_publish(struct traffic_board *own, const struct traffic_report *report)
{
	uint64_t stamp = load(&own->stamp) | 1;

	must(report->room_count <= TRAFFIC_ROOMS &&
		report->client_count <= TRAFFIC_SLOW);
	store(&own->stamp, stamp);
	put_words(own, report, 0, HEAD_BYTES);
	put_words(own, report, ROOMS_AT,
		report->room_count * sizeof(report->rooms[0]));
	put_words(own, report, CLIENTS_AT,
		report->client_count * sizeof(report->clients[0]));
	store(&own->stamp, stamp + 1);
}

static bool
has_good_head(const struct traffic_report *report)
{
	return report->room_count <= TRAFFIC_ROOMS &&
	       report->client_count <= TRAFFIC_SLOW &&
	       report->until_ms >= report->from_ms;
}

static bool
is_good(const struct traffic_report *report)
{
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

	if (stamp == 0 || stamp & 1)
		return false;
	get_words(board, report, 0, HEAD_BYTES);
	if (!has_good_head(report))
		return false;
	get_words(board, report, ROOMS_AT,
		report->room_count * sizeof(report->rooms[0]));
	get_words(board, report, CLIENTS_AT,
		report->client_count * sizeof(report->clients[0]));
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
