#include "worker/api/directory.h"

#include <stdlib.h>

#include "shared/base.h"
#include "shared/codes.h"
#include "shared/index_walk.h"
#include "shared/message.h"
#include "shared/tally.h"
#include "worker/api/exchange.h"
#include "worker/api/reply.h"
#include "worker/api/scene.h"
#include "worker/edge/confab_json.h"
#include "worker/worker.h"

/*
 * As the lists of the status socket: chain by chain of the index, and in a
 * chain by the hashes of names, so a page that begins behind a name finds its
 * place at once and costs a bounded amount of work. One that had to stop early
 * says where to go on, were it with nobody in it; it never stops before it has
 * seen anybody of the tenant at all.
 */

#define LIMIT 100
#define LIMIT_MAX 1000
#define ENTRIES_MAX 10000

struct listing {
	struct tally tally;
	struct text prefix;
	size_t limit, count;
	bool is_full;           /* there is somebody behind the page */
	struct tally_name last; /* looked at */
	struct buffer json;
};

static void
add_user(struct listing *listing, const struct tally_name *name)
{
	struct buffer *json = &listing->json;

	confab_add_text(json,
		listing->count++ > 0 ? ",{\"user\":" : "{\"user\":",
		(struct text){ name->bytes, name->length });
	confab_add_number(json, ",\"connections\":", name->connections);
	confab_add_number(json, ",\"since\":", name->since_ms);
	buffer_add_byte(json, '}');
}

static void
add_chain(struct listing *listing, uint64_t behind)
{
	for (size_t i = 0; i < listing->tally.count; i++) {
		const struct tally_name *name = &listing->tally.names[i];
		struct text text = { name->bytes, name->length };
		bool is_wanted = text_has_prefix(text, listing->prefix);

		if (name->hash <= behind)
			continue;
		if (is_wanted && listing->count == listing->limit) {
			listing->is_full = true;
			return;
		}
		if (is_wanted)
			add_user(listing, name);
		listing->last = *name;
	}
}

static void
add_all(struct listing *listing, struct text after)
{
	const struct arena *arena = listing->tally.arena;
	uint32_t chains = index_user_chains(arena), chain;
	uint64_t behind = 0;
	uint32_t first = 0;

	if (after.length > 0) {
		behind = index_hash(arena, listing->tally.tenant, after);
		first = (uint32_t)(behind % chains);
	}
	for (chain = tally_next(&listing->tally, first);
		chain < chains && !listing->is_full;
		chain = tally_next(&listing->tally, chain + 1)) {
		if (listing->tally.looked >= ENTRIES_MAX &&
			listing->last.length > 0) {
			listing->is_full = true;
			return;
		}
		tally_take(&listing->tally, chain);
		add_chain(listing, chain == first ? behind : 0);
	}
}

void
directory_answer(struct exchange *exchange)
{
	struct arguments *data = &exchange->data;
	struct text tenant = exchange->tenant;
	struct text after =
		arguments_name(data, "after", USER_BYTES_MAX, false);
	struct listing listing = {
		.prefix = arguments_name(data, "prefix", USER_BYTES_MAX, false),
		.limit = arguments_number(data, "limit", 1, LIMIT_MAX, LIMIT),
	};

	if (data->code != CODE_OK) {
		reply_refuse_data(exchange);
		return;
	}
	tally_init(&listing.tally, &tally_of_users,
		worker_arena(exchange->scene->worker), tenant);
	buffer_add_string(&listing.json, "{\"users\":[");
	add_all(&listing, after);
	buffer_add_byte(&listing.json, ']');
	if (listing.is_full && listing.last.length > 0)
		confab_add_text(&listing.json, ",\"next\":",
			(struct text){
				listing.last.bytes, listing.last.length });
	buffer_add_byte(&listing.json, '}');
	reply_send_json(exchange, buffer_text(&listing.json));
	tally_fini(&listing.tally);
	buffer_fini(&listing.json);
}
