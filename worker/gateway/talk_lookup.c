#include "shared/config.h"
#include "worker/gateway/asking.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/ledgers.h"
#include "worker/gateway/pending.h"
#include "worker/gateway/session.h"
#include "worker/gateway/talk.h"

void
talk_history(struct session *session, struct text tag,
	const struct history_request *request)
{
	struct pending *pending;

	if (!asking_may_read(session, tag, request->room))
		return;
	pending = pending_new(
		session->gateway->pendings, session, PENDING_PAGE, tag);
	lookup_pack(ledgers_letter(session->gateway, LETTER_LOOKUP),
		&(struct lookup){
			.request = pending->request,
			.connection = session_connection(session),
			.kind = STREAM_ROOM,
			.tenant = session_tenant(session),
			.stream = request->room,
			.mode = request->mode,
			.anchor = request->anchor,
			.limit = request->limit,
		});
	asking_offer(session, asking_ledger(session, request->room), pending);
}

void
talk_search(struct session *session, struct text tag,
	const struct search_request *request)
{
	struct gateway *gateway = session->gateway;
	struct pending *pending;

	if (!asking_may_read(session, tag, request->room))
		return;
	if (!config_room_class(gateway->config, request->room)->search) {
		session_refuse(session, tag, CODE_FORBIDDEN,
			"search is off in this room");
		return;
	}
	pending = pending_new(gateway->pendings, session, PENDING_SEARCH, tag);
	search_pack(ledgers_letter(gateway, LETTER_SEARCH),
		&(struct search){
			.request = pending->request,
			.connection = session_connection(session),
			.kind = STREAM_ROOM,
			.tenant = session_tenant(session),
			.stream = request->room,
			.text = request->text,
			.from = request->from,
			.from_time = request->from_time_ms,
			.before = request->before,
			.limit = request->limit,
		});
	asking_offer(session, asking_ledger(session, request->room), pending);
}

void
talk_members(struct session *session, struct text tag,
	const struct members_request *request)
{
	struct pending *pending;

	if (!asking_may_read(session, tag, request->room))
		return;
	pending = pending_new(
		session->gateway->pendings, session, PENDING_MEMBERS, tag);
	members_wanted_pack(
		ledgers_letter(session->gateway, LETTER_MEMBERS_WANTED),
		&(struct members_wanted){
			.request = pending->request,
			.connection = session_connection(session),
			.tenant = session_tenant(session),
			.room = request->room,
			.after = request->after,
			.limit = request->limit,
		});
	asking_offer(session, asking_ledger(session, request->room), pending);
}
