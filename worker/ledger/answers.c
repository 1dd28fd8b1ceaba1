#include "shared/base.h"
#include "shared/config.h"
#include "shared/index.h"
#include "shared/log.h"
#include "shared/scoreboard.h"
#include "worker/ledger/ledger.h"
#include "worker/ledger/page.h"
#include "worker/ledger/rooms.h"
#include "worker/worker.h"

/* Codes of the protocol. */
#define UNAVAILABLE 1004
#define TOO_MANY 1012

#define KEEP_BYTES (256U * 1024)

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

	if (request == 0)
		return;
	letter_begin(&ledger->letter, LETTER_REFUSED);
	refused_pack(&ledger->letter, &refused);
	answers_send(ledger, to);
}

static struct teller
sender(const struct letter *letter)
{
	return (struct teller){ letter->from, letter->from_life };
}

/* A large answer that its asker could not take now? */
static bool
is_too_much(struct ledger *ledger, const struct letter *letter,
	uint64_t request, uint64_t connection)
{
	if (worker_overflow_of(ledger->worker, letter->from) <=
		LEDGER_WAITING_MAX)
		return false;
	answers_refuse(ledger, sender(letter), request, connection, UNAVAILABLE,
		"there is too much to be answered, try again");
	return true;
}

static struct stream *
find_room(const struct ledger *ledger, struct text tenant, struct text room)
{
	struct stream_name name;

	stream_name_make(&name, STREAM_ROOM, tenant, room);
	return streams_find(&ledger->streams, &name);
}

/* Tells every gateway that has members of the room. */
static void
send_presence(struct ledger *ledger, const struct presence *presence)
{
	if (!config_room_class(ledger->config, presence->room)->events)
		return;
	letter_begin(&ledger->letter, LETTER_PRESENCE);
	presence_pack(&ledger->letter, presence);
	for (unsigned i = 0; i < ledger->gateways; i++) {
		unsigned slot = ledger->first_gateway + i;

		if (index_has_room(ledger->arena, slot, presence->tenant,
			    presence->room))
			worker_send(ledger->worker, slot,
				letter_end(&ledger->letter));
	}
}

void
answers_members_event(const struct members_event *event, void *ledger)
{
	struct stream_name name;
	struct presence presence = {
		.user = event->user,
		.platform = event->platform,
		.entered = event->has_entered,
		.users = event->users,
	};

	streams_name(event->stream, &name);
	presence.tenant = stream_name_tenant(&name);
	presence.room = stream_name_name(&name);
	send_presence(ledger, &presence);
}

/* While the ledger settles, users and connections are those known so far. */
static void
send_joined(struct ledger *ledger, const struct join *join, struct teller to,
	enum joined_recovery recovery, const struct page *missed)
{
	const struct stream *stream =
		find_room(ledger, join->tenant, join->room);
	struct joined joined = {
		.request = join->request,
		.connection = join->connection,
		.tenant = join->tenant,
		.room = join->room,
		.epoch = ledger->epoch,
		.offset = stream ? stream->top : 0,
		.users = members_users(stream),
		.connections = members_connections(stream),
		.recovery = recovery,
		.count = missed->count,
		.messages = missed->messages,
	};

	letter_begin(&ledger->letter, LETTER_JOINED);
	joined_pack(&ledger->letter, &joined);
	answers_send(ledger, to);
}

static void
send_behind(struct ledger *ledger, const struct join *join, struct teller to)
{
	struct behind behind = {
		.request = join->request,
		.connection = join->connection,
		.offset = find_room(ledger, join->tenant, join->room)->top,
	};

	letter_begin(&ledger->letter, LETTER_BEHIND);
	behind_pack(&ledger->letter, &behind);
	answers_send(ledger, to);
}

/* What the client has missed, in ledger->list and in the page. */
static enum missed
find_missed(struct ledger *ledger, const struct join *join, struct page *page)
{
	enum missed missed;

	buffer_clear(&ledger->list, KEEP_BYTES);
	if (join->from_epoch != ledger->epoch ||
		!config_room_class(ledger->config, join->room)->history)
		return MISSED_GONE;
	missed = page_of_missed(find_room(ledger, join->tenant, join->room),
		join->from_offset, ledger->historian != NO_SLOT,
		ledger->letter_max / 2, &ledger->list, page);
	page->messages = buffer_text(&ledger->list);
	return missed;
}

