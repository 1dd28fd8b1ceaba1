/*
 * A hooking belongs to a pending request and holds a copy of what the client
 * asked for, and of the letter. When it is over, the pending request goes
 * first: then the session waits no more, and does what was asked before it
 * reads the frames that came behind.
 */
#include "worker/gateway/hooking.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "shared/address.h"
#include "shared/arena.h"
#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/config.h"
#include "shared/hash.h"
#include "shared/letter.h"
#include "shared/scoreboard.h"
#include "shared/table.h"
#include "worker/edge/ledgers.h"
#include "worker/gateway/asking.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/hooked.h"
#include "worker/gateway/lanes.h"
#include "worker/gateway/login_request.h"
#include "worker/gateway/pending.h"
#include "worker/gateway/saying.h"
#include "worker/gateway/session.h"
#include "worker/gateway/talk.h"

/* For the ways between an api and us. */
#define MORE_MS 2000

#define NOT_CHECKED "this cannot be checked now, try again"

struct hooking {
	struct hooking *prev, *next; /* of gateway->hookings */
	struct pending *pending;
	struct buffer letter;
	enum hook_what what;
	bool is_asked;
	unsigned slot; /* of the api that is asked */
	uint32_t life;
	uint64_t over_ms;
	union {
		struct login_request login;
		struct say_request say;
		struct change_request change;
	};
	char bytes[]; /* of its texts */
};

static const struct tenant *
tenant_of(const struct session *session)
{
	return config_tenant(session->gateway->config, session_tenant(session));
}

bool
hooking_is_for_room(const struct session *session, struct text room)
{
	const struct tenant *tenant;

	if (!config_room_class(session->gateway->config, room)->say_hook)
		return false;
	tenant = tenant_of(session);
	return tenant != NULL && tenant->say_url[0] != 0;
}

bool
hooking_is_for_login(const struct session *session, struct text tenant)
{
	const struct tenant *found =
		config_tenant(session->gateway->config, tenant);

	return found != NULL && found->connect_url != NULL &&
	       found->connect_url[0] != 0;
}

/* The life that serves in a slot; 0: none does. */
static uint32_t
serving(const struct gateway *gateway, unsigned slot)
{
	const struct row *row = arena_row(gateway->arena, slot);
	uint32_t life = atomic_load_explicit(&row->life, memory_order_acquire);
	uint32_t ready =
		atomic_load_explicit(&row->ready_life, memory_order_acquire);

	uint32_t state =
		atomic_load_explicit(&row->state, memory_order_acquire);
	bool is_there = state == CHILD_SERVING || state == CHILD_DRAINING;

	return is_there && life == ready ? life : 0;
}

/* In a reload we may be the first to have heard whom to ask. */
static bool
knows_as_much(const struct gateway *gateway, unsigned slot)
{
	const struct row *row = arena_row(gateway->arena, slot);

	return atomic_load(&row->generation) >=
	       atomic_load(&gateway->row->generation);
}

/* The letter goes to one of the apis, of those that serve the one that the user
 * is lucky with. False: to none now. */
static bool
post(struct gateway *gateway, struct hooking *hooking)
{
	unsigned first = arena_role_first(gateway->arena, ROLE_API);
	unsigned count = arena_role_count(gateway->arena, ROLE_API);
	uint64_t start = hash_private(&hooking, sizeof(hooking));

	for (unsigned i = 0; i < count; i++) {
		unsigned slot = first + (unsigned)((start + i) % count);
		uint32_t life = serving(gateway, slot);
		struct buffer *letter = &gateway->edge.letter;

		if (life == 0 || !knows_as_much(gateway, slot))
			continue;
		buffer_clear(letter, SIZE_MAX);
		buffer_add_text(letter, buffer_text(&hooking->letter));
		hooking->slot = slot;
		hooking->life = life;
		if (gateway->edge.office.offer(gateway->edge.office.self, slot,
			    letter_end(letter)))
			return true;
	}
	return false;
}

static void
free_hooking(struct pending *pending)
{
	struct hooking *hooking = pending->hooking;

	DL_DELETE(pending->session->gateway->hookings, hooking);
	buffer_fini(&hooking->letter);
	free(hooking);
	pending->hooking = NULL;
}

