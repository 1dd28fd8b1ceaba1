/*
 * Systems that register: each goes into the batch, and when that is in the
 * journal it is shown in the arena, so that whoever hears of it finds it. Of
 * two who want one name the first one gets it. A letter that an earlier life
 * has done already is answered as if it were done now.
 */
#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "shared/codes.h"
#include "shared/records.h"
#include "shared/systems.h"
#include "shared/systems_region.h"
#include "worker/ledger/answers_inside.h"
#include "worker/worker.h"

enum system_fate {
	SYSTEM_STAGED,
	SYSTEM_IS_THERE,
	SYSTEM_TOO_MANY,
};

struct system_order {
	struct teller asker;
	uint64_t request, connection;
	enum system_fate fate;
	bool may_be_done; /* by an earlier life */
	size_t length;
	char name[TENANT_BYTES_MAX];
};

static struct text
name_of(const struct system_order *order)
{
	return (struct text){ order->name, order->length };
}

static enum system_fate
judge(const struct ledger *ledger, struct text name)
{
	const struct turn *turn = &ledger->turn;
	size_t staged = 0;

	if (systems_has(ledger->arena, name))
		return SYSTEM_IS_THERE;
	for (size_t i = 0; i < turn->system_count; i++) {
		const struct system_order *order = &turn->systems[i];

		if (order->fate == SYSTEM_STAGED &&
			text_equal(name_of(order), name))
			return SYSTEM_IS_THERE;
		staged += order->fate == SYSTEM_STAGED;
	}
	return systems_count(ledger->arena) + staged < SYSTEMS_MAX
		       ? SYSTEM_STAGED
		       : SYSTEM_TOO_MANY;
}

static void
stage(struct ledger *ledger, struct text name)
{
	const struct message message = {
		.kind = STREAM_TENANT,
		.tenant = name,
		.flags = MESSAGE_SYSTEM,
	};

	turn_note(ledger, &message);
}

void
turn_system_take(struct ledger *ledger, const struct letter *letter)
{
	struct turn *turn = &ledger->turn;
	struct unpack in = letter_open(letter);
	struct registration asked;
	struct system_order order;

	if (!registration_unpack(&in, &asked) || ledger->number != 0 ||
		!systems_is_tenant(asked.tenant)) {
		answers_bad_letter(ledger, letter);
		return;
	}
	order = (struct system_order){
		.asker = answers_sender(letter),
		.request = asked.request,
		.connection = asked.connection,
		.fate = judge(ledger, asked.tenant),
		.may_be_done = worker_letter_end(ledger->worker) <=
			       ledger->taken[letter->from],
		.length = asked.tenant.length,
	};
	memcpy(order.name, asked.tenant.at, asked.tenant.length);
	if (order.fate == SYSTEM_STAGED)
		stage(ledger, asked.tenant);
	turn->systems = base_realloc(turn->systems,
		(turn->system_count + 1) * sizeof(*turn->systems));
	turn->systems[turn->system_count++] = order;
}

static void
refuse(struct ledger *ledger, const struct system_order *order, unsigned code,
	const char *error)
{
	answers_refuse(ledger, order->asker, order->request, order->connection,
		code, error);
}

static void
answer(struct ledger *ledger, const struct system_order *order)
{
	letter_begin(&ledger->letter, LETTER_REGISTERED);
	registration_pack(
		&ledger->letter, &(struct registration){
					 .request = order->request,
					 .connection = order->connection,
					 .tenant = name_of(order),
				 });
	answers_send(ledger, order->asker);
}

static void
finish_one(struct ledger *ledger, const struct system_order *order,
	enum journal_result result)
{
	bool is_there = systems_has(ledger->arena, name_of(order));

	if (order->fate == SYSTEM_TOO_MANY) {
		refuse(ledger, order, CODE_TOO_MANY,
			"there are as many systems as there may be");
	} else if (!is_there && result != JOURNAL_OK) {
		refuse(ledger, order, CODE_NOT_STORED,
			"it was not stored: the disk is full or failed");
	} else if (order->fate == SYSTEM_IS_THERE && !order->may_be_done) {
		refuse(ledger, order, CODE_CONFLICT,
			"there is such a system already");
	} else {
		must(systems_add(ledger->arena, name_of(order)));
		answer(ledger, order);
	}
}

void
turn_system_finish(struct ledger *ledger, enum journal_result result)
{
	struct turn *turn = &ledger->turn;

	for (size_t i = 0; i < turn->system_count; i++)
		finish_one(ledger, &turn->systems[i], result);
	turn->system_count = 0;
}
