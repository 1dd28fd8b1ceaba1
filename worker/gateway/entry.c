#include "worker/gateway/entry.h"

#include "shared/buffer.h"
#include "shared/config.h"
#include "worker/edge/ledgers.h"
#include "worker/gateway/asking.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/pending.h"
#include "worker/gateway/recovery.h"
#include "worker/gateway/rooms.h"
#include "worker/gateway/seen_place.h"
#include "worker/gateway/session.h"

/* The stream of a membership; without one the user's inbox. */
static struct text
stream_of(const struct session *session, const struct membership *membership)
{
	return membership ? room_name(membership->room) : session_user(session);
}

static unsigned
ledger_of(const struct session *session, const struct membership *membership)
{
	return membership ? asking_ledger(session, room_name(membership->room))
			  : ledgers_of_inbox(&session->gateway->edge,
				    session_tenant(session),
				    session_user(session));
}

struct recovery *
entry_recovery(const struct gateway *gateway, const struct seen_place *seen)
{
	struct recovery *recovery = recovery_new(seen->epoch, seen->offset,
		(size_t)gateway->config->outbox_bytes / 2);

	recovery->from_time = seen->id_time;
	recovery->from_origin = seen->id_origin;
	return recovery;
}

struct recovery *
entry_recovery_of_unread(const struct gateway *gateway)
{
	struct recovery *recovery =
		entry_recovery(gateway, &(struct seen_place){ 0 });

	recovery->is_unread = true;
	return recovery;
}

static uint64_t
inbox_flags(const struct session *session)
{
	return JOIN_INBOX | (session->is_attended ? JOIN_ATTEND : 0);
}

/* membership NULL: to enter the inbox. */
static void
pack_join(const struct session *session, const struct membership *membership,
	struct join join)
{
	join.connection = session_connection(session);
	join.tenant = session_tenant(session);
	join.room = stream_of(session, membership);
	join.user = session_user(session);
	join.platform = session->platform;
	join.info = session_info(session);
	join.flags |= membership ? membership->flags : inbox_flags(session);
	join.since = membership ? membership->since_ms : 0;
	join_pack(edge_letter(&session->gateway->edge, LETTER_JOIN), &join);
}

static void
pack_question(
	const struct pending *pending, const struct membership *membership)
{
	const struct recovery *recovery = pending->recovery;
	uint64_t flags = recovery ? JOIN_RECOVER : 0;

	if (recovery && recovery->is_unread)
		flags |= JOIN_UNREAD;
	pack_join(pending->session, membership,
		(struct join){
			.request = pending->request,
			.flags = flags,
			.from_epoch = recovery ? recovery->epoch : 0,
			.from_offset = recovery ? recovery->last : 0,
			.from_time = recovery ? recovery->from_time : 0,
			.from_origin = recovery ? recovery->from_origin : 0,
		});
}

bool
entry_offer(const struct pending *pending, const struct membership *membership)
{
	struct session *session = pending->session;

	pack_question(pending, membership);
	return ledgers_offer(&session->gateway->edge,
		       ledger_of(session, membership)) == OFFER_TAKEN;
}

bool
entry_ask(struct pending *pending, const struct membership *membership)
{
	struct session *session = pending->session;

	pack_question(pending, membership);
	return asking_offer(session, ledger_of(session, membership), pending);
}

bool
entry_announce(const struct membership *membership)
{
	const struct session *session = membership->session;

	pack_join(
		session, membership, (struct join){ .flags = JOIN_ANNOUNCED });
	return ledgers_offer(&session->gateway->edge,
		       ledger_of(session, membership)) == OFFER_TAKEN;
}

bool
entry_announce_inbox(const struct session *session)
{
	pack_join(session, NULL, (struct join){ .flags = JOIN_ANNOUNCED });
	return ledgers_offer(&session->gateway->edge,
		       ledger_of(session, NULL)) == OFFER_TAKEN;
}

