#include "worker/gateway/tracer.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/clock.h"
#include "shared/index.h"
#include "shared/mail.h"
#include "shared/message.h"
#include "shared/pace.h"
#include "shared/records.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/session.h"

#define TRACES_MAX 8
#define EVENTS_PER_SECOND 50
#define EVENTS_BURST 100

/* Of one room, one user or one client; the others are empty. */
struct trace {
	uint64_t number;
	uint64_t until_ms; /* clock_ms() */
	uint64_t connection;
	uint64_t dropped;
	struct pace pace;
	uint8_t tenant_length, user_length, room_length;
	char tenant[TENANT_BYTES_MAX];
	char user[USER_BYTES_MAX];
	char room[ROOM_BYTES_MAX];
};

struct tracer {
	size_t count;
	struct trace traces[TRACES_MAX];
};

/* What has happened, and to whom. */
struct event {
	struct gateway *gateway;
	const struct session *session;
	const struct message *message; /* NULL: it is none */
	struct text tenant;
	struct traced traced;
};

void
tracer_free(struct tracer **tracer)
{
	free(*tracer);
	*tracer = NULL;
}

static void
remove_at(struct gateway *gateway, size_t i)
{
	struct tracer *tracer = gateway->tracer;

	tracer->traces[i] = tracer->traces[--tracer->count];
	if (tracer->count == 0)
		tracer_free(&gateway->tracer);
}

void
tracer_end(struct gateway *gateway, uint64_t trace)
{
	for (size_t i = 0; gateway->tracer && i < gateway->tracer->count; i++)
		if (gateway->tracer->traces[i].number == trace) {
			remove_at(gateway, i);
			return;
		}
}

static void
forget_those_over(struct gateway *gateway, uint64_t now_ms)
{
	size_t i = 0;

	while (gateway->tracer && i < gateway->tracer->count)
		if (now_ms >= gateway->tracer->traces[i].until_ms)
			remove_at(gateway, i);
		else
			i++;
}

/* The connection of a client, 0 when it is gone. */
static uint64_t
connection_of(const struct gateway *gateway, const struct wish *wish)
{
	struct index_entry entry;

	if (wish->secret == 0 || wish->place >= gateway->seated_capacity ||
		!gateway->seated[wish->place] ||
		!index_read(gateway->arena, gateway->slot,
			(uint32_t)wish->place, &entry) ||
		entry.secret != wish->secret)
		return 0;
	return session_connection(gateway->seated[wish->place]);
}

void
tracer_begin(struct gateway *gateway, const struct wish *wish)
{
	struct trace trace = {
		.number = wish->trace,
		.until_ms = clock_ms() + wish->seconds * 1000,
		.connection = connection_of(gateway, wish),
		.tenant_length = (uint8_t)wish->tenant.length,
		.user_length = (uint8_t)wish->user.length,
		.room_length = (uint8_t)wish->room.length,
	};

	forget_those_over(gateway, clock_ms());
	if (wish->tenant.length > sizeof(trace.tenant) ||
		wish->user.length > sizeof(trace.user) ||
		wish->room.length > sizeof(trace.room))
		return;
	if (gateway->tracer && gateway->tracer->count == TRACES_MAX)
		return;
	if (!gateway->tracer)
		gateway->tracer = base_alloc_zeroed(1, sizeof(struct tracer));
	memcpy(trace.tenant, wish->tenant.at, wish->tenant.length);
	if (wish->user.length > 0)
		memcpy(trace.user, wish->user.at, wish->user.length);
	if (wish->room.length > 0)
		memcpy(trace.room, wish->room.at, wish->room.length);
	gateway->tracer->traces[gateway->tracer->count++] = trace;
}

/* Does a direct message go to the user? */
static bool
is_side(const struct message *message, struct text user)
{
	struct unpack in;
	struct mail_side side;

	if (!message || message->kind != STREAM_INBOX)
		return false;
	in = unpack_of(message->others);
	while (mail_next_side(&in, &side))
		if (text_equal(side.user, user))
			return true;
	return false;
}

