#include "shared/base.h"
#include "shared/clock.h"
#include "shared/config.h"
#include "shared/log.h"
#include "shared/scoreboard.h"
#include "worker/ledger/answers_inside.h"
#include "worker/worker.h"

/* A code of the protocol. */
#define UNAVAILABLE 1004

bool
answers_names_fit(struct text tenant, struct text name)
{
	return tenant.length <= TENANT_BYTES_MAX && name.length > 0 &&
	       name.length <= ROOM_BYTES_MAX;
}

void
answers_bad_letter(struct ledger *ledger, const struct letter *letter)
{
	row_count(ledger->row, COUNTER_LETTERS_BAD, 1);
	log_error("a %s letter of slot %u cannot be read",
		letter_kind_name(letter->kind), letter->from);
}

void
answers_send(struct ledger *ledger, struct teller to)
{
	struct letter *letter = letter_end(&ledger->letter);

	must(letter->size <= ledger->letter_max);
	if (worker_is_current(ledger->worker, to.slot, to.life))
		worker_send(ledger->worker, to.slot, letter);
}

void
answers_refuse(struct ledger *ledger, struct teller to, uint64_t request,
	uint64_t connection, unsigned code, const char *error)
{
	struct refused refused = {
		.request = request,
		.connection = connection,
		.code = code,
		.error = text_of(error),
	};

	answers_refuse_with(ledger, to, &refused);
}

void
answers_refuse_with(
	struct ledger *ledger, struct teller to, const struct refused *refused)
{
	if (refused->request == 0)
		return;
	letter_begin(&ledger->letter, LETTER_REFUSED);
	refused_pack(&ledger->letter, refused);
	answers_send(ledger, to);
}

struct teller
answers_sender(const struct letter *letter)
{
	return (struct teller){ letter->from, letter->from_life };
}

bool
answers_are_too_much(struct ledger *ledger, const struct letter *letter,
	uint64_t request, uint64_t connection)
{
	if (worker_overflow_of(ledger->worker, letter->from) <=
		LEDGER_WAITING_MAX)
		return false;
	answers_refuse(ledger, answers_sender(letter), request, connection,
		UNAVAILABLE, "there is too much to be answered, try again");
	return true;
}

struct stream *
answers_find_room(
	const struct ledger *ledger, struct text tenant, struct text room)
{
	return answers_find_stream(ledger, STREAM_ROOM, tenant, room);
}

struct stream *
answers_find_stream(const struct ledger *ledger, unsigned kind,
	struct text tenant, struct text name)
{
	struct stream_name whole;

	stream_name_make(&whole, kind, tenant, name);
	return streams_find(&ledger->streams, &whole);
}

struct page_source
answers_page_source(const struct ledger *ledger, unsigned kind,
	struct text tenant, struct text name)
{
	return (struct page_source){
		.stream = answers_find_stream(ledger, kind, tenant, name),
		.class = config_stream_class(ledger->config, kind, name),
		.has_archive = ledger->historian != NO_SLOT,
		.bytes_max = ledger->letter_max / 2,
		.unix_ms = clock_unix_ms(),
		.host = (unsigned)ledger->config->host_id,
	};
}

static void
do_announced(struct ledger *ledger, const struct letter *letter)
{
	struct unpack in = letter_open(letter);
	struct announced announced;

	if (!announced_unpack(&in, &announced))
		answers_bad_letter(ledger, letter);
	else if (announced.life == worker_life(ledger->worker))
		settling_heard(ledger, letter->from, letter->from_life);
	else if (announced.life == 0)
		settling_told(ledger, letter->from, letter->from_life);
}

void
answers_letter(struct ledger *ledger, const struct letter *letter)
{
	static void (*const answers[LETTER_KIND_COUNT])(
		struct ledger *, const struct letter *) = {
		[LETTER_JOIN] = answers_join,
		[LETTER_LEAVE] = answers_leave,
		[LETTER_ANNOUNCED] = do_announced,
		[LETTER_LOOKUP] = answers_lookup,
		[LETTER_MEMBERS_WANTED] = answers_members_wanted,
		[LETTER_ROOMS_WANTED] = answers_rooms_wanted,
		[LETTER_SEARCH] = answers_search,
		[LETTER_ROLL_WANTED] = turn_enrol_tell,
		[LETTER_HAULS_WANTED] = turn_haul_tell,
		[LETTER_EXTENTS] = answers_extents,
	};

	if (letter->kind >= LETTER_KIND_COUNT ||
		answers[letter->kind] == NULL) {
		answers_bad_letter(ledger, letter);
		return;
	}
	/* The dead need no answer, and their members are gone already. */
	if (worker_is_current(ledger->worker, letter->from, letter->from_life))
		answers[letter->kind](ledger, letter);
}
