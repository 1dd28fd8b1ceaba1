/*
 * Lists of rooms: those of one connection, which are known here, and all that
 * are listed, which every ledger is asked for its part of; the parts are merged
 * in byte order and cut to one page.
 */
#ifndef WORKER_GATEWAY_LISTING_H
#define WORKER_GATEWAY_LISTING_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/records.h"
#include "shared/text.h"

struct pending;
struct session;

struct rooms_request {
	bool listed; /* all listed rooms, not only one's own */
	struct text prefix, after;
	uint64_t limit;
};

void listing_rooms(struct session *session, struct text tag,
	const struct rooms_request *request);

/* The part of one ledger; the last one brings the answer and ends the pending
 * request. */
void listing_on_page(struct pending *pending, const struct rooms_page *page);

#endif
