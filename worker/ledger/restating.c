/*
 * What ledger 0 keeps for the whole cluster, bans and those that
 * were lifted, systems and rolls, is said once more in the journal before the
 * files of the journal go in which it was said last. So whoever reads what
 * there is of the journal knows all of it, however short that is: a host that
 * is new, or was away for long. Those who know it take no notice.
 *
 * It is done so much a tick, and not again before the journal has grown by
 * several times of what was restated; till it is through, nothing goes. Without
 * a relay nobody needs it. After a start it is not known what the journal has,
 * unless that is whole, so all is restated.
 */
#include "shared/arena.h"
#include "shared/bans.h"
#include "shared/bans_writer.h"
#include "shared/base.h"
#include "shared/records.h"
#include "shared/systems.h"
#include "worker/ledger/ledger.h"

#define RECORDS_A_TICK 1000

/* The journal grows by so many times of what is restated before that is done
 * again. */
#define GROWS_TIMES 4

#define KEEP_BYTES 4096

void
restating_begin(struct ledger *ledger)
{
	struct restating *restating = &ledger->restating;

	*restating = (struct restating){ .from = UINT64_MAX };
	if (journal_begin(ledger->journal) == 0)
		restating->from = 0;
}

static bool
is_needed(const struct ledger *ledger)
{
	return ledger->number == 0 && ledger->relay != NO_SLOT;
}

static void
say(struct ledger *ledger, const struct message *message)
{
	ledger->restating.bytes += turn_note(ledger, message);
	ledger->restating.is_out = true;
}

static void
say_ban(struct ledger *ledger, const struct ban *ban)
{
	buffer_clear(&ledger->letter, KEEP_BYTES);
	ban_pack(&ledger->letter, ban);
	say(ledger, &(struct message){ .kind = STREAM_TENANT,
			    .flags = MESSAGE_BAN,
			    .body = buffer_text(&ledger->letter) });
}

/* Each says the one behind a place and moves it; false: there are no more. */

static bool
say_next_ban(struct ledger *ledger, struct restating_place *place)
{
	struct ban_entry entry;
	uint32_t at = bans_next(ledger->arena, (uint32_t)place->number, &entry);
	struct ban ban;

	if (at == BANS_NO_PLACE)
		return false;
	ban = ban_of_entry(&entry);
	ban.what = BAN_SET;
	say_ban(ledger, &ban);
	place->number = at + 1;
	return true;
}

static bool
say_next_lifted(struct ledger *ledger, struct restating_place *place)
{
	struct ban ban;
	uint64_t number =
		bans_writer_next_lifted(ledger->bans, place->number, &ban);

	if (number == 0)
		return false;
	say_ban(ledger, &ban);
	place->number = number;
	return true;
}

static bool
say_next_system(struct ledger *ledger, struct restating_place *place)
{
	struct message message = {
		.kind = STREAM_TENANT,
		.flags = MESSAGE_SYSTEM,
	};

	if (!systems_next(ledger->arena, &place->number, &message.tenant))
		return false;
	say(ledger, &message);
	return true;
}

static bool
say_next_line(struct ledger *ledger, struct restating_place *place)
{
	struct message message;
	struct enrol enrol;

	if (!rolls_next(&ledger->rolls, &place->line, &enrol))
		return false;
	rolls_to_message(&enrol, &message);
	say(ledger, &message);
	return true;
}

static void
say_some(struct ledger *ledger, struct restating_place *place)
{
	static bool (*const say_next[RESTATING_PARTS])(
		struct ledger *, struct restating_place *) = {
		[RESTATING_BANS] = say_next_ban,
		[RESTATING_LIFTED] = say_next_lifted,
		[RESTATING_SYSTEMS] = say_next_system,
		[RESTATING_ROLLS] = say_next_line,
	};

	for (unsigned i = 0; i < RECORDS_A_TICK; i++)
		while (place->part < RESTATING_PARTS &&
			!say_next[place->part](ledger, place))
			*place = (struct restating_place){ place->part + 1, 0,
				NULL };
}

static void
start(struct ledger *ledger)
{
	struct restating *restating = &ledger->restating;

	restating->is_on = true;
	restating->begun = journal_end(ledger->journal);
	restating->bytes = 0;
	restating->held = restating->ahead = (struct restating_place){ 0 };
}

static void
end(struct ledger *ledger)
{
	struct restating *restating = &ledger->restating;

	restating->is_on = false;
	restating->from = restating->begun;
	restating->ended = journal_end(ledger->journal);
}

/* What is staged twice before a batch is made is one piece of it. */
void
restating_tick(struct ledger *ledger)
{
	struct restating *restating = &ledger->restating;

	if (!is_needed(ledger))
		return;
	if (!restating->is_on && restating->from == UINT64_MAX)
		start(ledger);
	if (!restating->is_on)
		return;
	say_some(ledger, &restating->ahead);
	if (!restating->is_out && restating->ahead.part == RESTATING_PARTS)
		end(ledger);
}

void
restating_settle(struct ledger *ledger, enum journal_result result)
{
	struct restating *restating = &ledger->restating;

	if (!restating->is_out)
		return;
	restating->is_out = false;
	if (result == JOURNAL_OK)
		restating->held = restating->ahead;
	else
		restating->ahead = restating->held;
}

uint64_t
restating_keep(struct ledger *ledger, uint64_t position)
{
	struct restating *restating = &ledger->restating;
	uint64_t goes = journal_segment_of(ledger->journal, position);
	uint64_t grown = journal_end(ledger->journal) - restating->ended;

	if (!is_needed(ledger))
		return position;
	if (!restating->is_on && goes > restating->from &&
		grown >= GROWS_TIMES * restating->bytes)
		start(ledger);
	return restating->from == UINT64_MAX
		       ? 0
		       : MIN_OF(position, restating->from);
}