/* What comes next; or the last one that the client certainly has. */
static void
pack_missed(const struct pending *pending)
{
	const struct session *session = pending->session;
	const struct recovery *recovery = pending->recovery;
	bool is_sought = recovery->seek > 0;

	lookup_pack(edge_letter(&session->gateway->edge, LETTER_LOOKUP),
		&(struct lookup){
			.request = pending->request,
			.connection = session_connection(session),
			.kind = pending->membership ? STREAM_ROOM
						    : STREAM_INBOX,
			.tenant = session_tenant(session),
			.stream = stream_of(session, pending->membership),
			.mode = is_sought ? LOOKUP_BEFORE_ID : LOOKUP_AFTER,
			.anchor = is_sought ? recovery->seek : recovery->last,
			.limit = is_sought ? 1 : recovery_wanted(recovery),
			.changes = 1,
		});
}

/* The next step. It may wait outside a full ring, so that what was done before
 * is not lost. */
static void
go_on(struct pending *pending, enum pending_kind kind)
{
	struct session *session = pending->session;
	struct gateway *gateway = session->gateway;
	struct pending *next = pending_new(
		gateway->pendings, session, kind, pending_tag(pending));

	next->membership = pending->membership;
	next->recovery = pending->recovery;
	pending->recovery = NULL;
	next->rooms = pending->rooms;
	pending->rooms = NULL;
	pending_free(gateway->pendings, &pending);
	if (kind == PENDING_MISSED)
		pack_missed(next);
	else
		pack_question(next, next->membership);
	ledgers_send(&gateway->edge, ledger_of(session, next->membership));
}

static void
ask_again(struct pending *pending)
{
	go_on(pending,
		pending->membership ? PENDING_JOIN_SINCE : PENDING_LOGIN);
}

void
entry_behind(struct pending *pending, const struct behind *behind)
{
	struct recovery *recovery = pending->recovery;

	recovery_begin(recovery, behind->epoch, behind->read);
	recovery->seek = recovery->is_of_other ? 0 : behind->seek;
	if (behind->is_of_other && !recovery->seek)
		recovery_enter(recovery, behind->epoch, behind->began);
	if (recovery->seek || recovery_may_reach(recovery, behind->offset)) {
		go_on(pending, PENDING_MISSED);
		return;
	}
	recovery_give_up(recovery);
	ask_again(pending);
}

void
entry_missed(struct pending *pending, const struct page *page)
{
	if (pending->recovery->seek)
		recovery_enter(pending->recovery, page->epoch, page->last);
	else
		recovery_add(pending->recovery, page);
	ask_again(pending);
}

/* What is busy now will be better, so then the entry is refused. */
bool
entry_missed_refused(struct pending *pending, const struct refused *refused)
{
	if (refused->code == CODE_UNAVAILABLE)
		return false;
	recovery_give_up(pending->recovery);
	ask_again(pending);
	return true;
}

void
entry_complete(const struct pending *pending, struct joined *joined)
{
	struct recovery *recovery = pending->recovery;

	if (!recovery)
		return;
	recovery_begin(recovery, joined->epoch, joined->read);
	if (joined->is_of_other)
		recovery_enter(recovery, joined->epoch, joined->began);
	if (joined->recovery == RECOVERY_WHOLE &&
		joined->offset > recovery->last)
		recovery_add(recovery, &(struct page){
					       .epoch = joined->epoch,
					       .first = recovery->last + 1,
					       .last = joined->offset,
					       .count = joined->count,
					       .messages = joined->messages,
				       });
	if (recovery->epoch == 0 || recovery->last != joined->offset)
		joined->recovery = RECOVERY_LOST;
	joined->count = 0;
	joined->messages = TEXT_LITERAL("");
	joined->is_of_other = recovery->is_of_other;
	if (joined->recovery != RECOVERY_WHOLE)
		return;
	joined->count = recovery->count;
	joined->messages = buffer_text(&recovery->messages);
}
