#include "worker/gateway/draft.h"

#include <stdlib.h>

#include "shared/base.h"
#include "shared/letter.h"
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

bool
draft_take(
	struct gateway *gateway, const struct letter *letter, struct unpack *in)
{
	struct draft *draft;
	struct session *session;
	struct enlist enlist;

	if (!enlist_unpack(in, &enlist) || enlist.room.length == 0 ||
		enlist.room.length > ROOM_BYTES_MAX)
		return false;
	draft = base_alloc_zeroed(1, sizeof(*draft));
	draft->slot = letter->from;
	draft->request = enlist.request;
	draft->connection = enlist.connection;
	session = users_at(gateway, enlist.place, enlist.secret);
	if (session && !session->is_entering) {
		talk_enlist(session, draft, enlist.room,
			(unsigned)enlist.flags & (JOIN_EVENTS | JOIN_PRESENCE));
		return true;
	}
	if (session)
		refuse_with(gateway, draft, CODE_UNAVAILABLE,
			"this client is just logging in, try again");
	draft_free(gateway, &draft);
	return true;
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
