/*
 * Webhooks: the outlets of all tenants that want to hear of events, or have
 * events that were not delivered yet. Of the first api alone: it is told by
 * ledgers of rooms and logins, and follows their journals for messages.
 */
#ifndef WORKER_API_WEBHOOKS_H
#define WORKER_API_WEBHOOKS_H

#include <stdbool.h>
#include <stdint.h>

struct courier;
struct letter;
struct message;
struct webhooks;
struct worker;

struct webhooks *webhooks_new(struct worker *worker, struct courier *courier);
void webhooks_free(struct webhooks **webhooks);

/* The configuration is another one. */
void webhooks_renew(struct webhooks *webhooks);

/* A letter with news has come, which ends here in its ring. */
void webhooks_take(struct webhooks *webhooks, const struct letter *letter,
	uint64_t position);

/* A message of a batch that ends here in its journal. */
void webhooks_hear(struct webhooks *webhooks, unsigned ledger, uint64_t end,
	const struct message *message);

/* Does any want to hear messages? */
bool webhooks_want_messages(const struct webhooks *webhooks);

/* What has come goes into the spools. True: all is there. */
bool webhooks_commit(struct webhooks *webhooks);

void webhooks_tick(struct webhooks *webhooks);

#endif
