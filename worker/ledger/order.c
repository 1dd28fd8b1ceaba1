#include "worker/ledger/order.h"

#include <stdint.h>
#include <stdlib.h>

#include "shared/base.h"
#include "shared/hash.h"

/* Every fourth node reaches one level higher. */
static unsigned
draw_height(void)
{
	static uint64_t seed;
	unsigned height = 1;
	uint64_t bits;

	if (seed == 0)
		hash_random(&seed, sizeof(seed));
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	for (bits = seed >> 32; height < ORDER_LEVELS && (bits & 3) == 0;
		bits >>= 2)
		height++;
	return height;
}

/* On each level, where the pointer stands that leads over the key's place. */
static void
find_place(struct order *order, struct text key,
	struct order_node **place[ORDER_LEVELS])
{
	struct order_node **level = order->first;

	for (int i = ORDER_LEVELS - 1; i >= 0; i--) {
		while (level[i] != NULL && text_compare(level[i]->key, key) < 0)
			level = level[i]->next;
		place[i] = &level[i];
	}
}

void
order_fini(struct order *order)
{
	struct order_node *node = order->first[0];

	while (node != NULL) {
		struct order_node *next = node->next[0];

		free(node);
		node = next;
	}
	*order = (struct order){ 0 };
}

void
order_add(struct order *order, struct text key, void *owner)
{
	struct order_node **place[ORDER_LEVELS];
	unsigned height = draw_height();
	struct order_node *node =
		base_alloc(sizeof(*node) + height * sizeof(node->next[0]));

	find_place(order, key, place);
	node->key = key;
	node->owner = owner;
	for (unsigned i = 0; i < height; i++) {
		node->next[i] = *place[i];
		*place[i] = node;
	}
	order->count++;
}

void
order_remove(struct order *order, struct text key)
{
	struct order_node **place[ORDER_LEVELS];
	struct order_node *node;

	find_place(order, key, place);
	node = *place[0];
	if (node == NULL || !text_equal(node->key, key))
		return;
	for (unsigned i = 0; i < ORDER_LEVELS && *place[i] == node; i++)
		*place[i] = node->next[i];
	free(node);
	order->count--;
}

struct order_node *
order_from(const struct order *order, struct text key)
{
	struct order_node *const *level = order->first;

	for (int i = ORDER_LEVELS - 1; i >= 0; i--)
		while (level[i] != NULL && text_compare(level[i]->key, key) < 0)
			level = level[i]->next;
	return level[0];
}

struct order_node *
order_after(const struct order *order, struct text key)
{
	struct order_node *node = order_from(order, key);

	if (node != NULL && text_equal(node->key, key))
		return node->next[0];
	return node;
}

void *
order_find(const struct order *order, struct text key)
{
	struct order_node *node = order_from(order, key);

	return node != NULL && text_equal(node->key, key) ? node->owner : NULL;
}
