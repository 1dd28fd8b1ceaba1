#include "worker/api/health.h"

#include <stdatomic.h>

#include "shared/arena.h"
#include "shared/buffer.h"
#include "worker/api/exchange.h"
#include "worker/api/reply.h"
#include "worker/api/scene.h"
#include "worker/worker.h"

void
health_answer_alive(struct exchange *exchange)
{
	reply_send_text(exchange, 200, "ok\n");
}

static bool
is_needed(enum role role)
{
	return role == ROLE_GATEWAY || role == ROLE_LEDGER ||
	       role == ROLE_HISTORIAN;
}

static bool
is_serving(const struct row *row)
{
	uint32_t life = atomic_load_explicit(&row->life, memory_order_acquire);
	uint32_t ready_life =
		atomic_load_explicit(&row->ready_life, memory_order_acquire);
	uint32_t state =
		atomic_load_explicit(&row->state, memory_order_acquire);

	return state == CHILD_SERVING && ready_life == life;
}

/* It may be that none is to serve. */
static bool
has_gateways(const struct arena *arena)
{
	unsigned first = arena_role_first(arena, ROLE_GATEWAY);
	unsigned count = arena_role_count(arena, ROLE_GATEWAY);

	for (unsigned i = first; i < first + count; i++)
		if (atomic_load(&arena_row(arena, i)->is_wanted))
			return true;
	return false;
}

void
health_answer_ready(struct exchange *exchange)
{
	struct arena *arena = worker_arena(exchange->scene->worker);
	struct buffer words = { 0 };
	struct reply reply = { 200, TYPE_TEXT, TEXT_LITERAL("ok\n") };

	if (*exchange->scene->is_stopping)
		buffer_add_string(&words, "stopping\n");
	if (!has_gateways(arena))
		buffer_add_string(&words, "no gateway serves\n");
	for (unsigned i = 0; i < arena_shape(arena)->slots; i++) {
		const struct row *row = arena_row(arena, i);

		if (is_needed(row->role) && atomic_load(&row->is_wanted) &&
			!is_serving(row))
			buffer_add_format(&words, "%s %u is not serving\n",
				role_name(row->role), row->number);
	}
	if (words.length) {
		reply.status = 503;
		reply.body = buffer_text(&words);
	}
	reply_send(exchange, &reply);
	buffer_fini(&words);
}
