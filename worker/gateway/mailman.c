#include "worker/gateway/mailman.h"

#include "shared/clock.h"
#include "shared/index.h"
#include "shared/log.h"
#include "shared/mail.h"
#include "shared/message.h"
#include "shared/records.h"
#include "worker/gateway/addressee.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/outbox.h"
#include "worker/gateway/profiles/profile.h"
#include "worker/gateway/session.h"
#include "worker/gateway/subscription.h"
#include "worker/gateway/users.h"

#define PAYLOAD_KEEP_BYTES 65536

/* A message as some see it. */
struct posting {
	struct gateway *gateway;
	const struct message *message;
	bool is_own;  /* for the connections of who sent it */
	bool is_over; /* too late for everybody */
	uint64_t posted;

	/* In the words of each profile, once needed; the second with the key.
	 */
	struct bundle *frames[PROFILE_COUNT][2];
};

static struct posting
posting_begin(struct gateway *gateway, const struct message *message)
{
	return (struct posting){
		.gateway = gateway,
		.message = message,
		.is_over = message_is_over(message->until, clock_unix_ms()),
	};
}

static void
posting_end(struct posting *posting)
{
	for (unsigned i = 0; i < PROFILE_COUNT; i++)
		for (unsigned k = 0; k < 2; k++)
			bundle_unref(&posting->frames[i][k]);
	row_count(posting->gateway->row, COUNTER_DELIVERED,
		(int64_t)posting->posted);
}

static struct bundle *
frame_of(struct posting *posting, const struct profile *profile, bool with_key)
{
	struct bundle **frame = &posting->frames[profile->number][with_key];
	struct buffer *payload = &posting->gateway->payload;

	if (*frame)
		return *frame;
	buffer_clear(payload, PAYLOAD_KEEP_BYTES);
	profile->write_message(payload, posting->message, with_key);
	*frame = bundle_new(payload->length + FRAME_HEAD_MAX);
	if (payload->length > 0)
		bundle_add_text(frame, payload->data, payload->length);
	return *frame;
}

/* With the name of who gets it; NULL: he gets nothing. */
static struct bundle *
named_frame(
	struct posting *posting, const struct session *session, bool with_key)
{
	struct buffer *payload = &posting->gateway->payload;
	struct buffer *named = &posting->gateway->named;
	struct bundle *frame;

	buffer_clear(payload, PAYLOAD_KEEP_BYTES);
	session->profile->write_message(payload, posting->message, with_key);
	if (payload->length == 0)
		return NULL;
	buffer_clear(named, PAYLOAD_KEEP_BYTES);
	addressee_fill(named, buffer_text(payload), session_user(session));
	frame = bundle_new(named->length + FRAME_HEAD_MAX);
	bundle_add_text(&frame, named->data, named->length);
	return frame;
}

static bool
is_asker(const struct gateway *gateway, const struct message *message,
	const struct session *session)
{
	return message->asker_slot == gateway->slot &&
	       message->asker_life == gateway->life &&
	       message->connection == session_connection(session);
}

/* Is it shown there? The sender's other connections see all of his own. */
static bool
wants(const struct posting *posting, const struct session *session)
{
	const struct message *message = posting->message;

	if (is_asker(posting->gateway, message, session) &&
		!(message->flags & MESSAGE_ECHO))
		return false;
	if (posting->is_own)
		return true;
	if (message->only_platform &&
		message->only_platform != (uint64_t)session->platform + 1)
		return false;
	return subscription_has(session->subscription, message->type);
}

static void
post(struct posting *posting, struct session *session)
{
	bool with_key =
		(posting->message->key.length > 0 ||
			session->profile->tells_own_apart) &&
		text_equal(posting->message->from, session_user(session));
	struct bundle *frame;

	if (posting->is_over || !wants(posting, session))
		return;
	frame = session->profile->names_addressee
			? named_frame(posting, session, with_key)
			: bundle_ref(frame_of(
				  posting, session->profile, with_key));
	if (frame && frame->length > 0) {
		lane_push_later(&session->lane, frame);
		posting->posted++;
	}
	bundle_unref(&frame);
}

