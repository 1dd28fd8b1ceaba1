#include "worker/gateway/rivals.h"

#include <stdatomic.h>

#include "shared/arena.h"
#include "shared/buffer.h"
#include "shared/config.h"
#include "shared/index.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/kick.h"
#include "worker/gateway/session.h"
#include "worker/gateway/users.h"

enum kick_why
rivals_why(enum fate fate)
{
	static const enum kick_why whys[] = {
		[FATE_REPLACED] = KICK_REPLACED,
		[FATE_REFUSED] = KICK_REFUSED,
		[FATE_TOO_MANY] = KICK_TOO_MANY,
	};

	return whys[fate];
}

static struct policy_rules
rules_of(const struct gateway *gateway)
{
	return (struct policy_rules){
		.policy = (enum login_policy)gateway->config->login_policy,
		.connections_max = (uint64_t)gateway->config->user_connections,
	};
}

static bool
is_any_rule(const struct policy_rules *rules)
{
	return rules->policy != LOGIN_MULTI || rules->connections_max > 0;
}

static void
add_rivals(const struct session *session, unsigned slot, struct buffer *rivals)
{
	size_t count;
	const struct index_entry *found = users_entries(session->gateway, slot,
		session_tenant(session), session_user(session), &count);

	for (size_t i = 0; i < count; i++) {
		const struct rival rival = {
			.order = found[i].order,
			.secret = found[i].secret,
			.slot = slot,
			.place = found[i].place,
			.platform = found[i].platform,
		};

		buffer_add(rivals, &rival, sizeof(rival));
	}
}

/* All that can be seen, the session too; the buffer is the caller's. */
static const struct rival *
look(const struct session *session, struct buffer *rivals, size_t *count)
{
	const struct arena *arena = session->gateway->arena;
	unsigned first = arena_role_first(arena, ROLE_GATEWAY);
	unsigned slots = arena_role_count(arena, ROLE_GATEWAY);

	atomic_thread_fence(memory_order_seq_cst);
	for (unsigned slot = first; slot < first + slots; slot++)
		add_rivals(session, slot, rivals);
	*count = rivals->length / sizeof(struct rival);
	return (const void *)rivals->data;
}

/* Which of them is the session? NULL: it has left the index. */
static const struct rival *
own_of(const struct session *session, const struct rival *seen, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (seen[i].slot == session->gateway->slot &&
			seen[i].place == session->place)
			return &seen[i];
	return NULL;
}

enum fate
rivals_look(const struct session *session)
{
	struct policy_rules rules = rules_of(session->gateway);
	struct buffer rivals = { 0 };
	const struct rival *seen, *own;
	enum fate fate = FATE_STAYS;
	size_t count;

	if (!is_any_rule(&rules))
		return FATE_STAYS;
	seen = look(session, &rivals, &count);
	own = own_of(session, seen, count);
	if (own)
		fate = policy_fate(&rules, seen, count, own);
	buffer_fini(&rivals);
	return fate;
}

enum fate
rivals_settle(struct session *session)
{
	struct policy_rules rules = rules_of(session->gateway);
	struct buffer rivals = { 0 };
	const struct rival *seen, *own;
	enum fate fate = FATE_STAYS;
	size_t count;

	if (!is_any_rule(&rules))
		return FATE_STAYS;
	seen = look(session, &rivals, &count);
	own = own_of(session, seen, count);
	if (own)
		fate = policy_fate(&rules, seen, count, own);
	for (size_t i = 0; own && fate == FATE_STAYS && i < count; i++) {
		enum fate other =
			policy_dismisses(&rules, seen, count, own, &seen[i]);

		if (other != FATE_STAYS)
			kick_send(session->gateway, seen[i].slot,
				&(struct kick){
					.place = seen[i].place,
					.secret = seen[i].secret,
					.why = rivals_why(other),
				});
	}
	buffer_fini(&rivals);
	return fate;
}
