#include "worker/gateway/answers.h"

#include "shared/letter.h"
#include "shared/log.h"
#include "worker/edge/ledgers.h"
#include "worker/edge/pass.h"
#include "worker/gateway/announcer.h"
#include "worker/gateway/asking.h"
#include "worker/gateway/deliver.h"
#include "worker/gateway/draft.h"
#include "worker/gateway/entry.h"
#include "worker/gateway/evictions.h"
#include "worker/gateway/fanout.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/hooking.h"
#include "worker/gateway/kick.h"
#include "worker/gateway/lanes.h"
#include "worker/gateway/listing.h"
#include "worker/gateway/login.h"
#include "worker/gateway/losses.h"
#include "worker/gateway/marks.h"
#include "worker/gateway/pending.h"
#include "worker/gateway/register.h"
#include "worker/gateway/rivals.h"
#include "worker/gateway/session.h"
#include "worker/gateway/talk.h"
#include "worker/gateway/wishes.h"

#define KIND(kind) (1U << (kind))

/* Who waits for this answer; NULL when he is gone or asked something else. */
static struct pending *
waiting(const struct gateway *gateway, uint64_t request, unsigned kinds)
{
	struct pending *pending = pending_find(gateway->pendings, request);

	if (!pending || pending->outcome || !(kinds & KIND(pending->kind)))
		return NULL;
	return pending;
}

/* Answers and forgets; what was said afterwards may be answered then. */
static void
answer_and_free(struct pending *pending, const struct answer *answer)
{
	struct session *session = pending->session;
	bool is_say = pending->kind == PENDING_SAY;

	session_answer(session, pending_tag(pending), answer);
	pending_free(session->gateway->pendings, &pending);
	if (is_say)
		pending_answer_due(session->gateway->pendings, session);
}

static bool
on_joined(struct gateway *gateway, struct unpack *in)
{
	struct joined joined;
	struct pending *pending;

	if (!joined_unpack(in, &joined))
		return false;
	pending = waiting(gateway, joined.request,
		KIND(PENDING_JOIN) | KIND(PENDING_JOIN_AGAIN) |
			KIND(PENDING_JOIN_SINCE) | KIND(PENDING_LOGIN));
	if (!pending)
		return true;
	if (pending->kind == PENDING_LOGIN)
		login_answered(pending, &joined);
	else
		talk_joined(pending, &joined);
	return true;
}

static bool
on_behind(struct gateway *gateway, struct unpack *in)
{
	struct behind behind;
	struct pending *pending;

	if (!behind_unpack(in, &behind))
		return false;
	pending = waiting(gateway, behind.request,
		KIND(PENDING_JOIN_SINCE) | KIND(PENDING_LOGIN));
	if (pending && pending->recovery)
		entry_behind(pending, &behind);
	return true;
}

static bool
on_said(struct gateway *gateway, struct unpack *in)
{
	struct said said;
	const struct answer answer = { .kind = ANSWER_SAY,
		.say = { .said = &said } };
	struct pending *pending;

	if (!said_unpack(in, &said))
		return false;
	pending = waiting(gateway, said.request,
		KIND(PENDING_SAY) | KIND(PENDING_CHANGED));
	if (pending)
		answer_and_free(pending, &answer);
	return true;
}

static void
refuse_missed(struct pending *pending, const struct refused *refused)
{
	if (entry_missed_refused(pending, refused))
		return;
	if (pending->membership)
		talk_join_given_up(pending, refused);
	else
		login_refused(pending, refused);
}

static bool
on_refused(struct gateway *gateway, struct unpack *in)
{
	struct refused refused;
	struct answer answer;
	struct pending *pending;

	if (!refused_unpack(in, &refused))
		return false;
	if (wishes_are_refused(&refused))
		return true;
	answer = answer_of_refused(&refused);
	pending = waiting(gateway, refused.request, ~0U);
	if (!pending)
		return true;
	if (pending->kind == PENDING_JOIN ||
		pending->kind == PENDING_JOIN_AGAIN ||
		pending->kind == PENDING_JOIN_SINCE)
		talk_join_refused(pending, &refused);
	else if (pending->kind == PENDING_LOGIN)
		login_refused(pending, &refused);
	else if (pending->kind == PENDING_MISSED)
		refuse_missed(pending, &refused);
	else
		answer_and_free(pending, &answer);
	return true;
}

static void
give_page(struct pending *pending, const struct page *page)
{
	struct answer answer = { .kind = ANSWER_PAGE, .page = page };

	switch (pending->kind) {
	case PENDING_MISSED:
		entry_missed(pending, page);
		break;
	case PENDING_CHANGE:
		talk_change_found(pending, page);
		break;
	case PENDING_READ_WITH:
		talk_read_found(pending, page);
		break;
	case PENDING_SEARCH:
		answer.kind = ANSWER_FOUND;
		answer_and_free(pending, &answer);
		break;
	default:
		answer_and_free(pending, &answer);
	}
}

static bool
on_page(struct gateway *gateway, struct unpack *in)
{
	struct page page;
	struct pending *pending;

	if (!page_unpack(in, &page))
		return false;
	pending = waiting(gateway, page.request,
		KIND(PENDING_PAGE) | KIND(PENDING_SEARCH) |
			KIND(PENDING_MISSED) | KIND(PENDING_CHANGE) |
			KIND(PENDING_READ_WITH));
	if (pending)
		give_page(pending, &page);
	return true;
}