static void
note_gap(const struct session *session, uint64_t offset)
{
	struct gateway *gateway = session->gateway;

	row_count(gateway->row, COUNTER_GAPS, 1);
	if (!gateway->has_logged_gap)
		log_error("inbox of %.*s: offset %llu came after %llu; further "
			  "gaps are only counted",
			TEXT_ARGS(session_user(session)),
			(unsigned long long)offset,
			(unsigned long long)session->inbox_offset);
	gateway->has_logged_gap = true;
}

/* Is this message of its inbox new to the session? What is not remembered has
 * no offset. */
static bool
take_offset(struct session *session, uint64_t epoch, uint64_t offset)
{
	bool is_known = session->inbox_epoch == epoch;

	if (offset == 0)
		return true;
	if (is_known && offset <= session->inbox_offset)
		return false;
	if (is_known && offset > session->inbox_offset + 1)
		note_gap(session, offset);
	session->inbox_epoch = epoch;
	session->inbox_offset = offset;
	return true;
}

/* For the user in whose inbox it stands as the view says. */
static void
deliver_view(struct gateway *gateway, const struct message *view, bool is_own)
{
	struct posting posting = posting_begin(gateway, view);
	size_t count;
	struct session *const *sessions =
		users_find(gateway, view->tenant, view->stream, &count);

	posting.is_own = is_own;
	for (size_t i = 0; i < count; i++)
		if (take_offset(sessions[i], view->epoch, view->offset))
			post(&posting, sessions[i]);
	posting_end(&posting);
}

static void
deliver_mail(struct gateway *gateway, const struct message *message)
{
	struct unpack in = unpack_of(message->others);
	struct mail_side side;

	deliver_view(gateway, message, true);
	while (mail_next_side(&in, &side)) {
		struct message view;

		mail_view(message, &side, &view, &gateway->others);
		deliver_view(gateway, &view, false);
	}
}

/* The session at this place, if it is still the one that was meant. */
static struct session *
session_at(const struct gateway *gateway, struct text tenant, uint64_t place,
	uint64_t secret)
{
	struct index_entry entry;
	struct session *session;

	if (place >= gateway->seated_capacity)
		return NULL;
	session = gateway->seated[place];
	if (!session || session->is_entering ||
		!text_equal(tenant, session_tenant(session)) ||
		!index_read(gateway->arena, gateway->slot, (uint32_t)place,
			&entry) ||
		entry.secret != secret)
		return NULL;
	return session;
}

static void
deliver_to_clients(struct gateway *gateway, const struct message *message)
{
	struct posting posting = posting_begin(gateway, message);
	struct unpack in = unpack_of(message->others);

	while (in.at < in.end && !in.failed) {
		uint64_t place = unpack_number(&in);
		uint64_t secret = unpack_number(&in);
		struct session *session =
			session_at(gateway, message->tenant, place, secret);

		if (!in.failed && session)
			post(&posting, session);
	}
	posting_end(&posting);
}

static void
deliver_to_all(struct gateway *gateway, const struct message *message)
{
	struct posting posting = posting_begin(gateway, message);

	for (uint32_t i = 0; i < gateway->seated_end; i++) {
		struct session *session = gateway->seated[i];

		if (session && !session->is_entering &&
			text_equal(message->tenant, session_tenant(session)))
			post(&posting, session);
	}
	posting_end(&posting);
}

void
mailman_deliver(struct gateway *gateway, const struct message *message)
{
	if (message->kind == STREAM_INBOX)
		deliver_mail(gateway, message);
	else if (message->kind == STREAM_CLIENT)
		deliver_to_clients(gateway, message);
	else if (message->kind == STREAM_TENANT)
		deliver_to_all(gateway, message);
}
