/*
 * Bans: given and lifted by backends, with letters, and by operators, with
 * wishes. Either way they are orders of a turn. Each goes into the batch; when
 * that is in the journal it is shown in the arena, and then gateways are told,
 * so whoever hears of a ban, or asks after that, finds it.
 *
 * A gateway that lives when we begin may not have heard of the last ones: it is
 * told to look at all. A letter that is done twice gives or lifts the same ban
 * again.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "shared/arena.h"
#include "shared/bans.h"
#include "shared/bans_writer.h"
#include "shared/base.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "shared/records.h"
#include "shared/scoreboard.h"
#include "worker/ledger/answers_inside.h"
#include "worker/worker.h"

#define KEEP_BYTES (256U * 1024)

/* Codes of the protocol. */
#define NOT_FOUND 1005
#define NOT_STORED 1008
#define TOO_MANY 1012

enum ban_fate {
	BAN_FATE_STAGED,
	BAN_FATE_NONE_SUCH,
	BAN_FATE_TOO_MANY,
};

struct ban_order {
	struct teller asker; /* NO_SLOT: an operator */
	size_t at, length;   /* of the packed ban, in turn.ban_bytes */
	enum ban_kind kind;
	enum ban_fate fate;
	bool may_be_done; /* by an earlier life */
};

static struct ban
read_order(const struct ledger *ledger, const struct ban_order *order)
{
	const struct buffer *bytes = &ledger->turn.ban_bytes;
	struct unpack in = unpack_of((struct text){
		(char *)bytes->data + order->at, order->length });
	struct ban ban;

	must(ban_unpack(&in, &ban));
	return ban;
}

static size_t
count_staged(const struct turn *turn)
{
	size_t count = 0;

	for (size_t i = 0; i < turn->ban_count; i++)
		count += turn->bans[i].fate == BAN_FATE_STAGED;
	return count;
}

/* Of those of the same turn it is only known that they are some. */
static enum ban_fate
judge(const struct ledger *ledger, const struct ban *ban)
{
	size_t staged = count_staged(&ledger->turn);
	bool is_there = bans_writer_has(ledger->bans, ban);

	if (ban->what == BAN_LIFT && !is_there && staged == 0)
		return BAN_FATE_NONE_SUCH;
	if (ban->what == BAN_SET && !is_there &&
		bans_writer_count(ledger->bans) + staged >= BANS_MAX)
		return BAN_FATE_TOO_MANY;
	return BAN_FATE_STAGED;
}

static void
stage(struct ledger *ledger, struct text packed)
{
	const struct message message = {
		.kind = STREAM_TENANT,
		.flags = MESSAGE_BAN,
		.body = packed,
	};

	turn_note(ledger, &message);
}

/* Before which time tokens count no more by what was said so far, here and in
 * this turn. It only grows until that is lifted, and of two hosts the last word
 * counts; so each word says all of it. */
static uint64_t
issued_so_far(const struct ledger *ledger, const struct ban *ban)
{
	uint64_t issued = bans_writer_issued(ledger->bans, ban);

	for (size_t i = 0; i < ledger->turn.ban_count; i++) {
		const struct ban_order *order = &ledger->turn.bans[i];
		struct ban before;

		if (order->kind != BAN_ISSUED)
			continue;
		before = read_order(ledger, order);
		if (ban_is_same(&before, ban))
			issued = before.what == BAN_SET ? before.issued : 0;
	}
	return issued;
}

static void
take(struct ledger *ledger, struct ban *ban, struct ban_order order)
{
	struct turn *turn = &ledger->turn;
	struct buffer *bytes = &turn->ban_bytes;
	uint64_t least =
		MAX_OF(bans_writer_since(ledger->bans, ban), turn->last_ban_ms);

	/* Of two words the later one counts, so ours is that now. */
	ban->since = MAX_OF(clock_unix_ms(), least + 1);
	turn->last_ban_ms = ban->since;
	if (ban->kind == BAN_ISSUED && ban->what == BAN_SET)
		ban->issued = MAX_OF(ban->issued, issued_so_far(ledger, ban));
	order.kind = (enum ban_kind)ban->kind;
	order.at = bytes->length;
	ban_pack(bytes, ban);
	order.length = bytes->length - order.at;
	order.fate = judge(ledger, ban);
	if (order.fate == BAN_FATE_STAGED)
		stage(ledger, (struct text){ (char *)bytes->data + order.at,
				      order.length });
	turn->bans = base_realloc(
		turn->bans, (turn->ban_count + 1) * sizeof(*turn->bans));
	turn->bans[turn->ban_count++] = order;
}

static bool
is_order(const struct ledger *ledger, const struct ban *ban)
{
	return ledger->bans != NULL && ban_is_sound(ban) &&
	       (ban->what == BAN_SET || ban->what == BAN_LIFT);
}

