#include "worker/gateway/attendance.h"

#include "shared/config.h"
#include "shared/records.h"
#include "worker/edge/ledgers.h"
#include "worker/gateway/announcer.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/session.h"

#define EVENTS_OF_LOGINS (1u << EVENT_ONLINE | 1u << EVENT_OFFLINE)

static bool
is_wanted(const struct session *session)
{
	const struct tenant *tenant = config_tenant(
		session->gateway->config, session_tenant(session));

	return tenant != NULL && tenant->event_mask & EVENTS_OF_LOGINS;
}

void
attendance_begin(struct session *session)
{
	session->is_attended = is_wanted(session);
}

/* As with rooms: a process that goes takes all with it, and who is sent away is
 * not lost. */
void
attendance_end(struct session *session)
{
	struct edge *edge = &session->gateway->edge;

	if (!session->is_attended)
		return;
	session->is_attended = false;
	if (session->gateway->is_stopping)
		return;
	leave_pack(edge_letter(edge, LETTER_LEAVE),
		&(struct leave){
			.connection = session_connection(session),
			.tenant = session_tenant(session),
			.room = session_user(session),
			.user = session_user(session),
			.platform = session->platform,
			.lost = session->is_ending && !session->is_sent_away &&
				session_has_grace(session),
			.is_inbox = 1,
		});
	ledgers_send(edge, ledgers_of_inbox(edge, session_tenant(session),
				   session_user(session)));
}

/* Rooms are announced with it, which changes nothing. */
void
attendance_renew(struct gateway *gateway)
{
	bool has_new = false;

	for (uint32_t i = 0; i < gateway->seated_end; i++) {
		struct session *session = gateway->seated[i];

		if (!session || session->is_entering || session->is_attended ||
			!is_wanted(session))
			continue;
		session->is_attended = true;
		has_new = true;
	}
	if (has_new)
		announcer_start_all(gateway);
}