/* The connection is a member from here on, and is told so. */
static void
let_in(struct ledger *ledger, const struct join *join, struct teller teller,
	enum joined_recovery recovery, const struct page *missed)
{
	struct stream_name name;
	bool has_entered = false;

	stream_name_make(&name, STREAM_ROOM, join->tenant, join->room);
	if (join->flags & JOIN_PRESENCE)
		has_entered = members_join(ledger->members,
			streams_need(&ledger->streams, &name), join, teller);
	if (!(join->flags & JOIN_ANNOUNCED))
		send_joined(ledger, join, teller, recovery, missed);
	if (has_entered)
		send_presence(ledger,
			&(struct presence){
				.tenant = join->tenant,
				.room = join->room,
				.user = join->user,
				.platform = join->platform,
				.entered = 1,
				.users = members_users(
					streams_find(&ledger->streams, &name)),
				.asker_slot = teller.slot,
				.asker_life = teller.life,
				.connection = join->connection,
			});
}

/* All that was missed comes with the answer, or the join has to come again when
 * most of it has been looked up. */
static void
let_in_again(struct ledger *ledger, const struct join *join,
	const struct letter *letter)
{
	struct page missed = { 0 };

	switch (find_missed(ledger, join, &missed)) {
	case MISSED_GONE:
		missed = (struct page){ 0 };
		let_in(ledger, join, sender(letter), RECOVERY_LOST, &missed);
		break;
	case MISSED_MUCH:
		send_behind(ledger, join, sender(letter));
		break;
	case MISSED_TOLD:
		if (missed.count == 0 ||
			!is_too_much(ledger, letter, join->request,
				join->connection))
			let_in(ledger, join, sender(letter), RECOVERY_WHOLE,
				&missed);
		break;
	}
}

static void
do_join(struct ledger *ledger, const struct letter *letter)
{
	struct unpack in = letter_open(letter);
	const struct page nothing = { 0 };
	struct join join;

	if (!join_unpack(&in, &join) ||
		!answers_names_fit(join.tenant, join.room) ||
		join.user.length > USER_BYTES_MAX)
		answers_bad_letter(ledger, letter);
	else if (join.flags & JOIN_RECOVER)
		let_in_again(ledger, &join, letter);
	else
		let_in(ledger, &join, sender(letter), RECOVERY_NONE, &nothing);
}

static void
do_leave(struct ledger *ledger, const struct letter *letter)
{
	struct unpack in = letter_open(letter);
	struct teller teller = sender(letter);
	struct stream_name name;
	struct stream *stream;
	struct leave leave;

	if (!leave_unpack(&in, &leave) ||
		!answers_names_fit(leave.tenant, leave.room) ||
		leave.user.length > USER_BYTES_MAX) {
		answers_bad_letter(ledger, letter);
		return;
	}
	stream_name_make(&name, STREAM_ROOM, leave.tenant, leave.room);
	stream = settling_is_on(ledger) ? streams_need(&ledger->streams, &name)
					: streams_find(&ledger->streams, &name);
	if (stream == NULL || !members_leave(ledger->members, stream, &leave,
				      teller, worker_now_ms(ledger->worker)))
		return;
	send_presence(ledger, &(struct presence){
				      .tenant = leave.tenant,
				      .room = leave.room,
				      .user = leave.user,
				      .platform = leave.platform,
				      .users = members_users(streams_find(
					      &ledger->streams, &name)),
				      .asker_slot = teller.slot,
				      .asker_life = teller.life,
				      .connection = leave.connection,
			      });
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
}

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

