/*
 * Letters that come to the gateway: answers to waiting requests, pushes for
 * rooms, and a new ledger's wish to hear who is where.
 */
#ifndef WORKER_GATEWAY_ANSWERS_H
#define WORKER_GATEWAY_ANSWERS_H

struct gateway;
struct letter;

void answers_on_letter(struct gateway *gateway, const struct letter *letter);

#endif
