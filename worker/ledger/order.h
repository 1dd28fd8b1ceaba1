/*
 * An order: texts in byte order, each with an owner; for lists that are read
 * page by page while they change. A skip list (Pugh, 1990): adding, removing
 * and finding the place after a text take O(log n), the next one O(1), and what
 * heights it draws does not depend on texts that clients choose.
 */
#ifndef WORKER_LEDGER_ORDER_H
#define WORKER_LEDGER_ORDER_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/text.h"

#define ORDER_LEVELS 12

struct order_node {
	struct text key; /* borrowed from the owner */
	void *owner;
	struct order_node *next[];
};

struct order {
	struct order_node *first[ORDER_LEVELS];
	size_t count;
};

/* An order is empty when it is all zeros; fini frees its nodes, not the owners.
 */
void order_fini(struct order *order);

/* The key must not be there yet. */
void order_add(struct order *order, struct text key, void *owner);

/* The owner of the key, or NULL. */
void *order_find(const struct order *order, struct text key);
void order_remove(struct order *order, struct text key);

/* The first one behind the key, or NULL; node->next[0] is the one after it. */
struct order_node *order_after(const struct order *order, struct text key);

/* As order_after(), but the key itself counts too. */
struct order_node *order_from(const struct order *order, struct text key);

#endif
