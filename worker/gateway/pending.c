/*
 * A request number is a place in the table and, above it, the life of this
 * process and how often the place was used, so that no two are the same.
 */
#include "worker/gateway/pending.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "shared/table.h"
#include "worker/gateway/recovery.h"
#include "worker/gateway/session.h"

#define PLACE_BITS 24
#define USE_BITS 20
#define PLACE_MASK ((UINT64_C(1) << PLACE_BITS) - 1)
#define USE_MASK ((UINT64_C(1) << USE_BITS) - 1)

struct outcome {
	struct answer answer;
	struct said said;
	char error[];
};

struct place {
	struct pending *pending; /* NULL: free */
	uint32_t uses;
	uint32_t next_free; /* place + 1, 0 = none */
};

struct pendings {
	struct place *places;
	uint32_t capacity;
	uint32_t first_free; /* place + 1, 0 = none */
	uint32_t life;
};

struct pendings *
pendings_new(uint32_t life)
{
	struct pendings *pendings = base_alloc_zeroed(1, sizeof(*pendings));

	pendings->life = life;
	return pendings;
}

void
pendings_free(struct pendings **pendings)
{
	if (!*pendings)
		return;
	for (uint32_t i = 0; i < (*pendings)->capacity; i++)
		must((*pendings)->places[i].pending == NULL);
	free((*pendings)->places);
	free(*pendings);
	*pendings = NULL;
}

static void
grow(struct pendings *pendings)
{
	uint32_t old = pendings->capacity;
	uint32_t capacity = old ? old * 2 : 64;

	must(capacity <= PLACE_MASK);
	pendings->places = base_realloc(
		pendings->places, capacity * sizeof(pendings->places[0]));
	for (uint32_t i = capacity; i-- > old;) {
		pendings->places[i] =
			(struct place){ .next_free = pendings->first_free };
		pendings->first_free = i + 1;
	}
	pendings->capacity = capacity;
}

static uint64_t
request_number(const struct pendings *pendings, uint32_t place)
{
	uint64_t uses = pendings->places[place].uses & USE_MASK;

	return (uint64_t)pendings->life << (PLACE_BITS + USE_BITS) |
	       uses << PLACE_BITS | place;
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
	if (pending->kind == PENDING_CHANGE)
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
	struct place *place;

	must(tag.length <= UINT16_MAX);
	if (!pendings->first_free)
		grow(pendings);
	place = &pendings->places[pendings->first_free - 1];
	place->pending = pending;
	place->uses++;
	pending->request = request_number(pendings, pendings->first_free - 1);
	pendings->first_free = place->next_free;
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
	uint64_t place = request & PLACE_MASK;
	struct pending *pending;

	if (place >= pendings->capacity)
		return NULL;
	pending = pendings->places[place].pending;
	return pending && pending->request == request ? pending : NULL;
}

struct pending *
pendings_next(const struct pendings *pendings, uint32_t *place)
{
	struct pending *pending = NULL;

	while (!pending && *place < pendings->capacity)
		pending = pendings->places[(*place)++].pending;
	return pending;
}

void
pending_free(struct pendings *pendings, struct pending **freed)
{
	struct pending *pending = *freed;
	uint32_t place = (uint32_t)(pending->request & PLACE_MASK);

	*freed = NULL;
	must(pendings->places[place].pending == pending);
	pendings->places[place].pending = NULL;
	pendings->places[place].next_free = pendings->first_free;
	pendings->first_free = place + 1;
	DL_DELETE2(pending->session->pendings, pending, previous, next);
	count(pending->session, pending, -1);
	if (pending->on_free)
		pending->on_free(pending);
	recovery_free(&pending->recovery);
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