static void
do_lookup(struct ledger *ledger, const struct letter *letter)
{
	struct unpack in = letter_open(letter);
	struct page page = { .epoch = ledger->epoch };
	struct stream_name name;
	struct lookup lookup;

	if (!lookup_unpack(&in, &lookup) ||
		!answers_names_fit(lookup.tenant, lookup.stream)) {
		answers_bad_letter(ledger, letter);
		return;
	}
	page.request = lookup.request;
	page.connection = lookup.connection;
	stream_name_make(
		&name, (unsigned)lookup.kind, lookup.tenant, lookup.stream);
	buffer_clear(&ledger->list, KEEP_BYTES);
	if (is_too_much(ledger, letter, lookup.request, lookup.connection))
		return;
	if (!page_from_memory(streams_find(&ledger->streams, &name), &lookup,
		    ledger->historian != NO_SLOT, ledger->letter_max / 2,
		    &ledger->list, &page)) {
		ask_historian(ledger, &lookup, sender(letter));
		return;
	}
	page.messages = buffer_text(&ledger->list);
	letter_begin(&ledger->letter, LETTER_PAGE);
	page_pack(&ledger->letter, &page);
	if (ledger->letter.length > ledger->letter_max)
		answers_refuse(ledger, sender(letter), lookup.request,
			lookup.connection, TOO_MANY,
			"a message is too large to be looked up");
	else
		answers_send(ledger, sender(letter));
}

/* Whatever was said before it is in the journal by now. */
static void
do_search(struct ledger *ledger, const struct letter *letter)
{
	struct unpack in = letter_open(letter);
	struct teller asker = sender(letter);
	struct search search;

	if (!search_unpack(&in, &search) ||
		!answers_names_fit(search.tenant, search.stream)) {
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

/* Who asks for members while they are not known is answered later. */
static bool
must_wait(struct ledger *ledger, const struct letter *letter, uint64_t request,
	uint64_t connection)
{
	if (!settling_is_on(ledger))
		return false;
	if (!settling_hold(ledger, letter))
		answers_refuse(ledger, sender(letter), request, connection,
			UNAVAILABLE,
			"the members are not known yet, try again");
	return true;
}

static void
do_members_wanted(struct ledger *ledger, const struct letter *letter)
{
	struct unpack in = letter_open(letter);
	struct members_wanted wanted;
	struct members_page page = { 0 };

	if (!members_wanted_unpack(&in, &wanted) ||
		!answers_names_fit(wanted.tenant, wanted.room)) {
		answers_bad_letter(ledger, letter);
		return;
	}
	if (must_wait(ledger, letter, wanted.request, wanted.connection) ||
		is_too_much(ledger, letter, wanted.request, wanted.connection))
		return;
	page.request = wanted.request;
	page.connection = wanted.connection;
	buffer_clear(&ledger->list, KEEP_BYTES);
	members_list(find_room(ledger, wanted.tenant, wanted.room), &wanted,
		ledger->letter_max / 2, &ledger->list, &page);
	page.members = buffer_text(&ledger->list);
	letter_begin(&ledger->letter, LETTER_MEMBERS_PAGE);
	members_page_pack(&ledger->letter, &page);
	answers_send(ledger, sender(letter));
}

static void
do_rooms_wanted(struct ledger *ledger, const struct letter *letter)
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
	if (must_wait(ledger, letter, wanted.request, wanted.connection) ||
		is_too_much(ledger, letter, wanted.request, wanted.connection))
		return;
	page.request = wanted.request;
	page.connection = wanted.connection;
	buffer_clear(&ledger->list, KEEP_BYTES);
	rooms_list(&ledger->streams, &wanted, ledger->epoch,
		ledger->letter_max / 2, &ledger->list, &page);
	page.rooms = buffer_text(&ledger->list);
	letter_begin(&ledger->letter, LETTER_ROOMS_PAGE);
	rooms_page_pack(&ledger->letter, &page);
	answers_send(ledger, sender(letter));
}

void
answers_letter(struct ledger *ledger, const struct letter *letter)
{
	static void (*const answers[LETTER_KIND_COUNT])(
		struct ledger *, const struct letter *) = {
		[LETTER_JOIN] = do_join,
		[LETTER_LEAVE] = do_leave,
		[LETTER_ANNOUNCED] = do_announced,
		[LETTER_LOOKUP] = do_lookup,
		[LETTER_MEMBERS_WANTED] = do_members_wanted,
		[LETTER_ROOMS_WANTED] = do_rooms_wanted,
		[LETTER_SEARCH] = do_search,
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
