#include "worker/gateway/login.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "shared/clock.h"
#include "shared/config.h"
#include "shared/hash.h"
#include "shared/index.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/session.h"
#include "worker/gateway/talk.h"

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
login_run(struct session *session, struct text tag,
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
	free(session->identity);
	session->identity = NULL;
	session_answer(session, tag, &answer);
}

void
login_undo(struct session *session)
{
	struct gateway *gateway = session->gateway;

	if (!session->identity)
		return;
	index_remove(gateway->arena, gateway->slot, session->place);
	gateway->seated[session->place] = NULL;
	row_count(gateway->row, COUNTER_SESSIONS, -1);
}
