#include "worker/gateway/draft.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "shared/letter.h"
#include "shared/table.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/pending.h"
#include "worker/gateway/session.h"
#include "worker/gateway/talk.h"
#include "worker/gateway/users.h"

#define NO_SUCH_CLIENT "there is no such client"

struct draft {
	unsigned slot; /* of the api */
	uint64_t request, connection;
	bool is_answered;
	bool is_quiet; /* no api waits for an answer */

	/* Of one that waits for a login to be answered. */
	struct draft *next, *prev; /* in gateway->drafts */
	uint64_t place, secret;
	unsigned flags;
	size_t room_length, info_length; /* of what stands in words */
	char words[];
};

static void
refuse(struct gateway *gateway, struct draft *draft,
	const struct refusal *refusal)
{
	draft->is_answered = true;
	if (draft->is_quiet)
		return;
	refused_pack(edge_letter(&gateway->edge, LETTER_REFUSED),
		&(struct refused){
			.request = draft->request,
			.connection = draft->connection,
			.code = refusal->code,
			.error = refusal->error,
			.retry_ms = refusal->retry_ms,
		});
	edge_send(&gateway->edge, draft->slot);
}

static void
refuse_with(struct gateway *gateway, struct draft *draft, enum answer_code code,
	const char *error)
{
	refuse(gateway, draft,
		&(struct refusal){ .code = code, .error = text_of(error) });
}

static void
draft_free(struct gateway *gateway, struct draft **draft)
{
	if (!(*draft)->is_answered)
		refuse_with(gateway, *draft, CODE_NOT_FOUND, NO_SUCH_CLIENT);
	free(*draft);
	*draft = NULL;
}

void
draft_end(struct pending *pending)
{
	draft_free(pending->session->gateway, &pending->draft);
}

struct draft *
draft_of_login(void)
{
	struct draft *draft = base_alloc_zeroed(1, sizeof(*draft));

	draft->is_quiet = true;
	return draft;
}

/* One whose login is not answered yet waits on. */
static void
go_on(struct gateway *gateway, struct draft *draft)
{
	const struct text room = { draft->words, draft->room_length };
	const struct text info = { draft->words + draft->room_length,
		draft->info_length };
	struct session *session =
		users_at(gateway, draft->place, draft->secret);

	if (session && session->is_entering)
		return;
	DL_DELETE(gateway->drafts, draft);
	if (session && info.length > 0)
		session_set_info(session, info);
	if (session)
		talk_enlist(session, draft, room, draft->flags);
	else
		draft_free(gateway, &draft);
}

bool
draft_take(
	struct gateway *gateway, const struct letter *letter, struct unpack *in)
{
	struct draft *draft;
	struct enlist enlist;

	if (!enlist_unpack(in, &enlist) || enlist.room.length == 0 ||
		enlist.room.length > ROOM_BYTES_MAX ||
		enlist.info.length > INFO_BYTES_MAX)
		return false;
	draft = base_alloc_zeroed(
		1, sizeof(*draft) + enlist.room.length + enlist.info.length);
	draft->slot = letter->from;
	draft->request = enlist.request;
	draft->connection = enlist.connection;
	draft->place = enlist.place;
	draft->secret = enlist.secret;
	draft->flags = (unsigned)enlist.flags & (JOIN_EVENTS | JOIN_PRESENCE);
	draft->room_length = enlist.room.length;
	draft->info_length = enlist.info.length;
	memcpy(draft->words, enlist.room.at, enlist.room.length);
	if (enlist.info.length > 0)
		memcpy(draft->words + enlist.room.length, enlist.info.at,
			enlist.info.length);
	DL_APPEND(gateway->drafts, draft);
	go_on(gateway, draft);
	return true;
}

void
drafts_go_on(struct gateway *gateway)
{
	struct draft *draft, *next;

	DL_FOREACH_SAFE(gateway->drafts, draft, next)
	{
		go_on(gateway, draft);
	}
}

void
drafts_free(struct gateway *gateway)
{
	while (gateway->drafts) {
		struct draft *draft = gateway->drafts;

		DL_DELETE(gateway->drafts, draft);
		draft_free(gateway, &draft);
	}
}

/* Who is a member already has nothing to be told. */
void
draft_joined(struct pending *pending, const struct answer *answer)
{
	struct session *session = pending->session;
	struct gateway *gateway = session->gateway;
	struct joined joined = *answer->joined;

	if (pending->kind != PENDING_JOIN_AGAIN)
		session_tell_moved(session, answer);
	pending->draft->is_answered = true;
	if (pending->draft->is_quiet)
		return;
	joined.request = pending->draft->request;
	joined.connection = pending->draft->connection;
	joined_pack(edge_letter(&gateway->edge, LETTER_JOINED), &joined);
	edge_send(&gateway->edge, pending->draft->slot);
}

void
draft_refused(struct pending *pending, const struct refusal *refusal)
{
	refuse(pending->session->gateway, pending->draft, refusal);
}

void
draft_refuse(struct pending *pending, enum answer_code code, const char *error)
{
	refuse_with(pending->session->gateway, pending->draft, code, error);
}
