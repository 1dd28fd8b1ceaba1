/*
 * The rate of a room for what nobody remembers, and what therefore no ledger
 * counts: each gateway counts what it passes on and what others passed on to
 * it. So a room takes as many a second as its class says, a few more only when
 * several gateways speak at the same moment, or into a room that has nobody at
 * one of them.
 *
 * Memory is fixed: so many rooms may be out of breath at once at one gateway;
 * a room more is not held back.
 */
#ifndef WORKER_GATEWAY_PASS_PACE_H
#define WORKER_GATEWAY_PASS_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct gateway;
struct message;
struct pass_paces;

struct pass_paces *pass_paces_new(void);
void pass_paces_free(struct pass_paces **paces);

/* May this message for a room be passed on now? False: not before retry_ms. For
 * one that another gateway has passed on, the answer comes too late. */
bool pass_pace_take(struct gateway *gateway, const struct message *message,
	uint64_t *retry_ms);

#endif
