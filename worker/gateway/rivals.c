#include "worker/gateway/rivals.h"

#include "shared/buffer.h"
#include "shared/clock.h"
#include "shared/config.h"
#include "shared/fence.h"
#include "shared/index.h"
#include "shared/records.h"
#include "worker/edge/entries.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/kick.h"
#include "worker/gateway/session.h"
#include "worker/gateway/users.h"

/* Orders are milliseconds, with room for some that follow each other. */
#define ORDERS_A_MS (UINT64_C(1) << 20)

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

static uint32_t
host_of(const struct session *session, const struct index_entry *entry)
{
	return entry->host ? entry->host
			   : (uint32_t)session->gateway->config->host_id;
}

/* Of those on one slot; what no clock says is passed over. */
static uint64_t
newest_order(const struct session *session, unsigned slot, struct text tenant,
	struct text user)
{
	uint64_t newest = 0;
	size_t count;
	const struct index_entry *found = entries_of_user(
		&session->gateway->edge, slot, tenant, user, &count);

	for (size_t i = 0; i < count; i++)
		if (found[i].order < UINT64_MAX)
			newest = MAX_OF(newest, found[i].order);
	return newest;
}

uint64_t
rivals_order(
	const struct session *session, struct text tenant, struct text user)
{
	const struct policy_rules rules = rules_of(session);
	const struct edge *edge = &session->gateway->edge;
	uint64_t order = clock_unix_ms() * ORDERS_A_MS;

	if (!is_any_rule(&rules))
		return order;
	for (unsigned slot = edge_first(edge); slot != EDGE_NO_SLOT;
		slot = edge_next(edge, slot)) {
		uint64_t newest = newest_order(session, slot, tenant, user);

		order = MAX_OF(order, newest + 1);
	}
	return order;
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
			.host = host_of(session, &found[i]),
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
	const struct edge *edge = &session->gateway->edge;

	fence_say_then_look();
	for (unsigned slot = edge_first(edge); slot != EDGE_NO_SLOT;
		slot = edge_next(edge, slot))
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

/* What a login at another host makes of one of our own. */
static enum kick_why
why_by_remote(const struct session *session, const struct index_entry *entry,
	const struct arrival *arrival)
{
	const struct policy_rules rules = {
		.policy = (enum login_policy)session_login_policy(session),
	};
	const struct rival other = {
		.order = arrival->order,
		.host = (uint32_t)arrival->host,
		.platform = (uint32_t)arrival->platform,
	};
	const struct rival own = {
		.order = entry->order,
		.host = host_of(session, entry),
		.slot = session->gateway->slot,
		.place = entry->place,
		.platform = entry->platform,
	};

	return rivals_why(policy_fate(&rules, &other, 1, &own));
}

/* Who is closed leaves the index, so all are written down before. */
void
rivals_meet(struct gateway *gateway, const struct arrival *arrival)
{
	struct buffer kicks = { 0 };
	size_t count;
	const struct index_entry *found = entries_of_user(&gateway->edge,
		gateway->slot, arrival->tenant, arrival->user, &count);

	for (size_t i = 0; i < count; i++) {
		const struct session *session =
			users_at(gateway, found[i].place, found[i].secret);
		struct kick kick = { .place = found[i].place,
			.secret = found[i].secret };

		if (session)
			kick.why = why_by_remote(session, &found[i], arrival);
		if (kick.why)
			buffer_add(&kicks, &kick, sizeof(kick));
	}
	for (size_t i = 0; i < kicks.length; i += sizeof(struct kick))
		kick_take(gateway, (const void *)(kicks.data + i));
	buffer_fini(&kicks);
}
