/*
 * Login policies: which of the logins of one user stay, by login_policy and
 * user_connections, when several gateways take logins at once and nobody waits
 * for anybody.
 *
 * Each login takes an order number and then shows its entry, number and all, in
 * the index. When its ledger lets it in, after a full fence, it looks at the
 * entries of all gateways and does what policy_fate() says of itself; if it
 * stays it also sends away those of whom policy_dismisses() says so.
 *
 * Then what should stay is all that stays: let W be those whom the rules let
 * stay, of all that ever show themselves at the same time, and L one whom they
 * do not. Of W and L, the last one that shows itself sees all the others, since
 * each looks after it has shown itself and the fences put that in one order. If
 * that is L, it sees itself beaten and goes. If it is one of W, it sees L and
 * all that beat L, and sends L away. And nobody of W goes: what is beaten by
 * nobody when all are seen is beaten by nobody when only some are.
 *
 * Both rules together are not as exact: one who is on his way out by one of
 * them may still count for another by the other, so that of three at the same
 * moment one too many or too few may stay.
 *
 * Order numbers need only differ. Here they are the clock and, where that is
 * the same, host, slot and place, so the one who began first is the older one;
 * and who sees others when he begins takes a number behind theirs.
 *
 * Logins at other hosts show themselves in the partition of the relay, as soon
 * as it hears of them and when they are let in there already. It shows each and
 * then looks, after a full fence, whether the user has connections here, whose
 * gateways it tells; they do to their own what policy_fate() says of the two.
 * So again of two that meet, each host sees both, and they agree: all that
 * decides travels with the login, and one of the two goes.
 */
#ifndef WORKER_GATEWAY_POLICY_H
#define WORKER_GATEWAY_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/config.h"

struct rival {
	uint64_t order;
	uint64_t secret;
	uint32_t host, slot, place;
	uint32_t platform;
};

struct policy_rules {
	enum login_policy policy; /* for those of one platform */
	uint64_t connections_max; /* of all platforms; 0: any number */
};

enum fate {
	FATE_STAYS,
	FATE_REPLACED, /* a newer one takes its place */
	FATE_REFUSED,  /* an older one has its place */
	FATE_TOO_MANY, /* so many older ones are there */
};

/* What becomes of `who`, as far as can be seen; seen may contain it. */
enum fate policy_fate(const struct policy_rules *rules,
	const struct rival *seen, size_t count, const struct rival *who);

/* What `self`, who stays, must tell `other`; FATE_STAYS: nothing. */
enum fate policy_dismisses(const struct policy_rules *rules,
	const struct rival *seen, size_t count, const struct rival *self,
	const struct rival *other);

#endif
