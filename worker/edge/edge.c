#include "worker/edge/edge.h"

#include "shared/arena.h"
#include "worker/edge/pass_pace.h"

void
edge_init(struct edge *edge)
{
	edge->row = arena_row(edge->arena, edge->slot);
	edge->pass_paces = pass_paces_new();
}

void
edge_fini(struct edge *edge)
{
	pass_paces_free(&edge->pass_paces);
	buffer_fini(&edge->letter);
	buffer_fini(&edge->found);
	buffer_fini(&edge->sides);
}

struct buffer *
edge_letter(struct edge *edge, enum letter_kind kind)
{
	letter_begin(&edge->letter, kind);
	return &edge->letter;
}

void
edge_send(struct edge *edge, unsigned slot)
{
	edge->office.send(edge->office.self, slot, letter_end(&edge->letter));
}

struct edge_gateways
edge_gateways(const struct edge *edge)
{
	unsigned first = arena_role_first(edge->arena, ROLE_GATEWAY);

	return (struct edge_gateways){ first,
		first + arena_role_count(edge->arena, ROLE_GATEWAY) };
}

unsigned
edge_relay(const struct edge *edge)
{
	return arena_role_count(edge->arena, ROLE_RELAY) > 0
		       ? arena_role_first(edge->arena, ROLE_RELAY)
		       : EDGE_NO_SLOT;
}

unsigned
edge_first(const struct edge *edge)
{
	struct edge_gateways all = edge_gateways(edge);

	return all.first < all.end ? all.first : edge_relay(edge);
}

unsigned
edge_next(const struct edge *edge, unsigned slot)
{
	unsigned relay = edge_relay(edge);

	if (slot == relay)
		return EDGE_NO_SLOT;
	return slot + 1 < edge_gateways(edge).end ? slot + 1 : relay;
}
