/*
 * Sessions of other hosts and their rooms, as these hosts tell them. To this
 * host the relay is a gateway that has them all: they stand in its partition of
 * the index, and it tells the ledgers who is in which room, as gateways do.
 *
 * Each session has a connection number here, which letters to ledgers call it
 * by, and a place in the index. When that is full, a session has none: it is a
 * member of its rooms and is counted there, but nobody finds it by its name.
 *
 * Nothing that a host tells is believed but of its own sessions; names are
 * checked, and so is how many there are.
 */
#ifndef WORKER_RELAY_DIRECTORY_H
#define WORKER_RELAY_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/text.h"

struct buffer;
struct directory;
struct edge;
struct wire_live_item;

/* A session, as far as it concerns those who ask for one. */
struct remote_place {
	unsigned host, slot;
	uint32_t place; /* there */
	uint64_t secret;
};

/* Opens our partition. */
struct directory *directory_new(struct edge *edge);
void directory_free(struct directory **directory);

/* A snapshot of the host begins. What it knows of the host stays until the last
 * page; what no page and no item has told of until then is gone. */
void directory_begin(struct directory *directory, unsigned host);
bool directory_page(struct directory *directory, unsigned host, uint64_t number,
	struct text items, bool is_last);

/* ARRIVE, DEPART, JOIN or LEAVE of a host. */
void directory_take(struct directory *directory, unsigned host, uint64_t number,
	const struct wire_live_item *item);

void directory_lose(
	struct directory *directory, unsigned host, uint64_t now_ms);
bool directory_find(struct directory *directory, unsigned host);
void directory_forget(struct directory *directory, unsigned host);
void directory_on_tick(struct directory *directory, uint64_t now_ms);

/* Who stands at this place of our partition, with this secret. */
bool directory_at(const struct directory *directory, uint64_t place,
	uint64_t secret, struct remote_place *found);

/* The connections of a user, as clients of a struct who; about so many bytes.
 */
void directory_who(struct directory *directory, struct text tenant,
	struct text user, size_t bytes_max, struct buffer *clients);

/* A ledger asks who is in its rooms; and all are told that this is everybody,
 * without asking. */
void directory_announce(
	struct directory *directory, unsigned slot, uint64_t life);
void directory_settle(struct directory *directory);

/* Each turn: tells what there is room for, and ends what is forgotten; true:
 * there is more. */
bool directory_go_on(struct directory *directory);

size_t directory_count(const struct directory *directory);

#endif
