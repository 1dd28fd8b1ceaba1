#include "worker/gateway/login.h"

#include <stdlib.h>
#include <string.h>

#include "shared/bans.h"
#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/clock.h"
#include "shared/config.h"
#include "shared/hash.h"
#include "shared/index.h"
#include "shared/token.h"
#include "worker/gateway/attendance.h"
#include "worker/gateway/bouncer.h"
#include "worker/gateway/draft.h"
#include "worker/gateway/entry.h"
#include "worker/gateway/envoy.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/grant.h"
#include "worker/gateway/guestbook.h"
#include "worker/gateway/hooked.h"
#include "worker/gateway/hooking.h"
#include "worker/gateway/kick.h"
#include "worker/gateway/login_request.h"
#include "worker/gateway/pending.h"
#include "worker/gateway/rivals.h"
#include "worker/gateway/session.h"
#include "worker/gateway/subscription.h"
#include "worker/gateway/talk.h"
#include "worker/gateway/tenants.h"
#include "worker/gateway/tracer.h"
#include "worker/gateway/voucher.h"

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
take_place(struct session *session, const struct login_request *request)
{
	struct gateway *gateway = session->gateway;
	struct index_entry entry = {
		.since_ms = clock_unix_ms(),
		.order = rivals_order(session, request->tenant, request->user),
		.platform = request->platform,
		.port = session->port,
		.tenant_length = (uint8_t)request->tenant.length,
		.user_length = (uint8_t)request->user.length,
	};
	hash_random(&entry.secret, sizeof(entry.secret));
	memcpy(entry.address, session->address, sizeof(entry.address));
	memcpy(entry.tenant, request->tenant.at, request->tenant.length);
	memcpy(entry.user, request->user.at, request->user.length);
	if (!index_add(gateway->arena, gateway->slot, &entry))
		return false;
	must(entry.place < gateway->seated_capacity &&
		!gateway->seated[entry.place]);
	if (++gateway->last_serial == 0)
		gateway->last_serial = 1;
	session->serial = gateway->last_serial;
	session->place = entry.place;
	session->platform = request->platform;
	session->identity = identity_new(request);
	session->is_entering = true;
	session->is_replaced = false;
	gateway->seated[entry.place] = session;
	gateway->seated_end = MAX_OF(gateway->seated_end, entry.place + 1);
	row_count(gateway->row, COUNTER_SESSIONS, 1);
	return true;
}

static struct buffer *
rooms_of(const struct login_request *request)
{
	struct buffer *rooms = base_alloc_zeroed(1, sizeof(*rooms));

	buffer_add_text(rooms, request->rooms);
	return rooms;
}

/* Asks the ledger; when that is refused the place is given back. Nothing else
 * is read before its answer. */
static void
ask(struct session *session, struct text tag,
	const struct login_request *request)
{
	struct gateway *gateway = session->gateway;
	struct pending *pending =
		pending_new(gateway->pendings, session, PENDING_LOGIN, tag);

	attendance_begin(session);
	if (request->room_count > 0)
		pending->rooms = rooms_of(request);
	if (request->wants_unread)
		pending->recovery = entry_recovery_of_unread(gateway);
	else if (request->has_inbox)
		pending->recovery = entry_recovery(gateway, &request->inbox);
	if (entry_ask(pending, NULL))
		session_wait(session);
	else
		login_undo(session);
}

/* The login policy is against it, or the tenant is full. */
static void
refuse(struct session *session, struct text tag, enum kick_why why)
{
	static const enum counter counters[] = {
		[KICK_REFUSED] = COUNTER_REFUSED_LOGIN,
		[KICK_TOO_MANY] = COUNTER_REFUSED_USER_CONNECTIONS,
		[KICK_TENANT_FULL] = COUNTER_REFUSED_TENANT_CONNECTIONS,
	};

	row_count(session->gateway->row, counters[why], 1);
	login_undo(session);
	session_refuse(session, tag,
		why == KICK_REFUSED ? CODE_CONFLICT : CODE_TOO_MANY,
		kick_reason(why));
}

