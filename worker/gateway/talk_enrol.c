#include "worker/gateway/asking.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/pending.h"
#include "worker/gateway/permits.h"
#include "worker/gateway/session.h"
#include "worker/gateway/talk.h"

/* The ledger that keeps rolls. */
#define KEEPER 0

void
talk_enrol(struct session *session, struct text tag, struct text room)
{
	struct gateway *gateway = session->gateway;
	struct pending *pending;
	const char *why_not = NULL;

	if (room.length > 0)
		why_not = permits_why_not(session, room, PERMIT_JOIN, false);
	if (why_not) {
		session_refuse(session, tag, CODE_FORBIDDEN, why_not);
		return;
	}
	pending = pending_new(gateway->pendings, session, PENDING_ENROL, tag);
	enrol_pack(edge_letter(&gateway->edge, LETTER_ENROL),
		&(struct enrol){
			.request = pending->request,
			.connection = session_connection(session),
			.tenant = session_tenant(session),
			.room = room,
			.user = session_user(session),
			.platform = session->platform,
		});
	asking_offer(session, KEEPER, pending);
}
