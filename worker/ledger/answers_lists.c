#include "worker/ledger/answers_inside.h"
#include "worker/ledger/rooms.h"
#include "worker/worker.h"

/* Codes of the protocol. */
#define UNAVAILABLE 1004
#define TOO_MANY 1012

#define KEEP_BYTES (256U * 1024)

static void
ask_historian(struct ledger *ledger, struct lookup *lookup, struct teller asker)
{
	lookup->asker_slot = asker.slot;
	lookup->asker_life = asker.life;
	lookup->epoch = ledger->epoch;
	letter_begin(&ledger->letter, LETTER_LOOKUP);
	lookup_pack(&ledger->letter, lookup);
	if (!worker_offer(ledger->worker, ledger->historian,
		    letter_end(&ledger->letter)))
		answers_refuse(ledger, asker, lookup->request,
			lookup->connection, UNAVAILABLE,
			"the archive has too much to do, try again");
}

/* The other kinds have no history. */
static bool
is_remembered(uint64_t kind)
{
	return kind == STREAM_ROOM || kind == STREAM_INBOX;
}

static bool
is_good(const struct lookup *lookup)
{
	return is_remembered(lookup->kind) &&
	       answers_names_fit(lookup->tenant, lookup->stream) &&
	       lookup->with.length <= USER_BYTES_MAX &&
	       lookup->mode <= LOOKUP_ID;
}

void
answers_lookup(struct ledger *ledger, const struct letter *letter)
{
	struct unpack in = letter_open(letter);
	struct page page = { .epoch = ledger->epoch };
	struct page_source source;
	struct lookup lookup;

	if (!lookup_unpack(&in, &lookup) || !is_good(&lookup)) {
		answers_bad_letter(ledger, letter);
		return;
	}
	page.request = lookup.request;
	page.connection = lookup.connection;
	source = answers_page_source(
		ledger, (unsigned)lookup.kind, lookup.tenant, lookup.stream);
	buffer_clear(&ledger->list, KEEP_BYTES);
	if (answers_are_too_much(
		    ledger, letter, lookup.request, lookup.connection))
		return;
	if (!page_from_memory(&source, &lookup, &ledger->list, &page)) {
		ask_historian(ledger, &lookup, answers_sender(letter));
		return;
	}
	page.messages = buffer_text(&ledger->list);
	letter_begin(&ledger->letter, LETTER_PAGE);
	page_pack(&ledger->letter, &page);
	if (ledger->letter.length > ledger->letter_max)
		answers_refuse(ledger, answers_sender(letter), lookup.request,
			lookup.connection, TOO_MANY,
			"a message is too large to be looked up");
	else
		answers_send(ledger, answers_sender(letter));
}

/* Whatever was said before it is in the journal by now. */
void
answers_search(struct ledger *ledger, const struct letter *letter)
{
	struct unpack in = letter_open(letter);
	struct teller asker = answers_sender(letter);
	struct search search;

	if (!search_unpack(&in, &search) || !is_remembered(search.kind) ||
		!answers_names_fit(search.tenant, search.stream) ||
		search.with.length > USER_BYTES_MAX) {
		answers_bad_letter(ledger, letter);
		return;
	}
	search.asker_slot = asker.slot;
	search.asker_life = asker.life;
	search.epoch = ledger->epoch;
	letter_begin(&ledger->letter, LETTER_SEARCH);
	search_pack(&ledger->letter, &search);
	if (ledger->historian == NO_SLOT ||
		!worker_offer(ledger->worker, ledger->historian,
			letter_end(&ledger->letter)))
		answers_refuse(ledger, asker, search.request, search.connection,
			UNAVAILABLE,
			"the archive has too much to do, try again");
}

/* Who asks for members while they are not known is answered later, and who
 * asks for too much is refused. */
static bool
cannot_tell(struct ledger *ledger, const struct letter *letter,
	uint64_t request, uint64_t connection)
{
	if (!settling_is_on(ledger))
		return answers_are_too_much(
			ledger, letter, request, connection);
	if (!settling_hold(ledger, letter))
		answers_refuse(ledger, answers_sender(letter), request,
			connection, UNAVAILABLE,
			"the members are not known yet, try again");
	return true;
}

void
answers_members_wanted(struct ledger *ledger, const struct letter *letter)
{
	struct unpack in = letter_open(letter);
	struct members_wanted wanted;
	struct members_page page = { 0 };

	if (!members_wanted_unpack(&in, &wanted) ||
		!answers_names_fit(wanted.tenant, wanted.room)) {
		answers_bad_letter(ledger, letter);
		return;
	}
	if (cannot_tell(ledger, letter, wanted.request, wanted.connection))
		return;
	page.request = wanted.request;
	page.connection = wanted.connection;
	buffer_clear(&ledger->list, KEEP_BYTES);
	members_list(answers_find_room(ledger, wanted.tenant, wanted.room),
		&wanted, ledger->letter_max / 2, &ledger->list, &page);
	page.members = buffer_text(&ledger->list);
	letter_begin(&ledger->letter, LETTER_MEMBERS_PAGE);
	members_page_pack(&ledger->letter, &page);
	answers_send(ledger, answers_sender(letter));
}

void
answers_rooms_wanted(struct ledger *ledger, const struct letter *letter)
{
	struct unpack in = letter_open(letter);
	struct rooms_wanted wanted;
	struct rooms_page page = { .ledger = ledger->number };

	if (!rooms_wanted_unpack(&in, &wanted) ||
		wanted.tenant.length > TENANT_BYTES_MAX ||
		wanted.prefix.length > ROOM_BYTES_MAX ||
		wanted.after.length > ROOM_BYTES_MAX) {
		answers_bad_letter(ledger, letter);
		return;
	}
	if (cannot_tell(ledger, letter, wanted.request, wanted.connection))
		return;
	page.request = wanted.request;
	page.connection = wanted.connection;
	buffer_clear(&ledger->list, KEEP_BYTES);
	rooms_list(&ledger->streams, &wanted, ledger->epoch,
		ledger->letter_max / 2, &ledger->list, &page);
	page.rooms = buffer_text(&ledger->list);
	letter_begin(&ledger->letter, LETTER_ROOMS_PAGE);
	rooms_page_pack(&ledger->letter, &page);
	answers_send(ledger, answers_sender(letter));
}
