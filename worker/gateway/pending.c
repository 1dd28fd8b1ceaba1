#include "worker/gateway/pending.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/table.h"
#include "worker/edge/numbers.h"
#include "worker/gateway/recovery.h"
#include "worker/gateway/session.h"

struct pendings {
	struct numbers *numbers;
};

struct outcome {
	struct answer answer;
	struct said said;
	char error[];
};

struct pendings *
pendings_new(uint32_t life)
{
	struct pendings *pendings = base_alloc_zeroed(1, sizeof(*pendings));

	pendings->numbers = numbers_new(life);
	return pendings;
}

void
pendings_free(struct pendings **pendings)
{
	if (!*pendings)
		return;
	numbers_free(&(*pendings)->numbers);
	free(*pendings);
	*pendings = NULL;
}

/* A say that is refused is no longer one that others must wait for. */
static void
count(struct session *session, const struct pending *pending, int change)
{
	bool is_lookup = pending->kind == PENDING_PAGE ||
			 pending->kind == PENDING_SEARCH ||
			 pending->kind == PENDING_MEMBERS ||
			 pending->kind == PENDING_READ_WITH ||
			 pending->kind == PENDING_ROOMS ||
			 pending->kind == PENDING_JOIN_SINCE ||
			 pending->kind == PENDING_LOGIN ||
			 pending->kind == PENDING_MISSED;
	bool is_say = pending->kind == PENDING_SAY && !pending->outcome;

	session->pending_count = (uint16_t)(session->pending_count + change);
	if (is_lookup)
		session->lookup_count =
			(uint16_t)(session->lookup_count + change);
	if (pending->kind == PENDING_CHANGE || pending->kind == PENDING_HOOK)
		session->change_count =
			(uint16_t)(session->change_count + change);
	if (is_say)
		session->say_count = (uint16_t)(session->say_count + change);
	session_weigh(session);
}

struct pending *
pending_new(struct pendings *pendings, struct session *session,
	enum pending_kind kind, struct text tag)
{
	struct pending *pending =
		base_alloc_zeroed(1, sizeof(*pending) + tag.length);

	must(tag.length <= UINT16_MAX);
	pending->request = numbers_give(pendings->numbers, pending);
	pending->session = session;
	pending->kind = (uint8_t)kind;
	pending->tag_length = (uint16_t)tag.length;
	memcpy(pending->tag, tag.at, tag.length);
	DL_APPEND2(session->pendings, pending, previous, next);
	count(session, pending, 1);
	return pending;
}

struct pending *
pending_find(const struct pendings *pendings, uint64_t request)
{
	return numbers_find(pendings->numbers, request);
}

struct pending *
pendings_next(const struct pendings *pendings, uint32_t *place)
{
	return numbers_next(pendings->numbers, place);
}

void
pending_free(struct pendings *pendings, struct pending **freed)
{
	struct pending *pending = *freed;

	*freed = NULL;
	numbers_drop(pendings->numbers, pending->request);
	DL_DELETE2(pending->session->pendings, pending, previous, next);
	count(pending->session, pending, -1);
	if (pending->on_free)
		pending->on_free(pending);
	recovery_free(&pending->recovery);
	if (pending->rooms)
		buffer_fini(pending->rooms);
	free(pending->rooms);
	free(pending->outcome);
	free(pending->question);
	free(pending);
}

struct text
pending_tag(const struct pending *pending)
{
	return (struct text){ pending->tag, pending->tag_length };
}

/* A copy of an answer that needs nothing else. */
static struct outcome *
outcome_new(const struct answer *answer)
{
	bool is_refusal = answer->kind == ANSWER_REFUSAL;
	struct text error =
		is_refusal ? answer->refusal.error : TEXT_LITERAL("");
	struct outcome *outcome =
		base_alloc_zeroed(1, sizeof(*outcome) + error.length);

	must(is_refusal || answer->kind == ANSWER_SAY);
	outcome->answer = *answer;
	if (is_refusal) {
		memcpy(outcome->error, error.at, error.length);
		outcome->answer.refusal.error.at = outcome->error;
	} else {
		outcome->said = *answer->say.said;
		outcome->answer.say.said = &outcome->said;
	}
	return outcome;
}

void
pending_answer_in_turn(struct pendings *pendings, struct session *session,
	struct text tag, const struct answer *answer)
{
	struct pending *pending;

	if (session->say_count == 0) {
		session_answer(session, tag, answer);
		return;
	}
	pending = pending_new(pendings, session, PENDING_SAY, tag);
	pending->outcome = outcome_new(answer);
	session->say_count--;
}

void
pending_refuse_in_turn(struct pendings *pendings, struct session *session,
	struct text tag, const struct refusal *refusal)
{
	pending_answer_in_turn(pendings, session, tag,
		&(struct answer){
			.kind = ANSWER_REFUSAL,
			.refusal = *refusal,
		});
}

void
pending_refuse_say(struct pendings *pendings, struct session *session,
	struct text tag, enum answer_code code, const char *error)
{
	pending_refuse_in_turn(pendings, session, tag,
		&(struct refusal){
			.code = code,
			.error = text_of(error),
		});
}

void
pending_answer_due(struct pendings *pendings, struct session *session)
{
	struct pending *pending, *next;

	DL_FOREACH_SAFE(session->pendings, pending, next)
	{
		if (pending->kind != PENDING_SAY)
			continue;
		if (!pending->outcome)
			return;
		session_answer(session, pending_tag(pending),
			&pending->outcome->answer);
		pending_free(pendings, &pending);
	}
}
