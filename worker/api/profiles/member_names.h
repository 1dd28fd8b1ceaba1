/*
 * The names of all who are in a room, asked of its ledger page by page, for
 * profiles whose lists come whole.
 */
#ifndef WORKER_API_PROFILES_MEMBER_NAMES_H
#define WORKER_API_PROFILES_MEMBER_NAMES_H

#include <stddef.h>

#include "shared/text.h"

struct exchange;

/* So many are listed. */
#define MEMBER_NAMES_MAX 100000

/* One of them is called, once, and answers the exchange. */
struct member_names_hooks {
	/* names: strings as Go writes them as JSON, with a comma between two;
	 * in the order of their bytes. */
	void (*reply)(
		struct exchange *exchange, size_t count, struct text names);
	void (*refuse)(struct exchange *exchange, struct text why);
};

/* The room is copied, the tenant lives as long as the exchange; hooks stay. */
void member_names_ask(struct exchange *exchange, struct text tenant,
	struct text room, const struct member_names_hooks *hooks);

#endif
