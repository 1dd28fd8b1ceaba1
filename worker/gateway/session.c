#include "worker/gateway/session.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <utlist.h>

#include "shared/arena.h"
#include "shared/base.h"
#include "shared/clock.h"
#include "shared/config.h"
#include "shared/hash.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/lanes.h"
#include "worker/gateway/profiles/profile.h"
#include "worker/gateway/rooms.h"
#include "worker/gateway/talk.h"

/* A session with more than this in flight is held until half is answered. */
#define PENDING_MAX 256
#define LOOKUPS_MAX 4
#define KEPT_MAX 64

/* A frame that waits for a join. */
struct kept {
	struct kept *next;
	size_t length;
	char text[];
};

static struct session *
session_of_lane(struct lane *lane)
{
	return (struct session *)lane;
}

static void
note_address(struct session *session, const struct sockaddr_storage *peer)
{
	const struct sockaddr_in *v4 = (const void *)peer;
	const struct sockaddr_in6 *v6 = (const void *)peer;

	if (peer->ss_family == AF_INET) {
		session->address[10] = session->address[11] = 0xff;
		memcpy(session->address + 12, &v4->sin_addr, 4);
		session->port = ntohs(v4->sin_port);
	} else if (peer->ss_family == AF_INET6) {
		memcpy(session->address, &v6->sin6_addr, 16);
		session->port = ntohs(v6->sin6_port);
	}
}

void
session_start(struct gateway *gateway, const struct profile *profile, int fd,
	const struct sockaddr_storage *peer, struct text early)
{
	struct session *session = base_alloc_zeroed(1, sizeof(*session));

	session->gateway = gateway;
	session->profile = profile;
	note_address(session, peer);
	lane_start(&session->lane, gateway->lanes, fd);
	lane_feed(&session->lane, early);
}

struct text
session_tenant(const struct session *session)
{
	const struct identity *identity = session->identity;

	if (!identity)
		return TEXT_LITERAL("");
	return (struct text){ identity->bytes, identity->tenant_length };
}

struct text
session_user(const struct session *session)
{
	const struct identity *identity = session->identity;

	if (!identity)
		return TEXT_LITERAL("");
	return (struct text){ identity->bytes + identity->tenant_length,
		identity->user_length };
}

struct text
session_info(const struct session *session)
{
	const struct identity *identity = session->identity;

	if (!identity)
		return TEXT_LITERAL("");
	return (struct text){ identity->bytes + identity->tenant_length +
				      identity->user_length,
		identity->info_length };
}

uint64_t
session_connection(const struct session *session)
{
	if (!session->identity)
		return 0;
	return (uint64_t)session->place << 32 | session->serial;
}

struct session *
session_of(const struct gateway *gateway, uint64_t connection)
{
	uint64_t place = connection >> 32;
	struct session *session;

	if (place >= gateway->seated_capacity)
		return NULL;
	session = gateway->seated[place];
	return session && session->serial == (uint32_t)connection ? session
								  : NULL;
}

void
session_send(struct session *session, struct text payload)
{
	lane_answer(&session->lane, payload);
}

void
session_answer(
	struct session *session, struct text tag, const struct answer *answer)
{
	if (answer->kind == ANSWER_REFUSAL)
		row_count(session->gateway->row, COUNTER_REQUESTS_REFUSED, 1);
	session->profile->answer(session, tag, answer);
}

void
session_refuse(struct session *session, struct text tag, enum answer_code code,
	const char *error)
{
	const struct answer answer = {
		.kind = ANSWER_REFUSAL,
		.refusal = { code, text_of(error) },
	};

	session_answer(session, tag, &answer);
}

void
session_refuse_say(struct session *session, struct text tag,
	enum answer_code code, const char *error)
{
	struct pending *pending;

	if (session->say_count == 0) {
		session_refuse(session, tag, code, error);
		return;
	}
	pending = pending_new(
		session->gateway->pendings, session, PENDING_SAY, tag);
	pending->refusal = base_strdup(error);
	pending->refusal_code = (uint16_t)code;
	session->say_count--;
}

void
session_refuse_due(struct session *session)
{
	struct pending *pending, *next;

	DL_FOREACH_SAFE(session->pendings, pending, next)
	{
		if (pending->kind != PENDING_SAY)
			continue;
		if (!pending->refusal)
			return;
		session_refuse(session, pending_tag(pending),
			pending->refusal_code, pending->refusal);
		session->say_count++;
		pending_free(session->gateway->pendings, &pending);
	}
}

static void
hold_or_go_on(struct session *session)
{
	bool is_over = session->pending_count >= PENDING_MAX ||
		       session->lookup_count >= LOOKUPS_MAX ||
		       session->kept_count >= KEPT_MAX;
	bool is_under = session->pending_count <= PENDING_MAX / 2 &&
			session->lookup_count <= LOOKUPS_MAX / 2 &&
			session->kept_count <= KEPT_MAX / 2;

	if (is_over && !session->lane.is_held)
		lane_hold(&session->lane);
	else if (is_under && session->lane.is_held)
		lane_go_on(&session->lane);
}

void
session_count_pending(
	struct session *session, enum pending_kind kind, int change)
{
	bool is_lookup = kind == PENDING_PAGE || kind == PENDING_MEMBERS ||
			 kind == PENDING_ROOMS;

	session->pending_count = (uint16_t)(session->pending_count + change);
	if (is_lookup)
		session->lookup_count =
			(uint16_t)(session->lookup_count + change);
	if (kind == PENDING_SAY)
		session->say_count = (uint16_t)(session->say_count + change);
	hold_or_go_on(session);
}

