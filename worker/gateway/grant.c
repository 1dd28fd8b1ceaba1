#include "worker/gateway/grant.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/clock.h"
#include "shared/pack.h"
#include "shared/records.h"
#include "shared/scoreboard.h"
#include "shared/token.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/kick.h"
#include "worker/gateway/lanes.h"
#include "worker/gateway/session.h"

/* After so long at most a grant is looked at again. */
#define LOOK_MS 600000

static uint64_t
left_ms(const struct grant *grant)
{
	uint64_t now = clock_unix_ms();

	return grant->expires_ms > now ? grant->expires_ms - now : 0;
}

static void
set_timer(struct grant *grant)
{
	struct gateway *gateway = grant->session->gateway;

	wheel_set(gateway->grants, &grant->timer,
		gateway->lanes->now_ms + MIN_OF(left_ms(grant), LOOK_MS));
}

void
grant_take(struct session *session, const struct token *token)
{
	struct buffer bytes = { 0 };
	struct grant *grant;

	buffer_add_text(&bytes, token->id);
	buffer_add_text(&bytes, token->user);
	for (size_t i = 0; i < token->room_count; i++)
		pack_text(&bytes, token->rooms[i]);
	grant = base_alloc_zeroed(1, sizeof(*grant) + bytes.length);
	grant->session = session;
	grant->expires_ms = token->expires_ms;
	grant->issued_ms = token->issued_ms;
	grant->bytes_length = (uint32_t)bytes.length;
	grant->id_length = (uint8_t)token->id.length;
	grant->user_length = (uint8_t)token->user.length;
	grant->may_say = token->may_say;
	grant->has_rooms = token->has_rooms;
	if (bytes.length)
		memcpy(grant->bytes, bytes.data, bytes.length);
	buffer_fini(&bytes);
	grant_give(session, grant);
}

void
grant_give(struct session *session, struct grant *grant)
{
	grant_end(session);
	session->grant = grant;
	set_timer(grant);
}

struct grant *
grant_detach(struct session *session)
{
	struct grant *grant = session->grant;

	session->grant = NULL;
	if (grant)
		wheel_cancel(&grant->timer);
	return grant;
}

void
grant_free(struct grant **grant)
{
	free(*grant);
	*grant = NULL;
}

void
grant_end(struct session *session)
{
	struct grant *grant = grant_detach(session);

	grant_free(&grant);
}

bool
grant_has_room(const struct grant *grant, struct text room)
{
	size_t before = (size_t)grant->id_length + grant->user_length;
	struct unpack in = unpack_of((struct text){
		grant->bytes + before, grant->bytes_length - before });

	if (!grant->has_rooms)
		return true;
	while (in.at < in.end)
		if (text_fits(room, unpack_text(&in)))
			return true;
	return false;
}

struct text
grant_id(const struct grant *grant)
{
	return grant ? (struct text){ grant->bytes, grant->id_length }
		     : (struct text){ 0 };
}

struct text
grant_user(const struct grant *grant)
{
	return (struct text){ grant->bytes + grant->id_length,
		grant->user_length };
}

/* Who is about to log in is told when he would be let in. */
static void
on_fired(struct wheel_timer *timer, void *self)
{
	struct grant *grant =
		(struct grant *)(void *)((char *)timer -
					 offsetof(struct grant, timer));
	struct session *session = grant->session;

	(void)self;
	if (left_ms(grant) > 0) {
		set_timer(grant);
		return;
	}
	row_count(session->gateway->row, COUNTER_TOKENS_EXPIRED, 1);
	if (session->is_entering)
		session->kick_why = KICK_EXPIRED;
	else
		kick_out(session, &(struct kick){ .why = KICK_EXPIRED });
}

void
grants_tick(struct gateway *gateway, uint64_t now_ms)
{
	wheel_turn(gateway->grants, now_ms, on_fired, NULL);
}
