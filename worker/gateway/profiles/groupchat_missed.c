/*
 * What a user of the profile `groupchat` has missed: the core brings it with
 * the login and with each join, so that it stands before everything new. What
 * is too much for that is looked up in the history, page by page; new things
 * may come between, and the reply to the login comes behind it all.
 */
#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/message.h"
#include "shared/records.h"
#include "worker/gateway/addressee.h"
#include "worker/gateway/answer.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/profiles/groupchat_inside.h"
#include "worker/gateway/profiles/groupchat_write.h"
#include "worker/gateway/receipts.h"
#include "worker/gateway/session.h"
#include "worker/gateway/talk.h"

#define PAYLOAD_KEEP_BYTES 65536
#define PAGE_MESSAGES 100

/* Of one room, or of the inbox: who missed more gets the newest of it. */
#define MISSED_MAX 10000

/* Which page is wanted: what follows `after` and not `until`. */
struct wanted_page {
	struct text room; /* empty: the inbox */
	uint64_t after, until;
};

static void
push(struct session *session, const struct message *message)
{
	struct gateway *gateway = session->gateway;
	bool is_own = text_equal(message->from, session_user(session));

	if (!is_own && message->only_platform &&
		message->only_platform != (uint64_t)session->platform + 1)
		return;
	buffer_clear(&gateway->payload, PAYLOAD_KEEP_BYTES);
	groupchat_write_message(&gateway->payload, message, is_own);
	if (gateway->payload.length == 0)
		return;
	buffer_clear(&gateway->named, PAYLOAD_KEEP_BYTES);
	addressee_fill(&gateway->named, buffer_text(&gateway->payload),
		session_user(session));
	session_send(session, buffer_text(&gateway->named));
}

/* What stands behind `until` has come already. */
static void
push_all(struct session *session, struct text messages, uint64_t count,
	uint64_t until)
{
	struct unpack in = unpack_of(messages);

	for (uint64_t i = 0; i < count; i++) {
		struct unpack one = unpack_of(unpack_text(&in));
		struct message message;

		if (in.failed || !message_unpack(&one, &message))
			return;
		if (message.offset <= until)
			push(session, &message);
	}
}

static void
look_up(struct session *session, const struct wanted_page *wanted)
{
	struct buffer *tag = &session->gateway->tag;

	buffer_clear(tag, SESSION_TAG_MAX);
	buffer_add_byte(tag, TAG_PAGE);
	pack_number(tag, wanted->after);
	pack_number(tag, wanted->until);
	pack_text(tag, wanted->room);
	talk_history(session, buffer_text(tag),
		&(struct history_request){
			.of.room = wanted->room,
			.mode = LOOKUP_AFTER,
			.anchor = wanted->after,
			.limit = PAGE_MESSAGES,
		});
}

static uint64_t
begin_of(const struct joined *joined)
{
	uint64_t missed = joined->offset - joined->read;

	return joined->offset - MIN_OF(missed, MISSED_MAX);
}

void
groupchat_push_missed(
	struct session *session, struct text room, const struct joined *joined)
{
	if (joined->recovery == RECOVERY_WHOLE) {
		push_all(session, joined->messages, joined->count, UINT64_MAX);
	} else if (joined->recovery == RECOVERY_NONE) {
		receipts_note_room(session, room, joined->offset);
	} else if (joined->offset > joined->read) {
		groupchat_await(session);
		look_up(session, &(struct wanted_page){
					 .room = room,
					 .after = begin_of(joined),
					 .until = joined->offset,
				 });
	}
}

/* What cannot be looked up is not there any more. */
void
groupchat_on_page(
	struct session *session, struct text tag, const struct answer *answer)
{
	struct unpack in =
		unpack_of((struct text){ tag.at + 1, tag.length - 1 });
	struct wanted_page wanted = { .after = unpack_number(&in) };

	wanted.until = unpack_number(&in);
	wanted.room = unpack_text(&in);
	must(!in.failed);
	if (answer->kind == ANSWER_PAGE) {
		const struct page *page = answer->page;
		bool is_further = page->last > wanted.after;

		push_all(session, page->messages, page->count, wanted.until);
		wanted.after = page->last;
		if (is_further && page->more && page->last < wanted.until) {
			look_up(session, &wanted);
			return;
		}
	}
	groupchat_settle(session);
}
