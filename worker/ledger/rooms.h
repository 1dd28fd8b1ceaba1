/*
 * The listed rooms of a ledger, page by page.
 */
#ifndef WORKER_LEDGER_ROOMS_H
#define WORKER_LEDGER_ROOMS_H

#include <stddef.h>
#include <stdint.h>

struct buffer;
struct rooms_page;
struct rooms_wanted;
struct streams;

/* Fills in count and more; list takes the packed rooms, at most bytes_max. */
void rooms_list(const struct streams *streams,
	const struct rooms_wanted *wanted, uint64_t epoch, size_t bytes_max,
	struct buffer *list, struct rooms_page *page);

#endif
