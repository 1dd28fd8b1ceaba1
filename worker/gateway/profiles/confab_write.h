/*
 * Answers and pushes of the protocol confab as JSON. Private to this profile.
 */
#ifndef WORKER_GATEWAY_PROFILES_CONFAB_WRITE_H
#define WORKER_GATEWAY_PROFILES_CONFAB_WRITE_H

#include <stdint.h>

#include "shared/text.h"

struct answer;
struct buffer;
struct kick;
struct presence;
struct lost_push;
struct read_push;
struct session;

/* seq is JSON; empty: the request had none. user: who asked, for the keys of
 * his own messages. */
void confab_write_answer(struct buffer *out, struct text verb, struct text seq,
	struct text user, const struct answer *answer);

/* The payloads of pushes. */
void confab_write_presence(struct buffer *out, const struct presence *presence);
void confab_write_read(struct buffer *out, const struct read_push *push);
void confab_write_lost(struct buffer *out, const struct lost_push *push);
void confab_write_drain(struct buffer *out, uint64_t in_ms);
void confab_write_kick(struct buffer *out, const struct kick *kick);
void confab_write_moved(struct buffer *out, const struct session *session,
	const struct answer *answer);

#endif