static bool
is_refusal(enum kick_why why)
{
	return why == KICK_REFUSED || why == KICK_TOO_MANY ||
	       why == KICK_TENANT_FULL;
}

static void
sit_down(struct session *session, struct text tag,
	const struct login_request *request)
{
	enum fate fate;

	if (!take_place(session, request)) {
		session_refuse(session, tag, CODE_UNAVAILABLE,
			"this server holds as many clients as it can");
		return;
	}
	fate = rivals_look(session);
	if (fate == FATE_REFUSED || fate == FATE_TOO_MANY)
		refuse(session, tag, rivals_why(fate));
	else
		ask(session, tag, request);
}

/* Who the request is of is known by now; a backend may be asked about him. */
static void
enter(struct session *session, struct text tag,
	const struct login_request *request)
{
	if (!tenants_admit(session, tag, request->tenant, request->platform))
		return;
	if (bouncer_refuses(session, tag, request->tenant, request->user))
		return;
	if (!request->is_allowed &&
		hooking_is_for_login(session, request->tenant))
		hooking_login(session, tag, request);
	else
		sit_down(session, tag, request);
}

/* What was told meanwhile may be otherwise now. */
void
login_allowed(struct session *session, struct text tag,
	const struct login_request *asked)
{
	struct login_request request = *asked;

	request.is_allowed = true;
	enter(session, tag, &request);
	if (!session->identity)
		grant_end(session);
}

void
login_disallowed(
	struct session *session, struct text tag, const struct refusal *refusal)
{
	const struct answer answer = {
		.kind = ANSWER_REFUSAL,
		.refusal = *refusal,
	};

	grant_end(session);
	session_answer(session, tag, &answer);
}

void
login_run(struct session *session, struct text tag,
	const struct login_request *asked)
{
	struct login_request request = *asked;
	struct token token;

	if (session->identity) {
		session_refuse(session, tag, CODE_CONFLICT,
			"this connection is logged in already");
		return;
	}
	if (voucher_take(session, tag, &request, &token))
		enter(session, tag, &request);
	if (!session->identity && !session->waits_for_change)
		grant_end(session);
	token_fini(&token);
}

/* What came for one platform is for the others' history alone. */
static bool
is_for(const struct session *session, const struct message *message)
{
	return message->only_platform == 0 ||
	       message->only_platform == (uint64_t)session->platform + 1 ||
	       text_equal(message->from, session_user(session));
}

/* Leaves out what was not for this platform; what is left is in `kept`. */
static void
choose_messages(const struct session *session, struct joined *joined,
	struct buffer *kept)
{
	struct unpack in = unpack_of(joined->messages);
	uint64_t count = 0;

	for (uint64_t i = 0; i < joined->count; i++) {
		struct text packed = unpack_text(&in);
		struct unpack one = unpack_of(packed);
		struct message message;

		if (in.failed || !message_unpack(&one, &message))
			break;
		if (!is_for(session, &message))
			continue;
		pack_text(kept, packed);
		count++;
	}
	joined->messages = buffer_text(kept);
	joined->count = count;
}

static void
answer(struct session *session, struct text tag, const struct joined *joined)
{
	const struct gateway *gateway = session->gateway;
	const struct config *config = gateway->config;
	struct index_entry entry;
	struct answer answer = {
		.kind = ANSWER_LOGIN,
		.login = {
			.tenant = session_tenant(session),
			.user = session_user(session),
			.platform = session->platform,
			.host = (unsigned)config->host_id,
			.ping_ms = (uint64_t)config->ping_seconds,
			.inbox = joined,
		},
	};

	must(index_read(gateway->arena, gateway->slot, session->place, &entry));
	answer.login.unix_ms = clock_unix_ms();
	if (session->grant)
		answer.login.expires_ms = session->grant->expires_ms;
	client_id_write(answer.login.client, (unsigned)config->host_id,
		gateway->slot, entry.place, entry.secret);
	guestbook_login(session, answer.login.client);
	session_answer(session, tag, &answer);
}