static struct hooking *
hooking_new(struct session *session, struct text tag, enum hook_what what,
	const struct tenant *tenant, size_t bytes)
{
	struct gateway *gateway = session->gateway;
	struct hooking *hooking =
		base_alloc_zeroed(1, sizeof(*hooking) + bytes);
	struct pending *pending =
		pending_new(gateway->pendings, session, PENDING_HOOK, tag);

	hooking->what = what;
	hooking->pending = pending;
	hooking->over_ms = gateway->lanes->now_ms + MORE_MS +
			   (uint64_t)tenant->hook_seconds;
	pending->hooking = hooking;
	pending->on_free = free_hooking;
	DL_APPEND(gateway->hookings, hooking);
	return hooking;
}

/* What is asked in any case. */
static struct hook
hook_of(const struct hooking *hooking)
{
	const struct session *session = hooking->pending->session;

	return (struct hook){
		.request = hooking->pending->request,
		.what = hooking->what,
		.tenant = session_tenant(session),
		.user = session_user(session),
		.platform = session->platform,
	};
}

/* There is no answer to wait for. */
static void
give_up(struct hooking *hooking, enum answer_code code, const char *error)
{
	struct pending *pending = hooking->pending;
	struct session *session = pending->session;
	struct buffer tag = { 0 };

	buffer_add_text(&tag, pending_tag(pending));
	pending_free(session->gateway->pendings, &pending);
	saying_refuse(session, buffer_text(&tag), code, error);
	buffer_fini(&tag);
}

/* The session waits, whether it could be asked or not: who cannot be asked now
 * will be, or his time is over. */
static void
ask(struct hooking *hooking, const struct hook *hook)
{
	struct session *session = hooking->pending->session;

	letter_begin(&hooking->letter, LETTER_HOOK);
	hook_pack(&hooking->letter, hook);
	if (hooking->letter.length >
		ledgers_letter_max(&session->gateway->edge)) {
		give_up(hooking, CODE_TOO_MANY, ASKING_TOO_BIG);
		return;
	}
	hooking->is_asked = post(session->gateway, hooking);
	session_wait_for_change(session);
}

static struct text
copy(char **at, struct text text)
{
	struct text copied = { *at, text.length };

	if (text.length)
		memcpy(*at, text.at, text.length);
	*at += text.length;
	return copied;
}

/* Nobody is logged in yet: who he is stands in the request alone. */
void
hooking_login(struct session *session, struct text tag,
	const struct login_request *request)
{
	const struct config *config = session->gateway->config;
	struct hooking *hooking = hooking_new(session, tag, HOOK_CONNECT,
		config_tenant(config, request->tenant),
		request->tenant.length + request->user.length +
			request->info.length);
	char *at = hooking->bytes, address[ADDRESS_PEER_BYTES];
	struct hook hook = hook_of(hooking);

	hooking->login = *request;
	hooking->login.token = (struct text){ NULL, 0 };
	hook.tenant = hooking->login.tenant = copy(&at, request->tenant);
	hook.user = hooking->login.user = copy(&at, request->user);
	hook.info = hooking->login.info = copy(&at, request->info);
	hook.platform = request->platform;
	address_write_peer(address, session->address, session->port);
	hook.address = text_of(address);
	ask(hooking, &hook);
}

void
hooking_say(struct session *session, struct text tag,
	const struct say_request *request)
{
	struct hooking *hooking =
		hooking_new(session, tag, HOOK_SAY, tenant_of(session),
			request->room.length + request->type.length +
				request->body.length + request->key.length);
	char *at = hooking->bytes;
	struct hook hook = hook_of(hooking);

	hooking->say = *request;
	hook.room = hooking->say.room = copy(&at, request->room);
	hook.type = hooking->say.type = copy(&at, request->type);
	hook.body = hooking->say.body = copy(&at, request->body);
	hook.key = hooking->say.key = copy(&at, request->key);
	ask(hooking, &hook);
}

void
hooking_change(struct session *session, struct text tag,
	const struct change_request *request)
{
	struct hooking *hooking =
		hooking_new(session, tag, HOOK_EDIT, tenant_of(session),
			request->of.room.length + request->body.length);
	char *at = hooking->bytes;
	struct hook hook = hook_of(hooking);

	hooking->change = *request;
	hook.room = hooking->change.of.room = copy(&at, request->of.room);
	hook.body = hooking->change.body = copy(&at, request->body);
	hook.of_time = request->id_time;
	hook.of_origin = request->id_origin;
	ask(hooking, &hook);
}

/* Empty: as the client wants it. */
static void
rewrite(struct text *wanted, struct text instead)
{
	if (instead.length > 0)
		*wanted = instead;
}

