#include "shared/config.h"
#include "worker/edge/ledgers.h"
#include "worker/gateway/asking.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/pending.h"
#include "worker/gateway/session.h"
#include "worker/gateway/talk.h"

void
talk_history(struct session *session, struct text tag,
	const struct history_request *request)
{
	struct pending *pending;

	if (!asking_may(session, tag, &request->of, PERMIT_READ))
		return;
	pending = pending_new(
		session->gateway->pendings, session, PENDING_PAGE, tag);
	lookup_pack(edge_letter(&session->gateway->edge, LETTER_LOOKUP),
		&(struct lookup){
			.request = pending->request,
			.connection = session_connection(session),
			.kind = asking_kind(&request->of),
			.tenant = session_tenant(session),
			.stream = asking_stream(session, &request->of),
			.with = request->of.with,
			.mode = request->mode,
			.anchor = request->anchor,
			.anchor_origin = request->anchor_origin,
			.limit = request->limit,
		});
	asking_offer(session, asking_keeper(session, &request->of), pending);
}

static bool
may_search(
	struct session *session, struct text tag, const struct conversation *of)
{
	if (!asking_may(session, tag, of, PERMIT_READ))
		return false;
	if (config_stream_class(session->gateway->config, asking_kind(of),
		    asking_stream(session, of))
			->search)
		return true;
	session_refuse(session, tag, CODE_FORBIDDEN,
		of->room.length > 0 ? "search is off in this room"
				    : "search is off in inboxes");
	return false;
}

void
talk_search(struct session *session, struct text tag,
	const struct search_request *request)
{
	struct gateway *gateway = session->gateway;
	struct pending *pending;

	if (!may_search(session, tag, &request->of))
		return;
	pending = pending_new(gateway->pendings, session, PENDING_SEARCH, tag);
	search_pack(edge_letter(&gateway->edge, LETTER_SEARCH),
		&(struct search){
			.request = pending->request,
			.connection = session_connection(session),
			.kind = asking_kind(&request->of),
			.tenant = session_tenant(session),
			.stream = asking_stream(session, &request->of),
			.with = request->of.with,
			.text = request->text,
			.from = request->from,
			.from_time = request->from_time_ms,
			.before = request->before,
			.limit = request->limit,
		});
	asking_offer(session, asking_keeper(session, &request->of), pending);
}

void
talk_members(struct session *session, struct text tag,
	const struct members_request *request)
{
	const struct conversation of = { .room = request->room };
	unsigned ledger = asking_ledger(session, request->room);
	struct pending *pending;

	if (!asking_may(session, tag, &of, PERMIT_READ))
		return;
	pending = pending_new(
		session->gateway->pendings, session, PENDING_MEMBERS, tag);
	members_wanted_pack(
		edge_letter(&session->gateway->edge, LETTER_MEMBERS_WANTED),
		&(struct members_wanted){
			.request = pending->request,
			.connection = session_connection(session),
			.tenant = session_tenant(session),
			.room = request->room,
			.after = request->after,
			.limit = request->limit,
		});
	asking_keep(pending, ledger);
	asking_offer(session, ledger, pending);
}