void
turn_ban_take(struct ledger *ledger, const struct letter *letter)
{
	struct unpack in = letter_open(letter);
	struct ban ban;

	if (!ban_unpack(&in, &ban) || !is_order(ledger, &ban)) {
		answers_bad_letter(ledger, letter);
		return;
	}
	take(ledger, &ban,
		(struct ban_order){
			.asker = answers_sender(letter),
			.may_be_done = worker_letter_end(ledger->worker) <=
				       ledger->taken[letter->from],
		});
}

void
turn_ban_wish(struct ledger *ledger, struct text wish)
{
	struct unpack in = unpack_of(wish);
	struct ban ban;

	if (!ban_unpack(&in, &ban) || !is_order(ledger, &ban)) {
		log_error("a wish of the master makes no sense here");
		return;
	}
	ban.request = 0;
	take(ledger, &ban, (struct ban_order){ .asker = { NO_SLOT, 0 } });
}

static void
tell(struct ledger *ledger, unsigned slot, const struct ban *ban)
{
	uint32_t life = atomic_load_explicit(
		&arena_row(ledger->arena, slot)->life, memory_order_acquire);

	letter_begin(&ledger->letter, LETTER_BAN);
	ban_pack(&ledger->letter, ban);
	answers_send(ledger, (struct teller){ slot, life });
}

static void
tell_all(struct ledger *ledger, const struct ban *ban)
{
	for (unsigned i = 0; i < ledger->gateways; i++)
		tell(ledger, ledger->first_gateway + i, ban);
}

/* false: there is none to be lifted. */
static bool
apply(struct ledger *ledger, const struct ban *ban)
{
	enum bans_change change = bans_writer_take(ledger->bans, ban);

	must(change != BANS_FULL);
	if (change == BANS_GIVEN)
		tell_all(ledger, ban);
	return change != BANS_AS_BEFORE;
}

void
turn_ban_hauled(struct ledger *ledger, struct text packed)
{
	struct unpack in = unpack_of(packed);
	struct ban ban;

	must(ban_unpack(&in, &ban));
	switch (bans_writer_take(ledger->bans, &ban)) {
	case BANS_GIVEN:
		tell_all(ledger, &ban);
		break;
	case BANS_FULL:
		row_count(ledger->row, COUNTER_HAULED_LOST, 1);
		break;
	default:
		break;
	}
}

static void
refuse(struct ledger *ledger, const struct ban_order *order,
	const struct ban *ban, unsigned code, const char *error)
{
	if (order->asker.slot == NO_SLOT)
		log_warning("what the operator orders of bans is refused: %s",
			error);
	else
		answers_refuse(ledger, order->asker, ban->request,
			ban->connection, code, error);
}

static void
answer(struct ledger *ledger, const struct ban_order *order,
	const struct ban *ban)
{
	const struct banned banned = {
		.request = ban->request,
		.connection = ban->connection,
	};

	if (order->asker.slot == NO_SLOT || ban->request == 0)
		return;
	letter_begin(&ledger->letter, LETTER_BANNED);
	banned_pack(&ledger->letter, &banned);
	answers_send(ledger, order->asker);
}

static void
finish_one(struct ledger *ledger, struct ban_order *order,
	enum journal_result result)
{
	const struct ban ban = read_order(ledger, order);

	if (order->fate == BAN_FATE_STAGED && result != JOURNAL_OK) {
		refuse(ledger, order, &ban, NOT_STORED,
			result == JOURNAL_FULL
				? "it was not stored: the disk is full"
				: "it was not stored: the disk failed");
		return;
	}
	if (order->fate == BAN_FATE_STAGED && !apply(ledger, &ban))
		order->fate = BAN_FATE_NONE_SUCH;
	if (order->fate == BAN_FATE_TOO_MANY)
		refuse(ledger, order, &ban, TOO_MANY,
			"there are as many bans as there may be");
	else if (order->fate == BAN_FATE_NONE_SUCH && !order->may_be_done)
		refuse(ledger, order, &ban, NOT_FOUND, "there is no such ban");
	else
		answer(ledger, order, &ban);
}

void
turn_ban_finish(struct ledger *ledger, enum journal_result result)
{
	struct turn *turn = &ledger->turn;

	for (size_t i = 0; i < turn->ban_count; i++)
		finish_one(ledger, &turn->bans[i], result);
	turn->ban_count = 0;
	buffer_clear(&turn->ban_bytes, KEEP_BYTES);
}

void
turn_ban_begin(struct ledger *ledger)
{
	const struct ban look = { .what = BAN_LOOK };

	if (ledger->bans == NULL)
		return;
	bans_writer_expire(ledger->bans, clock_unix_ms());
	bans_writer_publish(ledger->bans);
	if (bans_writer_count(ledger->bans) > 0)
		tell_all(ledger, &look);
}
