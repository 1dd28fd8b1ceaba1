/*
 * Looks: what the status socket shows of the arena, `show WHAT [NAME]`. Lists
 * come in pages: behind the words may stand
 *
 *	limit=N   so many rows at most, 100 unless told, 1000 at most
 *	after=X   the first column of the last row of the page before
 *	tenant=T  whose names these are, `default` unless told (of connections,
 *		  all)
 *	prefix=P  only rooms whose names begin so
 *
 * in any order. A value goes on until the next option that has not been given
 * yet, so after= may hold any name when it stands behind all others.
 *
 * A page costs the master a bounded amount of work, however large the index is.
 * One that had to stop early is shorter than its limit; one that found nothing
 * until then is a row of which only the first column says something. The list
 * has ended when a page is empty. Who is there the whole time is shown once,
 * whoever comes and goes meanwhile.
 */
#ifndef MASTER_LOOK_H
#define MASTER_LOOK_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/text.h"

struct answer;
struct arena;
struct words_context;

#define LOOK_LIMIT 100
#define LOOK_LIMIT_MAX 1000

/* A page ends when it has looked at so many entries of the index. */
#define LOOK_ENTRIES_MAX 10000

/* At so many when all of them were of other tenants. */
#define LOOK_STRANGERS_MAX 1000000

/* Or, of connections, at so many places, most of which are then empty. */
#define LOOK_PLACES_MAX 200000

struct look {
	struct text name;
	struct text after; /* length 0: from the beginning */
	struct text tenant, prefix;
	bool is_of_tenant; /* which was told */
	size_t limit;
	size_t looked; /* at so many entries of the index; the look counts */
};

typedef void look_show(const struct words_context *context, struct look *look,
	struct answer *answer);

/* A cell: "gateway 0"; behind the last slot comes the master. */
void look_add_process(
	struct answer *answer, const struct arena *arena, unsigned slot);

look_show look_rings;
look_show look_ledger;
look_show look_peers;
look_show look_tenants;
look_show look_rooms;
look_show look_room;
look_show look_users;
look_show look_user;
look_show look_memory;
look_show look_errors;
look_show look_log;
look_show look_clients;
look_show look_latency;
look_show look_traffic;
look_show look_slow;
look_show look_client;

#endif
