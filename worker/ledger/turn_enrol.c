/*
 * Who belongs to rooms for good. An enrolment goes into the batch, and onto the
 * roll when that is in the journal; one that is done twice changes nothing. The
 * answer is the whole roll of the user.
 */
#include "shared/base.h"
#include "worker/ledger/answers_inside.h"
#include "worker/worker.h"

/* Codes of the protocol. */
#define NOT_STORED 1008
#define TOO_MANY 1012

static bool
read_letter(const struct letter *letter, struct enrol *enrol)
{
	struct unpack in = letter_open(letter);
	struct enrol named;

	if (!enrol_unpack(&in, enrol))
		return false;
	named = *enrol;
	if (named.room.length == 0)
		named.room = named.user;
	return rolls_are_sound(&named);
}

static void
stage(struct ledger *ledger, const struct enrol *enrol)
{
	struct message message;

	rolls_to_message(enrol, &message);
	turn_note(ledger, &message);
}

/* Those of the same turn are counted as if all were of this user. */
void
turn_enrol_take(struct ledger *ledger, struct task *task)
{
	struct enrol enrol;

	task->fate = FATE_REPEAT;
	if (!read_letter(task->letter, &enrol))
		return; /* said when it is done */
	if (enrol.room.length == 0 || rolls_have(&ledger->rolls, &enrol))
		return;
	task->fate = FATE_FULL;
	if (!rolls_have_room_for(
		    &ledger->rolls, &enrol, ledger->turn.enrol_count))
		return;
	task->fate = FATE_PUBLISH;
	ledger->turn.enrol_count++;
	stage(ledger, &enrol);
}

static void
answer(struct ledger *ledger, const struct letter *letter,
	const struct enrol *enrol, bool is_new)
{
	struct roll roll = {
		.request = enrol->request,
		.connection = enrol->connection,
		.is_new = is_new,
	};

	if (enrol->request == 0)
		return;
	rolls_rooms_of(&ledger->rolls, enrol, &ledger->list, &roll);
	letter_begin(&ledger->letter, LETTER_ROLL);
	roll_pack(&ledger->letter, &roll);
	answers_send(ledger, answers_sender(letter));
}

static void
refuse(struct ledger *ledger, const struct letter *letter,
	const struct enrol *enrol, enum journal_result result)
{
	struct teller asker = answers_sender(letter);

	if (result == JOURNAL_OK)
		answers_refuse(ledger, asker, enrol->request, enrol->connection,
			TOO_MANY, "there are as many members as there may be");
	else
		answers_refuse(ledger, asker, enrol->request, enrol->connection,
			NOT_STORED,
			result == JOURNAL_FULL
				? "it was not stored: the disk is full"
				: "it was not stored: the disk failed");
}

void
turn_enrol_finish(struct ledger *ledger, const struct task *task,
	enum journal_result result)
{
	struct enrol enrol;

	ledger->turn.enrol_count = 0;
	if (!read_letter(task->letter, &enrol)) {
		answers_bad_letter(ledger, task->letter);
	} else if (task->fate == FATE_FULL) {
		refuse(ledger, task->letter, &enrol, JOURNAL_OK);
	} else if (task->fate == FATE_PUBLISH && result != JOURNAL_OK) {
		refuse(ledger, task->letter, &enrol, result);
	} else {
		if (task->fate == FATE_PUBLISH)
			rolls_add(&ledger->rolls, &enrol);
		answer(ledger, task->letter, &enrol,
			task->fate == FATE_PUBLISH);
	}
}

void
turn_enrol_tell(struct ledger *ledger, const struct letter *letter)
{
	struct unpack in = letter_open(letter);
	struct roll_wanted wanted;
	struct roll roll = { 0 };

	if (!roll_wanted_unpack(&in, &wanted) ||
		!text_is_name(wanted.tenant, 0, TENANT_BYTES_MAX) ||
		!text_is_name(wanted.room, 0, ROOM_BYTES_MAX)) {
		answers_bad_letter(ledger, letter);
		return;
	}
	if (answers_are_too_much(
		    ledger, letter, wanted.request, wanted.connection))
		return;
	roll.request = wanted.request;
	roll.connection = wanted.connection;
	rolls_page(&ledger->rolls, &wanted, ledger->letter_max / 2,
		&ledger->list, &roll);
	letter_begin(&ledger->letter, LETTER_ROLL);
	roll_pack(&ledger->letter, &roll);
	answers_send(ledger, answers_sender(letter));
}
