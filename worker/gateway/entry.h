/*
 * Entry: how a session comes into a stream, a room that it joins or, at the
 * login, the inbox of its user. The ledger lets it in at once, or first says
 * how much it has missed; then pages of that are looked up, until it can be let
 * in with the rest. What was gathered so far is the recovery of the pending
 * request. Its membership is the one that joins; NULL: the inbox.
 *
 * Each step has a request number of its own, so that a letter that comes twice
 * is answered in vain.
 */
#ifndef WORKER_GATEWAY_ENTRY_H
#define WORKER_GATEWAY_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

struct behind;
struct gateway;
struct joined;
struct membership;
struct page;
struct pending;
struct recovery;
struct refused;
struct seen_place;
struct session;

/* To recover what came after this place. */
struct recovery *entry_recovery(
	const struct gateway *gateway, const struct seen_place *seen);

/* To recover what the user has not read. */
struct recovery *entry_recovery_of_unread(const struct gateway *gateway);

/* The first step, of a pending request with what it wants recovered, if
 * anything. False: it has been refused and is gone. */
bool entry_ask(struct pending *pending, const struct membership *membership);

/* The same; false: there is no room now, and nothing has been done. */
bool entry_offer(
	const struct pending *pending, const struct membership *membership);

/* Tells a new ledger of a membership that it does not know; false: no room. */
bool entry_announce(const struct membership *membership);

/* The same of an inbox whose attendance is told. */
bool entry_announce_inbox(const struct session *session);

/* The ledger has not let it in yet; a page of what was missed. Both take the
 * pending request. */
void entry_behind(struct pending *pending, const struct behind *behind);
void entry_missed(struct pending *pending, const struct page *page);

/* There is no such page. False: then there is no entry now, and the caller
 * refuses it; what cannot be looked up is lost, and the entry goes on. */
bool entry_missed_refused(
	struct pending *pending, const struct refused *refused);

/* Puts what was gathered before in front of what the last answer brings; that
 * lives as long as the pending request. */
void entry_complete(const struct pending *pending, struct joined *joined);

#endif
