/*
 * Evictions: who is in already and is banned now is closed, or sent out of the
 * room that he is banned from. Ledger 0 says so when everybody can read it.
 */
#ifndef WORKER_GATEWAY_EVICTIONS_H
#define WORKER_GATEWAY_EVICTIONS_H

struct ban;
struct gateway;

/* There is a new ban, or all have to be looked at. What is closed ends with the
 * turn. */
void evictions_take(struct gateway *gateway, const struct ban *ban);

#endif
