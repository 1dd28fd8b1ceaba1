/*
 * What a stranger says in the address of the profile push: whatever it is, what
 * is taken for a wish names a user and at least one type, and its JSON is read
 * as the same wish again, as it is when the login is answered.
 */
#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "shared/message.h"
#include "worker/gateway/profiles/push_wish.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct push_wish *wish)
{
	must(text_is_name(wish->user, 1, USER_BYTES_MAX));
	must(wish->count > 0 && wish->count <= PUSH_TYPES_MAX);
	for (size_t i = 0; i < wish->count; i++)
		must(text_is_name(wish->types[i], 1, TYPE_BYTES_MAX));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text query = { base_alloc(size + 1), size };
	struct buffer json = { 0 };
	struct push_wish wish = { 0 }, again = { 0 };

	if (size)
		memcpy((char *)query.at, data, size);
	if (push_wish_find(query, &json) &&
		push_wish_read(&wish, buffer_text(&json))) {
		check(&wish);
		must(push_wish_read(&again, buffer_text(&json)));
		must(text_equal(wish.user, again.user));
		must(wish.count == again.count);
	}
	push_wish_fini(&wish);
	push_wish_fini(&again);
	buffer_fini(&json);
	free((char *)query.at);
	return 0;
}
