#include "worker/gateway/bouncer.h"

#include <stdio.h>

#include "shared/bans.h"
#include "shared/base.h"
#include "shared/scoreboard.h"
#include "worker/gateway/admission.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/grant.h"
#include "worker/gateway/session.h"

static const struct text everything = { "", 0 };

static void
count_refused(const struct gateway *gateway)
{
	row_count(gateway->row, COUNTER_REFUSED_BANNED, 1);
}

struct ban_subject
bouncer_subject(const struct session *session)
{
	const struct grant *grant = session->grant;

	return (struct ban_subject){
		.tenant = session_tenant(session),
		.user = session_user(session),
		.address = session->address,
		.has_token = grant != NULL,
		.jti = grant_id(grant),
		.issued_ms = grant ? grant->issued_ms : 0,
	};
}

bool
bouncer_bars(struct gateway *gateway, const struct sockaddr_storage *peer)
{
	uint8_t address[16];
	const struct ban_subject subject = { .address = address };

	admission_address(address, peer);
	if (!bans_find(gateway->arena, &subject, everything, NULL))
		return false;
	count_refused(gateway);
	return true;
}

bool
bouncer_refuses(struct session *session, struct text tag, struct text tenant,
	struct text user)
{
	struct ban_subject subject = bouncer_subject(session);
	struct ban_entry found;
	char why[BAN_REASON_BYTES_MAX + 32];

	subject.tenant = tenant;
	subject.user = user;
	if (!bans_find(session->gateway->arena, &subject, everything, &found))
		return false;
	count_refused(session->gateway);
	snprintf(why, sizeof(why), "you are banned%s%.*s",
		found.reason_length > 0 ? ": " : "", (int)found.reason_length,
		found.reason);
	session_refuse(session, tag, CODE_FORBIDDEN, why);
	return true;
}

bool
bouncer_knows(const struct session *session)
{
	const struct ban_subject subject = bouncer_subject(session);

	if (!bans_find(session->gateway->arena, &subject, everything, NULL))
		return false;
	count_refused(session->gateway);
	return true;
}

bool
bouncer_bars_from(const struct session *session, struct text room)
{
	const struct ban_subject subject = bouncer_subject(session);

	if (!bans_find(session->gateway->arena, &subject, room, NULL))
		return false;
	count_refused(session->gateway);
	return true;
}
