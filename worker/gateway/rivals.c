#include "worker/gateway/rivals.h"

#include "shared/arena.h"
#include "shared/buffer.h"
#include "shared/config.h"
#include "shared/fence.h"
#include "shared/index.h"
#include "worker/edge/entries.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/kick.h"
#include "worker/gateway/session.h"

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
rules_of(const struct session *session)
{
	const struct config *config = session->gateway->config;

	return (struct policy_rules){
		.policy = (enum login_policy)session_login_policy(session),
		.connections_max = (uint64_t)config->user_connections,
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
	const struct index_entry *found =
		entries_of_user(&session->gateway->edge, slot,
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

	fence_say_then_look();
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

/* What a session sees of the user's connections, and how it fares by that. */
struct view {
	struct policy_rules rules;
	struct buffer rivals;
	const struct rival *seen;
	size_t count;
	const struct rival *own; /* NULL: nothing is decided by what is seen */
	enum fate fate;
};

/* To be closed. */
static void
view_open(struct view *view, const struct session *session)
{
	*view = (struct view){
		.rules = rules_of(session),
		.fate = FATE_STAYS,
	};
	if (!is_any_rule(&view->rules))
		return;
	view->seen = look(session, &view->rivals, &view->count);
	view->own = own_of(session, view->seen, view->count);
	if (view->own)
		view->fate = policy_fate(
			&view->rules, view->seen, view->count, view->own);
}

static void
view_close(struct view *view)
{
	buffer_fini(&view->rivals);
}

static void
dismiss(const struct view *view, const struct session *session,
	const struct rival *rival)
{
	enum fate fate = policy_dismisses(
		&view->rules, view->seen, view->count, view->own, rival);

	if (fate != FATE_STAYS)
		kick_send(session->gateway, rival->slot,
			&(struct kick){
				.place = rival->place,
				.secret = rival->secret,
				.why = rivals_why(fate),
			});
}

enum fate
rivals_look(const struct session *session)
{
	struct view view;

	view_open(&view, session);
	view_close(&view);
	return view.fate;
}

enum fate
rivals_settle(struct session *session)
{
	struct view view;

	view_open(&view, session);
	if (view.own && view.fate == FATE_STAYS)
		for (size_t i = 0; i < view.count; i++)
			dismiss(&view, session, &view.seen[i]);
	view_close(&view);
	return view.fate;
}
