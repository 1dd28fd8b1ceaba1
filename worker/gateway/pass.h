/*
 * Passing on: a message of a room whose class remembers nothing goes from this
 * gateway to all that have members, past ledger and journal. It has an id, but
 * neither epoch nor offset, and no order but that of its sender.
 */
#ifndef WORKER_GATEWAY_PASS_H
#define WORKER_GATEWAY_PASS_H

#include <stdint.h>

struct gateway;
struct message;

/* Gives the message its id and sends it on; returns how many connections of
 * this host it goes to. The members here get it with the end of the turn. */
uint64_t pass_on(struct gateway *gateway, struct message *message);

#endif
