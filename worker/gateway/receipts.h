/*
 * Receipts of profiles whose clients do not say what they have: up to where
 * what was pushed to a session has come to its user. So who logs in again gets
 * what he has missed (wants_unread), and rooms know what he has read. They are
 * kept by the ledgers: of rooms as the marks of readers, of the inbox for each
 * platform (shared/receipt.h).
 *
 * Told where the client itself has shown that it is there, and never while
 * something waits for it; what is lost of them makes messages come twice.
 */
#ifndef WORKER_GATEWAY_RECEIPTS_H
#define WORKER_GATEWAY_RECEIPTS_H

#include <stdint.h>

#include "shared/text.h"

struct session;

/* All that was pushed so far. */
void receipts_note(struct session *session);

/* In one of its rooms, up to there. */
void receipts_note_room(
	struct session *session, struct text room, uint64_t offset);

#endif
