/*
 * Links: how this host fares with each other host of its cluster. A region of
 * the arena; the relay alone writes it, everyone reads it without asking. What
 * stands there is as old as the last life of the relay when none serves.
 */
#ifndef SHARED_LINKS_H
#define SHARED_LINKS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "shared/base.h"

/* Those of the configuration, and hosts that have come by themselves. */
#define LINKS_MAX 64
#define LINK_ADDRESS_BYTES 272

enum link_state {
	LINK_NONE, /* nothing stands in this place */
	LINK_DOWN,
	LINK_GREETING, /* asked who it is */
	LINK_UP,
	LINK_SUSPECT, /* silent for a while */
	LINK_REFUSED, /* is no host of ours; see the reason */
	LINK_SELF,    /* it is this host */
};

const char *link_state_name(enum link_state state);

/* Why it is not up. */
enum link_reason {
	LINK_OK,
	LINK_NOT_REACHED,
	LINK_SILENT,
	LINK_SAID_BYE,
	LINK_BAD_SECRET,
	LINK_BAD_CLUSTER,
	LINK_BAD_VERSION,
	LINK_SAME_HOST,       /* two hosts have one host_id */
	LINK_BAD_FRAMES,      /* nobody understands what it says */
	LINK_TWICE,           /* another address of ours reaches it */
	LINK_NO_PEER,         /* not among ours */
	LINK_BAD_CERTIFICATE, /* theirs, or ours is to them */
	LINK_REASON_COUNT
};

/* In words, empty for LINK_OK. */
const char *link_reason_words(enum link_reason reason);

struct link_report {
	char address[LINK_ADDRESS_BYTES]; /* a URL, as configured; empty: it
					     came by itself */
	uint32_t host;                    /* host_id; 0: not known yet */
	uint32_t state;                   /* enum link_state */
	uint32_t reason;                  /* enum link_reason */
	uint32_t is_snapshot;             /* its sessions are all known */
	uint64_t store;                   /* epoch of its streams */
	uint64_t epoch;                   /* of its relay's life */
	uint64_t since_ms;                /* unix, of the state */
	uint64_t up_ms, down_ms; /* unix, when it last came and went; 0: never
				  */
	uint64_t lag_frames, lag_ms; /* what it has and we do not */
	uint64_t lag_bytes;          /* the same of its journals */
	uint64_t frames_in, frames_out;
	uint64_t bytes_in, bytes_out;
	uint64_t repairs;    /* pulls that brought something */
	uint64_t holes;      /* what nobody remembers any more, times */
	uint64_t lost_bytes; /* in these, of journals */
	uint64_t lost_frames;
	uint64_t refused; /* what was not believed: frames, greetings,
			     certificates */
	int64_t clock_offset_ms;
	uint64_t round_trip_us;
};

_Static_assert(sizeof(struct link_report) == LINK_ADDRESS_BYTES + 168,
	"links have no padding");

#define LINK_WORDS (sizeof(struct link_report) / sizeof(uint64_t))

struct link_place {
	_Atomic uint64_t sequence; /* odd while it is written */
	_Atomic uint64_t words[LINK_WORDS];
};

struct links {
	/* Set by the relay before it sleeps with nothing to do: the ledger that
	 * commits then rings its bell. */
	_Alignas(CACHE_LINE) _Atomic uint32_t wants_bell;
	_Alignas(CACHE_LINE) struct link_place places[LINKS_MAX];
};

/* The relay: nobody is known. */
void links_clear(struct links *links);
void links_write(
	struct links *links, unsigned place, const struct link_report *report);

/* False when nothing stands there. */
bool links_read(
	const struct links *links, unsigned place, struct link_report *report);

/* The link to a host, the best one if there are several. */
bool links_find(
	const struct links *links, unsigned host, struct link_report *report);

/* The relay, before it sleeps: what is committed from now on rings; then look
 * at the journals once more. */
void links_listen(struct links *links, bool wants_bell);

/* A ledger, after it has told its journal's end. */
bool links_want_bell(const struct links *links);

#endif
