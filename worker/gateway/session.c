#include "worker/gateway/session.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "shared/config.h"
#include "shared/scoreboard.h"
#include "shared/table.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/profiles/profile.h"

/* A session with more than this in flight is held until half is answered. */
#define PENDING_MAX 256
#define LOOKUPS_MAX 4
#define KEPT_MAX 64
#define KEPT_BYTES_MAX 65536

/* A message to many costs as much as some to few, but not all there is. */
#define RECIPIENTS_A_BEAT 10
#define BEATS_MAX UINT64_C(1000)

#define PAYLOAD_KEEP_BYTES 65536

_Static_assert(CLOSE_WHY_COUNT < 16, "and one more fit into end_why");

/* A frame that waits for a join, or for all answers. */
struct kept {
	struct kept *next;
	size_t length;
	bool was_read; /* by the profile, which found it had to wait */
	char text[];
};

struct text
session_tenant(const struct session *session)
{
	const struct identity *identity = session->identity;

	if (!identity)
		return TEXT_LITERAL("");
	return (struct text){ identity->bytes, identity->tenant_length };
}

struct text
session_user(const struct session *session)
{
	const struct identity *identity = session->identity;

	if (!identity)
		return TEXT_LITERAL("");
	return (struct text){ identity->bytes + identity->tenant_length,
		identity->user_length };
}

struct text
session_info(const struct session *session)
{
	const struct identity *identity = session->identity;

	if (!identity)
		return TEXT_LITERAL("");
	return (struct text){ identity->bytes + identity->tenant_length +
				      identity->user_length,
		identity->info_length };
}

void
session_set_info(struct session *session, struct text info)
{
	struct identity *identity = session->identity;
	size_t begin = (size_t)identity->tenant_length + identity->user_length;

	must(info.length <= INFO_BYTES_MAX);
	identity =
		base_realloc(identity, sizeof(*identity) + begin + info.length);
	identity->info_length = (uint16_t)info.length;
	memcpy(identity->bytes + begin, info.at, info.length);
	session->identity = identity;
}

uint64_t
session_connection(const struct session *session)
{
	if (!session->identity)
		return 0;
	return (uint64_t)session->place << 32 | session->serial;
}

struct session *
session_of(const struct gateway *gateway, uint64_t connection)
{
	uint64_t place = connection >> 32;
	struct session *session;

	if (place >= gateway->seated_capacity)
		return NULL;
	session = gateway->seated[place];
	return session && session->serial == (uint32_t)connection ? session
								  : NULL;
}

unsigned
session_login_policy(const struct session *session)
{
	if (session->login_policy > 0)
		return session->login_policy - 1u;
	if (session->profile->replaces_silently)
		return LOGIN_REPLACE;
	if (session->profile->has_many)
		return LOGIN_MULTI;
	return (unsigned)session->gateway->config->login_policy;
}

bool
session_has_grace(const struct session *session)
{
	return session->is_replaced || !session->profile->has_no_grace;
}

bool
session_gives_way_silently(const struct session *session)
{
	return session->profile->replaces_silently &&
	       session->login_policy == 0;
}

void
session_send(struct session *session, struct text payload)
{
	lane_answer(&session->lane, payload);
}

void
session_tell_drain(struct session *session, uint64_t in_ms)
{
	struct buffer *payload = &session->gateway->payload;

	if (!session->profile->write_drain)
		return;
	buffer_clear(payload, PAYLOAD_KEEP_BYTES);
	session->profile->write_drain(payload, in_ms);
	session_send(session, buffer_text(payload));
}

void
session_tell_moved(struct session *session, const struct answer *answer)
{
	struct buffer *payload = &session->gateway->payload;

	if (!session->profile->write_moved)
		return;
	buffer_clear(payload, PAYLOAD_KEEP_BYTES);
	session->profile->write_moved(payload, session, answer);
	if (payload->length > 0)
		session_send(session, buffer_text(payload));
}

void
session_answer(
	struct session *session, struct text tag, const struct answer *answer)
{
	if (answer->kind == ANSWER_REFUSAL)
		row_count(session->gateway->row, COUNTER_REQUESTS_REFUSED, 1);
	session->profile->answer(session, tag, answer);
}

void
session_refuse(struct session *session, struct text tag, enum answer_code code,
	const char *error)
{
	const struct answer answer = {
		.kind = ANSWER_REFUSAL,
		.refusal = { .code = code, .error = text_of(error) },
	};

	session_answer(session, tag, &answer);
}

bool
session_may_go_on(struct session *session, uint64_t *retry_ms)
{
	const struct limits *limits = &session->gateway->config->limits;

	if (session->is_rereading ||
		pace_take(&session->pace, session->lane.lanes->now_ms,
			limits->messages_per_second, limits->burst, retry_ms))
		return true;
	row_count(session->gateway->row, COUNTER_REFUSED_RATE, 1);
	return false;
}

void
session_charge(struct session *session, uint64_t recipients)
{
	uint64_t more = MIN_OF(recipients / RECIPIENTS_A_BEAT, BEATS_MAX);

	pace_charge(&session->pace, session->lane.lanes->now_ms,
		session->gateway->config->limits.messages_per_second, more);
}

