#include <stdlib.h>

#include "shared/arena.h"
#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/index.h"
#include "shared/pack.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/session.h"
#include "worker/gateway/talk.h"

/*
 * Read straight from the index, on this process alone. However many connections
 * a user has, no more than the newest few of each gateway are looked at, so
 * that a user on many of them costs no more than others.
 */

#define CONNECTIONS_MAX 128 /* of one user on one gateway */
#define PLATFORMS_MAX 32    /* of one user in an answer */
#define KEEP_BYTES 65536

struct platforms {
	uint32_t numbers[PLATFORMS_MAX];
	size_t count;
};

/* Keeps them ascending and each once. */
static void
add_platform(struct platforms *platforms, uint32_t number)
{
	size_t at = 0;

	while (at < platforms->count && platforms->numbers[at] < number)
		at++;
	if (at < platforms->count && platforms->numbers[at] == number)
		return;
	if (platforms->count == PLATFORMS_MAX)
		return;
	for (size_t i = platforms->count++; i > at; i--)
		platforms->numbers[i] = platforms->numbers[i - 1];
	platforms->numbers[at] = number;
}

static void
look_up(const struct session *session, struct text user,
	struct platforms *platforms)
{
	struct index_entry found[CONNECTIONS_MAX];
	const struct arena *arena = session->gateway->arena;
	unsigned first = arena_role_first(arena, ROLE_GATEWAY);
	unsigned count = arena_role_count(arena, ROLE_GATEWAY);

	platforms->count = 0;
	for (unsigned slot = first; slot < first + count; slot++) {
		size_t here = index_find_newest(arena, slot,
			session_tenant(session), user, found, ARRAY_LEN(found));

		for (size_t i = 0; i < here; i++)
			add_platform(platforms, found[i].platform);
	}
}

void
talk_online(struct session *session, struct text tag,
	const struct online_request *request)
{
	struct buffer *online = &session->gateway->edge.found;
	struct answer answer = { .kind = ANSWER_ONLINE };
	struct platforms platforms;

	buffer_clear(online, KEEP_BYTES);
	for (size_t i = 0; i < request->count; i++) {
		look_up(session, request->users[i], &platforms);
		if (platforms.count == 0)
			continue;
		pack_text(online, request->users[i]);
		pack_number(online, platforms.count);
		for (size_t j = 0; j < platforms.count; j++)
			pack_number(online, platforms.numbers[j]);
	}
	answer.online = buffer_text(online);
	session_answer(session, tag, &answer);
}
