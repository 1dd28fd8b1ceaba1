#include <string.h>

#include "shared/buffer.h"
#include "shared/records.h"
#include "worker/ledger/members.h"
#include "worker/ledger/members_inside.h"
#include "worker/ledger/streams.h"

/* Of one user; more platforms than that are not listed. */
#define PLATFORMS_MAX 16

/* Packed in front of each. */
#define LENGTH_BYTES_MAX 5

uint64_t
members_users(const struct stream *stream)
{
	return stream && stream->room ? stream->room->users.count : 0;
}

uint64_t
members_connections(const struct stream *stream)
{
	return stream && stream->room ? stream->room->connections : 0;
}

bool
members_have(const struct stream *stream, struct text user)
{
	return stream && stream->room && order_find(&stream->room->users, user);
}

struct platforms {
	uint64_t numbers[PLATFORMS_MAX];
	size_t count;
};

static void
platforms_add(struct platforms *platforms, uint64_t platform)
{
	for (size_t i = 0; i < platforms->count; i++)
		if (platforms->numbers[i] == platform)
			return;
	if (platforms->count < PLATFORMS_MAX)
		platforms->numbers[platforms->count++] = platform;
}

/* Every platform once, since the oldest connection, the info of the newest. A
 * user who may come back shows what the last connection had. */
static void
pack_user(const struct user *user, struct buffer *numbers, struct buffer *out)
{
	struct member line = { .user = { user->name, user->name_length },
		.info = { "", 0 } };
	struct platforms platforms = { .count = 0 };
	const struct seat *newest = user->last, *seat;

	DL_FOREACH(user->seats, seat)
	{
		platforms_add(&platforms, seat->platform);
		if (seat == user->seats || seat->since < line.since)
			line.since = seat->since;
		newest = seat;
	}
	if (user->seats == NULL)
		platforms_add(&platforms, user->platform);
	if (user->last != NULL)
		line.since = user->last->since;
	if (newest != NULL)
		line.info = (struct text){ newest->info, newest->info_length };
	buffer_clear(numbers, SIZE_MAX);
	for (size_t i = 0; i < platforms.count; i++)
		pack_number(numbers, platforms.numbers[i]);
	line.platforms = buffer_text(numbers);
	member_pack(out, &line);
}

void
members_list(const struct stream *stream, const struct members_wanted *wanted,
	size_t bytes_max, struct buffer *list, struct members_page *page)
{
	struct buffer numbers = { 0 }, packed = { 0 };
	const struct order_node *node = NULL;

	page->users = members_users(stream);
	page->connections = members_connections(stream);
	if (page->users > 0)
		node = order_after(&stream->room->users, wanted->after);
	for (; node != NULL && page->count < wanted->limit;
		node = node->next[0]) {
		buffer_clear(&packed, SIZE_MAX);
		pack_user(node->owner, &numbers, &packed);
		if (page->count > 0 &&
			list->length + packed.length + LENGTH_BYTES_MAX >
				bytes_max)
			break;
		pack_text(list, buffer_text(&packed));
		page->count++;
	}
	page->more = node != NULL;
	buffer_fini(&numbers);
	buffer_fini(&packed);
}
