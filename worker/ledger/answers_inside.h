/*
 * What the answers*.c files share: the tasks that are not messages.
 */
#ifndef WORKER_LEDGER_ANSWERS_INSIDE_H
#define WORKER_LEDGER_ANSWERS_INSIDE_H

#include "worker/ledger/ledger.h"
#include "worker/ledger/page.h"

struct teller answers_sender(const struct letter *letter);

/* A large answer that its asker could not take now? Then it is refused. */
bool answers_are_too_much(struct ledger *ledger, const struct letter *letter,
	uint64_t request, uint64_t connection);

/* The stream of a room, or NULL. */
struct stream *answers_find_room(
	const struct ledger *ledger, struct text tenant, struct text room);

/* A stream of any kind, or NULL. */
struct stream *answers_find_stream(const struct ledger *ledger, unsigned kind,
	struct text tenant, struct text name);

/* Out of what a page of the stream is made. */
struct page_source answers_page_source(const struct ledger *ledger,
	unsigned kind, struct text tenant, struct text name);

/* answers_join.c */
void answers_join(struct ledger *ledger, const struct letter *letter);
void answers_leave(struct ledger *ledger, const struct letter *letter);

/* answers_extents.c */
void answers_extents(struct ledger *ledger, const struct letter *letter);

/* answers_lists.c */
void answers_lookup(struct ledger *ledger, const struct letter *letter);
void answers_search(struct ledger *ledger, const struct letter *letter);
void answers_members_wanted(struct ledger *ledger, const struct letter *letter);
void answers_rooms_wanted(struct ledger *ledger, const struct letter *letter);

#endif
