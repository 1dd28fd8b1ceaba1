/*
 * One turn of the loop: clients' frames are read while the loop runs (lanes),
 * letters come (answers), and then, once per turn, what was gathered for rooms
 * is sent, what waits for clients is written, and lanes that ended are settled.
 */
#ifndef WORKER_GATEWAY_GATEWAY_TURN_H
#define WORKER_GATEWAY_GATEWAY_TURN_H

#include <stdint.h>

struct event_base;
struct gateway;
struct letter;

/* config, arena, slot, life and office of the edge are set; the rest is zero.
 * Opens the partition of the index. -1: logged. */
int gateway_init(struct gateway *gateway, struct event_base *base);
void gateway_fini(struct gateway *gateway);

void gateway_on_letter(struct gateway *gateway, const struct letter *letter);

/* The end of the turn. */
void gateway_on_turn(struct gateway *gateway);

/* About every 100 ms. */
void gateway_on_tick(struct gateway *gateway, uint64_t now_ms);

#endif
