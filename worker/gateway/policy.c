#include "worker/gateway/policy.h"

static bool
is_same(const struct rival *one, const struct rival *other)
{
	return one->slot == other->slot && one->place == other->place &&
	       one->host == other->host && one->order == other->order;
}

static bool
is_older(const struct rival *one, const struct rival *other)
{
	if (one->order != other->order)
		return one->order < other->order;
	if (one->host != other->host)
		return one->host < other->host;
	if (one->slot != other->slot)
		return one->slot < other->slot;
	return one->place < other->place;
}

/* Who replaces others counts from when they came. */
static const struct rival *
oldest_it_stands_for(const struct policy_rules *rules, const struct rival *seen,
	size_t count, const struct rival *who)
{
	const struct rival *oldest = who;

	for (size_t i = 0; i < count && rules->policy == LOGIN_REPLACE; i++)
		if (seen[i].platform == who->platform &&
			is_older(&seen[i], oldest))
			oldest = &seen[i];
	return oldest;
}

static bool
is_one_too_many(const struct policy_rules *rules, const struct rival *seen,
	size_t count, const struct rival *who)
{
	const struct rival *from;
	uint64_t older = 0;

	if (rules->connections_max == 0)
		return false;
	from = oldest_it_stands_for(rules, seen, count, who);
	for (size_t i = 0; i < count; i++)
		older += is_older(&seen[i], from);
	return older >= rules->connections_max;
}

/* What `other` on the same platform does to `who`. */
static enum fate
fate_by(const struct policy_rules *rules, const struct rival *other,
	const struct rival *who)
{
	if (other->platform != who->platform || is_same(other, who))
		return FATE_STAYS;
	if (rules->policy == LOGIN_REPLACE && is_older(who, other))
		return FATE_REPLACED;
	if (rules->policy == LOGIN_REFUSE && is_older(other, who))
		return FATE_REFUSED;
	return FATE_STAYS;
}

enum fate
policy_fate(const struct policy_rules *rules, const struct rival *seen,
	size_t count, const struct rival *who)
{
	for (size_t i = 0; i < count; i++) {
		enum fate fate = fate_by(rules, &seen[i], who);

		if (fate != FATE_STAYS)
			return fate;
	}
	return is_one_too_many(rules, seen, count, who) ? FATE_TOO_MANY
							: FATE_STAYS;
}

enum fate
policy_dismisses(const struct policy_rules *rules, const struct rival *seen,
	size_t count, const struct rival *self, const struct rival *other)
{
	enum fate fate = fate_by(rules, self, other);

	if (fate != FATE_STAYS || is_older(other, self) || is_same(other, self))
		return fate;
	return is_one_too_many(rules, seen, count, other) ? FATE_TOO_MANY
							  : FATE_STAYS;
}
