#include "worker/gateway/subscription.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "shared/message.h"

struct type {
	uint8_t length;
	char bytes[TYPE_BYTES_MAX];
};

struct subscription {
	size_t count;
	struct type types[];
};

static struct text
text_at(const struct subscription *subscription, size_t number)
{
	const struct type *type = &subscription->types[number];

	return (struct text){ type->bytes, type->length };
}

/* Where it stands, or count. */
static size_t
find(const struct subscription *subscription, struct text type)
{
	size_t i = 0;

	while (i < subscription->count &&
		!text_equal(text_at(subscription, i), type))
		i++;
	return i;
}

bool
subscription_has(const struct subscription *subscription, struct text type)
{
	return !subscription || find(subscription, type) < subscription->count;
}

size_t
subscription_count(const struct subscription *subscription)
{
	return subscription ? subscription->count : 0;
}

struct text
subscription_type(const struct subscription *subscription, size_t number)
{
	must(number < subscription_count(subscription));
	return text_at(subscription, number);
}

static void
add(struct subscription *subscription, struct text type)
{
	struct type *added = &subscription->types[subscription->count++];

	must(type.length <= TYPE_BYTES_MAX);
	added->length = (uint8_t)type.length;
	memcpy(added->bytes, type.at, type.length);
}

/* A copy with room for so many more. */
static struct subscription *
copy(const struct subscription *old, size_t more)
{
	size_t count = subscription_count(old);
	struct subscription *made = base_alloc(
		sizeof(*made) + (count + more) * sizeof(made->types[0]));

	made->count = count;
	if (count > 0)
		memcpy(made->types, old->types, count * sizeof(old->types[0]));
	return made;
}

bool
subscription_add(struct subscription **subscription, const struct text *types,
	size_t count)
{
	struct subscription *made = copy(*subscription, count);

	for (size_t i = 0; i < count; i++)
		if (find(made, types[i]) == made->count)
			add(made, types[i]);
	if (made->count > SUBSCRIPTION_TYPES_MAX) {
		free(made);
		return false;
	}
	free(*subscription);
	*subscription = base_realloc(
		made, sizeof(*made) + made->count * sizeof(made->types[0]));
	return true;
}

void
subscription_remove(struct subscription *subscription, const struct text *types,
	size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t at = find(subscription, types[i]);

		if (at < subscription->count)
			subscription->types[at] =
				subscription->types[--subscription->count];
	}
}

void
subscription_free(struct subscription **subscription)
{
	free(*subscription);
	*subscription = NULL;
}

void
subscription_empty(struct subscription **subscription)
{
	free(*subscription);
	*subscription = copy(NULL, 0);
}