static bool
is_answered(const struct session *session)
{
	return session->waits_for_change ? session->change_count == 0
					 : session->pending_count == 0;
}

static void
make_due(struct session *session)
{
	if (session->is_due)
		return;
	session->is_due = true;
	DL_APPEND2(session->gateway->due, session, previous_due, next_due);
}

static void
note_due(struct session *session)
{
	if (session->is_waiting && is_answered(session))
		make_due(session);
}

void
session_end(struct session *session, enum close_why why)
{
	if (session->is_ending)
		return;
	session->end_why = (why + 1) & 15;
	make_due(session);
}

void
session_weigh(struct session *session)
{
	bool is_over = session->pending_count >= PENDING_MAX ||
		       session->lookup_count >= LOOKUPS_MAX ||
		       session->kept_count >= KEPT_MAX ||
		       session->kept_bytes >= KEPT_BYTES_MAX;
	bool is_under = session->pending_count <= PENDING_MAX / 2 &&
			session->lookup_count <= LOOKUPS_MAX / 2 &&
			session->kept_count <= KEPT_MAX / 2 &&
			session->kept_bytes <= KEPT_BYTES_MAX / 2;

	if (is_over && !session->lane.is_held)
		lane_hold(&session->lane);
	else if (is_under && session->lane.is_held)
		lane_go_on(&session->lane);
	note_due(session);
}

static void
keep(struct session *session, struct kept **list, struct text text,
	bool was_read)
{
	struct kept *kept = base_alloc(sizeof(*kept) + text.length);

	must(text.at != NULL);
	kept->length = text.length;
	kept->was_read = was_read;
	memcpy(kept->text, text.at, text.length);
	LL_APPEND(*list, kept);
	session->kept_count++;
	session->kept_bytes += (uint32_t)text.length;
	session_weigh(session);
}

void
session_keep(struct session *session, struct kept **list)
{
	keep(session, list, session->gateway->reading, true);
}

static void
read_frame(struct session *session, struct text text)
{
	struct text *reading = &session->gateway->reading;
	struct text outer = *reading;

	*reading = text;
	session->profile->on_text(session, text);
	*reading = outer;
}

void
session_take(struct session *session, struct text text)
{
	if (session->end_why)
		return;
	if (session->is_waiting)
		keep(session, &session->kept, text, false);
	else
		read_frame(session, text);
}

void
session_wait(struct session *session)
{
	session->is_waiting = true;
	session->waits_for_change = false;
	note_due(session);
}

/* A logout may be waiting already, behind frames that were kept for a join: it
 * is read again, and waits again. */
void
session_wait_for_change(struct session *session)
{
	session->is_waiting = true;
	session->waits_for_change = true;
	note_due(session);
}

/* Reads the first one of a list and takes it out. */
static void
read_first(struct session *session, struct kept **list)
{
	struct kept *kept = *list;

	*list = kept->next;
	session->kept_count--;
	session->kept_bytes -= (uint32_t)kept->length;
	session->is_rereading = kept->was_read;
	if (session->lane.state == LANE_OPEN)
		read_frame(session, (struct text){ kept->text, kept->length });
	session->is_rereading = false;
	free(kept);
}

/* Frames that were kept are as many as may be, and each may ask for a large
 * answer: of these only so many are open at once. */
static bool
asks_for_much(const struct session *session)
{
	return session->lookup_count >= LOOKUPS_MAX;
}

void
session_read_kept(struct session *session, struct kept *list)
{
	while (list && !session->waits_for_change && !asks_for_much(session))
		read_first(session, &list);
	if (list && !session->is_waiting)
		session_wait(session);
	LL_CONCAT(list, session->kept);
	session->kept = list;
	session_weigh(session);
}

/* A frame that makes the session wait again, and has perhaps been kept anew,
 * is followed by those behind it. */
static void
resume(struct session *session)
{
	struct kept *list = session->kept;

	session->kept = NULL;
	session->is_waiting = session->waits_for_change = false;
	while (list && !session->is_waiting && !asks_for_much(session))
		read_first(session, &list);
	if (list && !session->is_waiting)
		session_wait(session);
	LL_CONCAT(session->kept, list);
	session_weigh(session);
}

static void
forget_due(struct session *session)
{
	session->is_due = false;
	DL_DELETE2(session->gateway->due, session, previous_due, next_due);
}

void
session_resume_due(struct gateway *gateway)
{
	struct session *session;

	while ((session = gateway->due)) {
		forget_due(session);
		if (session->end_why)
			lane_close_why(&session->lane,
				(enum close_why)(session->end_why - 1), "");
		else if (is_answered(session))
			resume(session);
	}
}

void
session_stop_waiting(struct session *session)
{
	struct kept *list = session->kept;

	session->is_waiting = session->waits_for_change = false;
	session->kept = NULL;
	session_drop_kept(session, list);
	if (session->is_due)
		forget_due(session);
}

void
session_drop_kept(struct session *session, struct kept *list)
{
	struct kept *kept;

	while ((kept = list)) {
		list = kept->next;
		session->kept_count--;
		session->kept_bytes -= (uint32_t)kept->length;
		free(kept);
	}
}
