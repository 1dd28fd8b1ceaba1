/*
 * Hooks: how backends hear of what happens here. What the process shares for
 * that: the courier of all its requests, what gateways ask backends, and in the
 * first api alone the webhooks with their spools, the bots, and the follower of
 * the journals.
 */
#ifndef WORKER_API_HOOKS_H
#define WORKER_API_HOOKS_H

#include <stdbool.h>
#include <stdint.h>

struct edge;
struct hooks;
struct letter;
struct worker;

/* edge: of the process; bots speak on it, and hear by its deliver_here. NULL:
 * cannot be made (logged). */
struct hooks *hooks_new(struct worker *worker, struct edge *edge);
void hooks_free(struct hooks **hooks);

/* A letter has come; false: this kind is none of hooks. */
bool hooks_take(struct hooks *hooks, const struct letter *letter);

/* After the letters of a turn, before they are released. */
void hooks_turn(struct hooks *hooks);
void hooks_tick(struct hooks *hooks, uint64_t now_ms);
void hooks_renew(struct hooks *hooks);

#endif
