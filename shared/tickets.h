/*
 * The keys that TLS session tickets are sealed with (RFC 5077, RFC 8446
 * 4.6.1), the same for all processes of a host, so that a client may come back
 * to any of them. They lie in the arena, which no core holds; the master alone
 * writes them, draws a new one every 12 hours, and overwrites the oldest. A
 * key opens tickets for 24 hours after it was replaced.
 */
#ifndef SHARED_TICKETS_H
#define SHARED_TICKETS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define TICKET_NAME_BYTES 16
#define TICKETS_KEPT 4
#define TICKETS_ROTATE_MS (12 * 3600 * 1000ULL)

struct ticket_key {
	uint8_t name[TICKET_NAME_BYTES]; /* stands in the ticket */
	uint8_t cipher[32];              /* AES-256-CBC */
	uint8_t mac[32];                 /* HMAC-SHA256 */
};

/* The newest key stands at drawn % TICKETS_KEPT; the place behind it is being
 * written or will be next, so nobody reads it. Written by the master. */
struct tickets {
	_Atomic uint64_t drawn; /* 0: none yet */
	uint64_t drawn_ms;      /* when the newest one was */
	struct ticket_key keys[TICKETS_KEPT];
};

/* Master only: draws a key when it is time; now_ms of clock_ms(). */
void tickets_rotate(struct tickets *tickets, uint64_t now_ms);

enum ticket_age {
	TICKET_UNKNOWN,
	TICKET_OLD, /* opens, but seals no more */
	TICKET_NEW,
};

/* The key to seal with; false: there is none yet. */
bool tickets_newest(const struct tickets *tickets, struct ticket_key *key);

/* The key with that name. */
enum ticket_age tickets_find(const struct tickets *tickets,
	const uint8_t name[TICKET_NAME_BYTES], struct ticket_key *key);

#endif