static bool
concerns(const struct trace *trace, const struct event *event)
{
	struct text user = { trace->user, trace->user_length };

	if (!text_equal(event->tenant,
		    (struct text){ trace->tenant, trace->tenant_length }))
		return false;
	if (trace->room_length > 0)
		return text_equal(event->traced.room,
			(struct text){ trace->room, trace->room_length });
	if (trace->user_length > 0)
		return text_equal(event->traced.user, user) ||
		       is_side(event->message, user);
	return trace->connection != 0 && event->session &&
	       session_connection(event->session) == trace->connection;
}

static void
tell(struct trace *trace, struct event *event)
{
	const struct office *office = &event->gateway->edge.office;
	struct buffer packed = { 0 };
	uint64_t retry_ms;

	event->traced.trace = trace->number;
	event->traced.dropped = trace->dropped;
	traced_pack(&packed, &event->traced);
	if (pace_take(&trace->pace, clock_ms(), EVENTS_PER_SECOND, EVENTS_BURST,
		    &retry_ms) &&
		office->tell(office->self, buffer_text(&packed)))
		trace->dropped = 0;
	else
		trace->dropped++;
	buffer_fini(&packed);
}

static void
happen(struct event *event)
{
	struct gateway *gateway = event->gateway;

	forget_those_over(gateway, clock_ms());
	event->traced.time = clock_unix_ms();
	for (size_t i = 0; gateway->tracer && i < gateway->tracer->count; i++)
		if (concerns(&gateway->tracer->traces[i], event))
			tell(&gateway->tracer->traces[i], event);
}

static struct event
event_of(const struct session *session, const char *what)
{
	struct event event = {
		.gateway = session->gateway,
		.session = session,
		.tenant = session_tenant(session),
		.traced = {
			.event = text_of(what),
			.user = session_user(session),
			.platform = session->platform,
		},
	};
	struct index_entry entry;

	if (session->identity &&
		index_read(session->gateway->arena, session->gateway->slot,
			session->place, &entry)) {
		event.traced.place = entry.place;
		event.traced.secret = entry.secret;
	}
	return event;
}

void
tracer_request(const struct session *session, struct text verb, size_t bytes)
{
	struct event event;

	if (!session->gateway->tracer || session->is_rereading)
		return;
	event = event_of(session, "request");
	event.traced.type = verb;
	event.traced.bytes = bytes;
	happen(&event);
}

static struct text
first_side(const struct message *message)
{
	struct unpack in = unpack_of(message->others);
	struct mail_side side;

	if (message->kind == STREAM_INBOX && mail_next_side(&in, &side))
		return side.user;
	return TEXT_LITERAL("");
}

void
tracer_said(struct gateway *gateway, const struct session *session,
	const struct message *message)
{
	struct event event = { .gateway = gateway };

	if (!gateway->tracer)
		return;
	if (session)
		event = event_of(session, "say");
	event.tenant = message->tenant;
	event.message = message;
	event.traced.event =
		message->flags & MESSAGE_EDIT     ? TEXT_LITERAL("edit")
		: message->flags & MESSAGE_DELETE ? TEXT_LITERAL("delete")
						  : TEXT_LITERAL("say");
	event.traced.user = message->from;
	event.traced.type = message->type;
	event.traced.bytes = message->body.length;
	event.traced.to = first_side(message);
	if (message->kind == STREAM_ROOM)
		event.traced.room = message->stream;
	happen(&event);
}

void
tracer_user(const struct session *session, const char *what)
{
	struct event event;

	if (!session->gateway->tracer)
		return;
	event = event_of(session, what);
	happen(&event);
}

void
tracer_room(const struct session *session, struct text room, const char *what)
{
	struct event event;

	if (!session->gateway->tracer)
		return;
	event = event_of(session, what);
	event.traced.room = room;
	happen(&event);
}
