#include <string.h>

#include "master/answer.h"
#include "master/look.h"
#include "master/words_context.h"
#include "shared/arena.h"
#include "shared/config.h"
#include "shared/index.h"

/*
 * Tenants of the configuration, by name, and what there is of each.
 */

/* To this host: what max_connections is about. */
static uint64_t
connections_of(const struct arena *arena, const struct tenant *tenant)
{
	unsigned first = arena_role_first(arena, ROLE_GATEWAY);
	unsigned count = arena_role_count(arena, ROLE_GATEWAY);
	uint64_t sum = 0;

	for (unsigned i = first; i < first + count; i++)
		sum += index_room_connections(
			arena, i, text_of(tenant->name), TEXT_LITERAL(""));
	return sum;
}

/* Those that are for all tenants count for each. */
static uint64_t
keys_of(const struct config *config, const struct tenant *tenant)
{
	uint64_t count = 0;

	for (size_t i = 0; i < config->key_count; i++)
		count += strcmp(config->keys[i].tenant, "*") == 0 ||
			 strcmp(config->keys[i].tenant, tenant->name) == 0;
	return count;
}

static uint64_t
bots_of(const struct config *config, const struct tenant *tenant)
{
	uint64_t count = 0;

	for (size_t i = 0; i < config->bot_count; i++)
		count += strcmp(config->bots[i].tenant, tenant->name) == 0;
	return count;
}

static void
add_tenant(const struct words_context *context, struct answer *answer,
	const struct tenant *tenant)
{
	answer_cell_text(answer, tenant->name);
	answer_cell_text(answer, tenant->auth == AUTH_TOKEN ? "token" : "none");
	answer_cell_number(answer, connections_of(context->arena, tenant));
	answer_cell_number(answer, (uint64_t)tenant->max_connections);
	answer_cell_number(answer, keys_of(context->config, tenant));
	answer_cell_number(answer, bots_of(context->config, tenant));
}

void
look_tenants(const struct words_context *context, struct look *look,
	struct answer *answer)
{
	static const char *const columns[] = { "tenant", "auth", "connections",
		"max_connections", "keys", "bots", NULL };
	const struct config *config = context->config;

	answer_begin_table(answer, columns);
	for (size_t i = 0; i < config->tenant_count && look->limit > 0; i++) {
		struct text name = text_of(config->tenants[i].name);

		if (text_compare(name, look->after) <= 0)
			continue;
		add_tenant(context, answer, &config->tenants[i]);
		look->limit--;
	}
	answer_end_table(answer);
}
