/*
 * The roster: who is where in the cluster. What gateways tell of the sessions
 * of this host (locals.h) goes to all other hosts as live items, and the
 * sessions of other hosts, as these tell them (directory.h), stand in our
 * partition of the index and are members at our ledgers. What processes of this
 * host want of such a session is said to its host, and the other way
 * (forward.h).
 *
 * This is what the rest of the relay calls; it knows no socket.
 *
 * A host is told of from a snapshot on, page by page, and by live items. Each
 * page has the number of the last live frame that it knows at least; no frame
 * behind that of the first page may be missing, and frames come in their order;
 * pages and frames need no order among each other.
 */
#ifndef WORKER_RELAY_ROSTER_H
#define WORKER_RELAY_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/text.h"
#include "worker/edge/edge.h"

struct buffer;
struct letter;
struct roster;

/* A live item, one packed wire_live_item, for the next live frame; borrowed. */
typedef void roster_say(void *self, struct text item);

/* A host that is not heard keeps its sessions for so long. */
#define ROSTER_UNCERTAIN_MS 30000

struct roster_setting {
	const struct config *config;
	struct arena *arena;
	unsigned slot;
	uint32_t life;
	struct office office; /* for letters; tell may be NULL */
	roster_say *say;
	void *self; /* of say */
};

/* Opens our partition of the index. */
struct roster *roster_new(const struct roster_setting *setting);
void roster_free(struct roster **roster);

/* Once letters can be sent: asks all gateways to tell of their sessions. */
void roster_open(struct roster *roster);

/* false: the kind of this letter is not ours. */
bool roster_on_letter(struct roster *roster, const struct letter *letter);
void roster_on_peer(
	struct roster *roster, unsigned slot, uint32_t life, bool is_alive);

/* What an operator wants, see worker.h: to send sessions of other hosts away,
 * or out of a room. */
void roster_on_wish(struct roster *roster, struct text wish);

/* Each turn, and about every 100 ms. true: there is more to be done in a
 * millisecond. */
bool roster_on_turn(struct roster *roster);
void roster_on_tick(struct roster *roster, uint64_t now_ms);

/* All hosts that can be heard have been taken in, or have not answered in time:
 * ledgers forget whom a relay before us had told them of. Else it happens some
 * time later. */
void roster_settle(struct roster *roster);

/* For another host: our sessions behind this place of the list, at first 0, as
 * a row of packed live items, about so many bytes. Returns where the following
 * page goes on; 0: this is the last one. The page knows all items that were
 * said before. */
uint64_t roster_page(struct roster *roster, uint64_t after, size_t bytes_max,
	struct buffer *items);

/* A snapshot of this host begins, before its first page is asked for: the host
 * is new, has another epoch, or live frames of it are lost. */
void roster_begin(struct roster *roster, unsigned host);

/* A page of it, that knows all live frames up to the number. false: it cannot
 * be taken in, and the snapshot has to begin again. */
bool roster_snapshot(struct roster *roster, unsigned host, uint64_t number,
	struct text items, bool is_last);

/* One live item, of the frame with this number. */
void roster_item(struct roster *roster, unsigned host, uint64_t number,
	struct text item);

/* The host is silent; it is heard again, with the same epoch (false: its
 * sessions have ended, so it needs a snapshot); it is gone for good, and its
 * sessions end with the next turns. */
void roster_lose(struct roster *roster, unsigned host, uint64_t now_ms);
bool roster_find(struct roster *roster, unsigned host);
void roster_forget(struct roster *roster, unsigned host);

/* Have our gateways told of all their sessions, since roster_open()? Before
 * that, at least some seconds long, a page would not have all who are there. */
bool roster_is_whole(const struct roster *roster);

/* Sessions of this host, and of all others. */
size_t roster_locals(const struct roster *roster);
size_t roster_remotes(const struct roster *roster);

#endif