static bool
on_members_page(struct gateway *gateway, struct unpack *in)
{
	struct members_page page;
	const struct answer answer = {
		.kind = ANSWER_MEMBERS,
		.members = &page,
	};
	struct pending *pending;

	if (!members_page_unpack(in, &page))
		return false;
	pending = waiting(gateway, page.request, KIND(PENDING_MEMBERS));
	if (pending)
		answer_and_free(pending, &answer);
	return true;
}

static bool
on_rooms_page(struct gateway *gateway, struct unpack *in)
{
	struct rooms_page page;
	struct pending *pending;

	if (!rooms_page_unpack(in, &page))
		return false;
	pending = waiting(gateway, page.request, KIND(PENDING_ROOMS));
	if (pending)
		listing_on_page(pending, &page);
	return true;
}

static bool
on_deliver(
	struct gateway *gateway, const struct letter *letter, struct unpack *in)
{
	struct message message;
	uint64_t retry_ms;

	if (!message_unpack(in, &message))
		return false;
	if (message.kind == STREAM_ROOM && message.offset == 0)
		pass_may(&gateway->edge, &message, gateway->lanes->now_ms,
			&retry_ms);
	deliver_message(gateway, &message, letter->begun_us);
	return true;
}

static bool
on_presence(struct gateway *gateway, struct unpack *in)
{
	struct presence presence;

	if (!presence_unpack(in, &presence))
		return false;
	fanout_presence(gateway, &presence);
	return true;
}

static bool
on_marked(struct gateway *gateway, struct unpack *in)
{
	struct answer answer = { .kind = ANSWER_READ };
	struct pending *pending;
	struct mark mark;

	if (!mark_unpack(in, &mark))
		return false;
	answer.read.offset = mark.offset;
	answer.read.is_of_two = mark.with.length > 0;
	answer.read.with_offset = mark.with_offset;
	pending = waiting(gateway, mark.request, KIND(PENDING_READ));
	if (pending)
		answer_and_free(pending, &answer);
	return true;
}

static bool
on_mark(struct gateway *gateway, struct unpack *in)
{
	struct mark mark;

	if (!mark_unpack(in, &mark))
		return false;
	marks_tell(gateway, &mark);
	return true;
}

static bool
on_roll(struct gateway *gateway, struct unpack *in)
{
	struct roll roll;
	const struct answer answer = { .kind = ANSWER_ROLL, .roll = &roll };
	struct pending *pending;

	if (!roll_unpack(in, &roll))
		return false;
	pending = waiting(gateway, roll.request, KIND(PENDING_ENROL));
	if (pending)
		answer_and_free(pending, &answer);
	return true;
}

static bool
on_kick(struct gateway *gateway, struct unpack *in)
{
	struct kick kick;

	if (!kick_unpack(in, &kick))
		return false;
	kick_take(gateway, &kick);
	return true;
}

static bool
on_arrive(struct gateway *gateway, struct unpack *in)
{
	struct arrival arrival;

	if (!arrival_unpack(in, &arrival))
		return false;
	rivals_meet(gateway, &arrival);
	return true;
}

static bool
on_ban(struct gateway *gateway, struct unpack *in)
{
	struct ban ban;

	if (!ban_unpack(in, &ban))
		return false;
	evictions_take(gateway, &ban);
	return true;
}

static bool
on_announce(
	struct gateway *gateway, const struct letter *letter, struct unpack *in)
{
	struct announce announce;
	int ledger;

	if (!announce_unpack(in, &announce))
		return false;
	announcer_start(gateway, letter->from, announce.life);
	ledger = ledgers_of_slot(&gateway->edge, letter->from);
	if (ledger >= 0)
		asking_again(gateway, (unsigned)ledger);
	return true;
}

void
answers_on_letter(struct gateway *gateway, const struct letter *letter)
{
	static bool (*const readers[LETTER_KIND_COUNT])(
		struct gateway *, struct unpack *) = {
		[LETTER_JOINED] = on_joined,
		[LETTER_BEHIND] = on_behind,
		[LETTER_SAID] = on_said,
		[LETTER_REFUSED] = on_refused,
		[LETTER_PAGE] = on_page,
		[LETTER_MEMBERS_PAGE] = on_members_page,
		[LETTER_ROOMS_PAGE] = on_rooms_page,
		[LETTER_PRESENCE] = on_presence,
		[LETTER_KICK] = on_kick,
		[LETTER_ARRIVE] = on_arrive,
		[LETTER_BAN] = on_ban,
		[LETTER_MARKED] = on_marked,
		[LETTER_MARK] = on_mark,
		[LETTER_ROLL] = on_roll,
		[LETTER_HOOKED] = hooking_take,
	};
	struct unpack in = letter_open(letter);
	bool is_good;

	if (letter->kind == LETTER_ANNOUNCE)
		is_good = on_announce(gateway, letter, &in);
	else if (letter->kind == LETTER_ENLIST)
		is_good = draft_take(gateway, letter, &in);
	else if (letter->kind == LETTER_MOVED)
		is_good = losses_tell(gateway, letter, &in);
	else if (letter->kind == LETTER_WHO_WANTED)
		is_good = register_tell(gateway, letter, &in);
	else if (letter->kind == LETTER_DELIVER)
		is_good = on_deliver(gateway, letter, &in);
	else if (letter->kind < LETTER_KIND_COUNT && readers[letter->kind])
		is_good = readers[letter->kind](gateway, &in);
	else
		is_good = false;
	if (!is_good)
		log_error("a letter %s of slot %u makes no sense here",
			letter_kind_name(letter->kind), letter->from);
}