/* Those that a backend wants it in. */
static void
enter_rooms(const struct pending *pending)
{
	struct unpack in;

	if (pending->rooms == NULL)
		return;
	in = unpack_of(buffer_text(pending->rooms));
	while (in.at < in.end && !in.failed)
		talk_enlist(pending->session, draft_of_login(),
			unpack_text(&in), JOIN_EVENTS | JOIN_PRESENCE);
}

static void
let_in(struct pending *pending, struct joined joined)
{
	struct session *session = pending->session;
	struct buffer kept = { 0 };

	session->inbox_epoch = joined.epoch;
	session->inbox_offset = joined.offset;
	session->inbox_delivered = joined.read;
	entry_complete(pending, &joined);
	choose_messages(session, &joined, &kept);
	answer(session, pending_tag(pending), &joined);
	buffer_fini(&kept);
	session->is_entering = false;
	envoy_arrive(session);
	tracer_user(session, "login");
	enter_rooms(pending);
	pending_free(session->gateway->pendings, &pending);
}

#define TOO_EARLY "who is banned is not known yet, try again"

/* A moment after the start of a host with several ledgers. */
static const struct refused too_early = {
	.code = CODE_UNAVAILABLE,
	.error = { TOO_EARLY, sizeof(TOO_EARLY) - 1 },
};

void
login_answered(struct pending *pending, const struct joined *joined)
{
	struct session *session = pending->session;
	enum kick_why why = session->kick_why;

	if (!bans_are_known(session->gateway->arena)) {
		login_refused(pending, &too_early);
		return;
	}
	if (!why && bouncer_knows(session))
		why = KICK_BANNED;
	/* Before others are sent away: nobody is for a login that fails. */
	if (!why && !tenants_count_in(session))
		why = KICK_TENANT_FULL;
	if (!why)
		why = rivals_why(rivals_settle(session));
	if (!why) {
		let_in(pending, *joined);
	} else if (is_refusal(why)) {
		refuse(session, pending_tag(pending), why);
		pending_free(session->gateway->pendings, &pending);
	} else if (why == KICK_REPLACED &&
		   session_gives_way_silently(session)) {
		session->gateway->give_way(session);
	} else {
		kick_out(session, &(struct kick){ .why = why });
	}
}

void
login_refused(struct pending *pending, const struct refused *refused)
{
	struct session *session = pending->session;
	const struct answer answer = answer_of_refused(refused);

	login_undo(session);
	session_answer(session, pending_tag(pending), &answer);
	pending_free(session->gateway->pendings, &pending);
}

void
login_end(struct session *session, struct text tag)
{
	const struct answer answer = { .kind = ANSWER_DONE };

	if (session->pending_count > 0) {
		session_keep(session, &session->kept);
		session_wait(session);
		return;
	}
	talk_leave_all(session);
	login_undo(session);
	session_answer(session, tag, &answer);
}

void
login_undo(struct session *session)
{
	struct gateway *gateway = session->gateway;

	if (!session->identity) {
		grant_end(session); /* a backend is just asked about it */
		return;
	}
	attendance_end(session);
	envoy_depart(session);
	if (!session->is_entering)
		tracer_user(session, "logout");
	tenants_count_out(session);
	index_remove(gateway->arena, gateway->slot, session->place);
	gateway->seated[session->place] = NULL;
	row_count(gateway->row, COUNTER_SESSIONS, -1);
	free(session->identity);
	session->identity = NULL;
	session->is_entering = false;
	session->kick_why = 0;
	session->inbox_epoch = session->inbox_offset = 0;
	subscription_free(&session->subscription);
	grant_end(session);
}
