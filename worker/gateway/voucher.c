#include "worker/gateway/voucher.h"

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/clock.h"
#include "shared/config.h"
#include "shared/message.h"
#include "shared/token.h"
#include "worker/gateway/bouncer.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/grant.h"
#include "worker/gateway/keyring.h"
#include "worker/gateway/kick.h"
#include "worker/gateway/login_request.h"
#include "worker/gateway/rooms.h"
#include "worker/gateway/session.h"
#include "worker/gateway/talk.h"

#define BAD_IN_A_ROW_MAX 3

#define BYTES_KEEP 1024

static void
refuse(struct session *session, struct text tag, const char *why)
{
	row_count(session->gateway->row, COUNTER_REFUSED_TOKEN, 1);
	session_refuse(session, tag, CODE_FORBIDDEN, why);
	if (++session->bad_tokens < BAD_IN_A_ROW_MAX)
		return;
	session->is_sent_away = true;
	lane_close_why(
		&session->lane, CLOSE_WHY_KICKED, "three bad tokens in a row");
}

/* NULL, or what the token says that the tenant's keys and the request are
 * against. Empty and no platform: the request leaves it to the token. */
static const char *
read_token(const struct session *session, const struct tenant *tenant,
	const struct login_request *request, struct token *token)
{
	const char *why;

	*token = (struct token){ 0 };
	if (request->token.length == 0)
		return "this tenant's users log in with a token";
	why = token_read(token, keyring_of(session->gateway->keyring, tenant),
		request->token, clock_unix_ms());
	if (why)
		return why;
	if (token->tenant.length > 0 &&
		!text_equal(token->tenant, request->tenant))
		return "the token is for another tenant";
	if (request->user.length > 0 && !text_equal(token->user, request->user))
		return "the token is for another user";
	if (token->has_platform && request->has_platform &&
		token->platform != request->platform)
		return "the token is for another platform";
	return NULL;
}

/* Who names no tenant may have it in his token; that is believed when a key of
 * that tenant has signed it. In gateway->claimed. */
static void
choose_tenant(struct session *session, struct login_request *request)
{
	struct buffer *claimed = &session->gateway->claimed;

	if (request->tenant.length > 0)
		return;
	buffer_clear(claimed, BYTES_KEEP);
	request->tenant = token_claimed_tenant(request->token, claimed);
	if (!text_is_name(request->tenant, 1, TENANT_BYTES_MAX))
		request->tenant = TEXT_LITERAL("default");
}

/* The request as the token has it. */
static void
fill_in(struct login_request *request, const struct token *token)
{
	request->user = token->user;
	if (token->has_platform)
		request->platform = token->platform;
	if (token->info.length > 0)
		request->info = token->info;
}

bool
voucher_take(struct session *session, struct text tag,
	struct login_request *request, struct token *token)
{
	const struct tenant *tenant;
	const char *why;

	*token = (struct token){ 0 };
	choose_tenant(session, request);
	tenant = config_tenant(session->gateway->config, request->tenant);
	if (tenant && tenant->auth == AUTH_TOKEN) {
		why = read_token(session, tenant, request, token);
		if (why) {
			refuse(session, tag, why);
			return false;
		}
		session->bad_tokens = 0;
		fill_in(request, token);
		grant_take(session, token);
	}
	/* What is wrong with the tenant is told before a missing user. */
	if (request->user.length > 0 || !tenant)
		return true;
	session_refuse(session, tag, CODE_BAD_USER,
		"user must be a string, unless a token says who it is");
	return false;
}

/* Out of the rooms that the old token allowed and the new one does not. Into
 * others a backend may have put the client. */
static void
leave_rooms(struct session *session, const struct grant *old)
{
	struct membership *membership, *next;

	LL_FOREACH_SAFE(session->memberships, membership, next)
	{
		struct text room = room_name(membership->room);

		if (grant_has_room(old, room) &&
			!grant_has_room(session->grant, room))
			talk_send_out(session,
				&(struct kick){
					.why = KICK_BY_OPERATOR,
					.room = room,
					.reason = TEXT_LITERAL(
						"the token does not allow this "
						"room any more"),
				});
	}
}

/* Unless the new one is revoked: then the old one stays. */
static void
renew(struct session *session, struct text tag, const struct token *token)
{
	struct grant *old = grant_detach(session);

	grant_take(session, token);
	if (bouncer_refuses(session, tag, session_tenant(session),
		    session_user(session))) {
		grant_give(session, old);
		return;
	}
	session_answer(session, tag,
		&(struct answer){
			.kind = ANSWER_TOKEN,
			.expires_ms = token->expires_ms,
		});
	leave_rooms(session, old);
	grant_free(&old);
}

void
voucher_refresh(struct session *session, struct text tag, struct text text)
{
	struct login_request request = {
		.tenant = session_tenant(session),
		.has_platform = true,
		.platform = session->platform,
		.token = text,
	};
	const struct tenant *tenant =
		config_tenant(session->gateway->config, request.tenant);
	struct token token;
	const char *why;

	if (!session->grant || !tenant) {
		session_refuse(session, tag, CODE_CONFLICT,
			"this login came without a token");
		return;
	}
	request.user = grant_user(session->grant);
	why = read_token(session, tenant, &request, &token);
	if (why) {
		refuse(session, tag, why);
	} else {
		session->bad_tokens = 0;
		renew(session, tag, &token);
	}
	token_fini(&token);
}
