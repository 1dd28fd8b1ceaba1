/*
 * What is wanted of a session of another host, by processes here, goes to its
 * host as a live item; and what other hosts want of sessions of this one goes
 * to their gateways: messages that nobody remembers, kicks, and joins by
 * backends with the answers to them. Who wants to know where a user is hears
 * it from the directory.
 *
 * A join that is asked for waits here, by a number that its answer brings back;
 * how many may wait is bounded, and how long.
 */
#ifndef WORKER_RELAY_FORWARD_H
#define WORKER_RELAY_FORWARD_H

#include <stdbool.h>
#include <stdint.h>

struct directory;
struct edge;
struct forward;
struct letter;
struct wire_live_item;

typedef void forward_say(void *self, const struct wire_live_item *item);

struct forward *forward_new(struct edge *edge, struct directory *directory,
	forward_say *say, void *self);
void forward_free(struct forward **forward);

/* DELIVER, KICK, WHO_WANTED or ENLIST of a process here, or a gateway's JOINED
 * or REFUSED; false: it makes no sense. */
bool forward_letter(struct forward *forward, const struct letter *letter);

/* The same from a host, but for WHO_WANTED; false: it makes no sense. */
bool forward_item(struct forward *forward, unsigned host,
	const struct wire_live_item *item);

/* A kick that an operator wants; false: it is none. */
struct wish;
bool forward_wish(struct forward *forward, const struct wish *wish);

/* What this host was asked for will not be answered soon. */
void forward_lose(struct forward *forward, unsigned host);
void forward_on_tick(struct forward *forward, uint64_t now_ms);

#endif