static void
allow(struct session *session, struct text tag, struct hooking *hooking,
	const struct hooked *hooked)
{
	switch (hooking->what) {
	case HOOK_CONNECT:
		rewrite(&hooking->login.user, hooked->user);
		rewrite(&hooking->login.info, hooked->info);
		hooking->login.room_count = hooked->room_count;
		hooking->login.rooms = hooked->rooms;
		login_allowed(session, tag, &hooking->login);
		break;
	case HOOK_SAY:
		rewrite(&hooking->say.type, hooked->type);
		rewrite(&hooking->say.body, hooked->body);
		talk_say_allowed(session, tag, &hooking->say);
		break;
	case HOOK_EDIT:
		rewrite(&hooking->change.body, hooked->body);
		talk_change_allowed(session, tag, &hooking->change);
		break;
	}
}

static void
refuse(struct session *session, struct text tag, const struct hooking *hooking,
	enum answer_code code, struct text error)
{
	const struct refusal refusal = { .code = code, .error = error };

	row_count(session->gateway->row, COUNTER_REFUSED_HOOK, 1);
	if (hooking->what == HOOK_CONNECT)
		login_disallowed(session, tag, &refusal);
	else
		pending_refuse_in_turn(
			session->gateway->pendings, session, tag, &refusal);
}

static bool
is_allowed_when_down(
	const struct session *session, const struct hooking *hooking)
{
	bool is_login = hooking->what == HOOK_CONNECT;
	const struct tenant *tenant =
		is_login ? config_tenant(session->gateway->config,
				   hooking->login.tenant)
			 : tenant_of(session);

	if (tenant == NULL)
		return false;
	return (is_login ? tenant->connect_when_down : tenant->say_when_down) ==
	       WHEN_DOWN_ALLOW;
}

static void
decide(struct session *session, struct text tag, struct hooking *hooking,
	const struct hooked *hooked)
{
	static const struct hooked as_it_is;

	if (hooked->verdict == HOOKED_ALLOWED)
		allow(session, tag, hooking, hooked);
	else if (hooked->verdict == HOOKED_REFUSED)
		refuse(session, tag, hooking, CODE_FORBIDDEN, hooked->error);
	else if (is_allowed_when_down(session, hooking))
		allow(session, tag, hooking, &as_it_is);
	else
		refuse(session, tag, hooking, CODE_UNAVAILABLE,
			text_of(NOT_CHECKED));
}

/* Takes the hooking out of its pending request, which goes. */
static void
finish(struct gateway *gateway, struct hooking *hooking,
	const struct hooked *hooked)
{
	struct pending *pending = hooking->pending;
	struct session *session = pending->session;
	struct buffer tag = { 0 };

	buffer_add_text(&tag, pending_tag(pending));
	DL_DELETE(gateway->hookings, hooking);
	pending->on_free = NULL;
	pending->hooking = NULL;
	pending_free(gateway->pendings, &pending);
	if (hooked->verdict == HOOKED_DOWN)
		row_count(gateway->row, COUNTER_HOOKS_DOWN, 1);
	decide(session, buffer_text(&tag), hooking, hooked);
	buffer_fini(&hooking->letter);
	free(hooking);
	buffer_fini(&tag);
}

bool
hooking_take(struct gateway *gateway, struct unpack *in)
{
	struct pending *pending;
	struct hooked hooked;

	if (!hooked_unpack(in, &hooked) || hooked.verdict > HOOKED_DOWN)
		return false;
	pending = pending_find(gateway->pendings, hooked.request);
	if (pending && pending->kind == PENDING_HOOK)
		finish(gateway, pending->hooking, &hooked);
	return true;
}

/* Not yet, or by an api that is gone. */
static bool
is_unasked(const struct gateway *gateway, const struct hooking *hooking)
{
	return !hooking->is_asked ||
	       serving(gateway, hooking->slot) != hooking->life;
}

void
hooking_tick(struct gateway *gateway, uint64_t now_ms)
{
	static const struct hooked down = { .verdict = HOOKED_DOWN };
	struct hooking *hooking, *next;
	bool may_post = true;

	DL_FOREACH_SAFE(gateway->hookings, hooking, next)
	{
		if (now_ms >= hooking->over_ms)
			finish(gateway, hooking, &down);
		else if (may_post && is_unasked(gateway, hooking))
			may_post = hooking->is_asked = post(gateway, hooking);
	}
}