static struct identity *
identity_new(const struct login_request *request)
{
	struct identity *identity =
		base_alloc(sizeof(*identity) + request->tenant.length +
			   request->user.length + request->info.length);
	char *at = identity->bytes;

	identity->tenant_length = (uint8_t)request->tenant.length;
	identity->user_length = (uint8_t)request->user.length;
	identity->info_length = (uint16_t)request->info.length;
	memcpy(at, request->tenant.at, request->tenant.length);
	at += request->tenant.length;
	memcpy(at, request->user.at, request->user.length);
	at += request->user.length;
	if (request->info.length)
		memcpy(at, request->info.at, request->info.length);
	return identity;
}

/* Puts the session into the index; false when that is full. */
static bool
take_place(struct session *session, const struct login_request *request,
	struct index_entry *entry)
{
	struct gateway *gateway = session->gateway;

	*entry = (struct index_entry){
		.since_ms = clock_unix_ms(),
		.platform = request->platform,
		.port = session->port,
		.tenant_length = (uint8_t)request->tenant.length,
		.user_length = (uint8_t)request->user.length,
	};
	hash_random(&entry->secret, sizeof(entry->secret));
	memcpy(entry->address, session->address, sizeof(entry->address));
	memcpy(entry->tenant, request->tenant.at, request->tenant.length);
	memcpy(entry->user, request->user.at, request->user.length);
	if (!index_add(gateway->arena, gateway->slot, entry))
		return false;
	must(entry->place < gateway->seated_capacity &&
		!gateway->seated[entry->place]);
	if (++gateway->last_serial == 0)
		gateway->last_serial = 1;
	session->serial = gateway->last_serial;
	session->place = entry->place;
	session->platform = request->platform;
	session->identity = identity_new(request);
	gateway->seated[entry->place] = session;
	row_count(gateway->row, COUNTER_SESSIONS, 1);
	return true;
}

void
session_login(struct session *session, struct text tag,
	const struct login_request *request)
{
	const struct config *config = session->gateway->config;
	struct index_entry entry;
	struct answer answer = { .kind = ANSWER_LOGIN };

	if (session->identity) {
		session_refuse(session, tag, CODE_CONFLICT,
			"this connection is logged in already");
		return;
	}
	if (!text_equal(request->tenant, TEXT_LITERAL("default"))) {
		session_refuse(session, tag, CODE_FORBIDDEN,
			"there is no such tenant");
		return;
	}
	if (!take_place(session, request, &entry)) {
		session_refuse(session, tag, CODE_UNAVAILABLE,
			"this server holds as many clients as it can");
		return;
	}
	answer.login = (struct login_answer){
		.tenant = session_tenant(session),
		.user = session_user(session),
		.platform = session->platform,
		.host = (unsigned)config->host_id,
		.unix_ms = entry.since_ms,
		.ping_ms = (uint64_t)config->ping_seconds,
	};
	client_id_write(answer.login.client, (unsigned)config->host_id,
		session->gateway->slot, entry.place, entry.secret);
	session_answer(session, tag, &answer);
}

void
session_keep(struct session *session, struct membership *membership)
{
	struct text text = session->reading;
	struct kept *kept = base_alloc(sizeof(*kept) + text.length);

	must(text.at != NULL);
	kept->length = text.length;
	memcpy(kept->text, text.at, text.length);
	LL_APPEND(membership->kept, kept);
	session->kept_count++;
	hold_or_go_on(session);
}

static void
read_text(struct session *session, struct text text)
{
	session->reading = text;
	session->profile->on_text(session, text);
	session->reading = (struct text){ 0 };
}

void
session_read_kept(struct session *session, struct kept *list)
{
	struct kept *kept;

	while ((kept = list)) {
		list = kept->next;
		session->kept_count--;
		if (session->lane.state == LANE_OPEN)
			read_text(session,
				(struct text){ kept->text, kept->length });
		free(kept);
	}
	hold_or_go_on(session);
}

void
session_drop_kept(struct session *session, struct kept *list)
{
	struct kept *kept;

	while ((kept = list)) {
		list = kept->next;
		session->kept_count--;
		free(kept);
	}
}

static void
on_text(struct lane *lane, struct text text)
{
	struct session *session = session_of_lane(lane);

	row_count(session->gateway->row, COUNTER_REQUESTS, 1);
	read_text(session, text);
}

static void
give_place_back(struct session *session)
{
	struct gateway *gateway = session->gateway;

	if (!session->identity)
		return;
	index_remove(gateway->arena, gateway->slot, session->place);
	gateway->seated[session->place] = NULL;
	row_count(gateway->row, COUNTER_SESSIONS, -1);
}

static void
on_end(struct lane *lane)
{
	struct session *session = session_of_lane(lane);
	struct pending *pending, *next;

	DL_FOREACH_SAFE(session->pendings, pending, next)
	{
		if (pending->refusal)
			session->say_count++;
		pending_free(session->gateway->pendings, &pending);
	}
	while (session->memberships)
		talk_lose(session->memberships);
	give_place_back(session);
}

static void
on_dead(struct lane *lane)
{
	struct session *session = session_of_lane(lane);

	free(session->identity);
	free(session);
}

static uint16_t
close_code(const struct lane *lane, enum close_why why)
{
	const struct session *session = (const struct session *)lane;

	return session->profile->close_codes[why];
}

const struct lane_hooks session_hooks = {
	.on_text = on_text,
	.on_end = on_end,
	.on_dead = on_dead,
	.close_code = close_code,
};
