/*
 * Announcing: a new ledger asks who is in the rooms of its shard and is told,
 * as fast as its ring takes it, without anything waiting outside; a new relay
 * is told of all sessions and rooms. The members
 * are gone through by their place in the index, so that those who come and go
 * meanwhile do no harm: a newcomer has joined by himself.
 */
#ifndef WORKER_GATEWAY_ANNOUNCER_H
#define WORKER_GATEWAY_ANNOUNCER_H

#include <stdint.h>

struct announcer;
struct event_base;
struct gateway;

struct announcer *announcer_new(struct event_base *base);
void announcer_free(struct announcer **announcer);

/* The process in this slot asks, in this life. */
void announcer_start(struct gateway *gateway, unsigned slot, uint64_t life);

/* All ledgers are told, though they did not ask. */
void announcer_start_all(struct gateway *gateway);

/* Each turn: tells what there is room for. */
void announcer_go_on(struct gateway *gateway);

#endif
