#include "shared/arena.h"
#include "shared/base.h"
#include "shared/clock.h"
#include "shared/config.h"
#include "shared/index.h"
#include "shared/receipt.h"
#include "worker/ledger/answers_inside.h"
#include "worker/ledger/overlap.h"
#include "worker/worker.h"

#define KEEP_BYTES (256U * 1024)

/* Codes of the protocol. */
#define FORBIDDEN 1003
#define UNAVAILABLE 1004
#define TOO_MANY 1012

/* Tells every gateway that has members of the room. */
static void
send_presence(struct ledger *ledger, const struct presence *presence)
{
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
		.connections = event->connections,
		.info = event->info,
	};

	streams_name(event->stream, &name);
	presence.tenant = stream_name_tenant(&name);
	presence.room = stream_name_name(&name);
	send_presence(ledger, &presence);
}

static unsigned
kind_of(const struct join *join)
{
	return join->flags & JOIN_INBOX ? STREAM_INBOX : STREAM_ROOM;
}

static struct stream *
find_joined(const struct ledger *ledger, const struct join *join)
{
	return answers_find_stream(
		ledger, kind_of(join), join->tenant, join->room);
}

/* Up to where the user has it all. */
static uint64_t
find_read(const struct ledger *ledger, const struct join *join)
{
	char with[RECEIPT_BYTES_MAX];
	struct mark mark = {
		.kind = kind_of(join),
		.tenant = join->tenant,
		.stream = join->room,
		.user = join->user,
	};

	if (join->flags & JOIN_INBOX)
		mark.with = receipt_with(with, join->platform);
	return marks_find(&ledger->marks, &mark);
}

/* What a client gets of what it has missed. */
struct missing {
	enum joined_recovery recovery;
	bool is_of_other; /* it comes from another host */
	uint64_t began;   /* it has all up to this offset, in our stream */
	uint64_t seek; /* that is not known; clock of the first one to come */
	struct page page; /* in ledger->list */
};

/* While the ledger settles, users and connections are those known so far. */
static void
send_joined(struct ledger *ledger, const struct join *join, struct teller to,
	const struct missing *missing)
{
	const struct stream *stream = find_joined(ledger, join);
	struct joined joined = {
		.request = join->request,
		.connection = join->connection,
		.tenant = join->tenant,
		.room = join->room,
		.epoch = ledger->epoch,
		.offset = stream ? stream->top : 0,
		.users = members_users(stream),
		.connections = members_connections(stream),
		.recovery = missing->recovery,
		.count = missing->page.count,
		.messages = missing->page.messages,
		.read = find_read(ledger, join),
		.id_time = MAX_OF(
			ledger->id_time, message_time_of(clock_unix_ms())),
		.id_origin = ledger->origin,
		.is_of_other = missing->is_of_other,
		.began = missing->began,
	};

	letter_begin(&ledger->letter, LETTER_JOINED);
	joined_pack(&ledger->letter, &joined);
	answers_send(ledger, to);
}

static void
send_behind(struct ledger *ledger, const struct join *join,
	const struct missing *missing, struct teller to)
{
	struct behind behind = {
		.request = join->request,
		.connection = join->connection,
		.offset = find_joined(ledger, join)->top,
		.epoch = ledger->epoch,
		.read = find_read(ledger, join),
		.is_of_other = missing->is_of_other,
		.began = missing->began,
		.seek = missing->seek,
	};

	letter_begin(&ledger->letter, LETTER_BEHIND);
	behind_pack(&ledger->letter, &behind);
	answers_send(ledger, to);
}

/* false: it cannot be told what has come to this client on another host. */
static bool
find_overlap(const struct ledger *ledger, const struct join *join,
	uint64_t unix_ms, uint64_t *clock)
{
	const struct overlap_world world = {
		.accords = &ledger->accords,
		.links = ledger->links,
		.host = (unsigned)ledger->config->host_id,
		.unix_ms = unix_ms,
	};
	const struct overlap_place place = { join->from_epoch, join->from_time,
		join->from_origin };

	return overlap_begin(&world, &place, clock);
}

static enum missed
find_missed(
	struct ledger *ledger, const struct join *join, struct missing *missing)
{
	struct page *page = &missing->page;
	struct page_source source = answers_page_source(
		ledger, kind_of(join), join->tenant, join->room);
	uint64_t clock;
	enum missed missed;

	*missing = (struct missing){ .began = join->from_offset };
	buffer_clear(&ledger->list, KEEP_BYTES);
	if (!source.class->history)
		return MISSED_GONE;
	if (join->from_epoch != ledger->epoch) {
		if (!find_overlap(ledger, join, source.unix_ms, &clock))
			return MISSED_GONE;
		missing->is_of_other = true;
		if (!page_begins(&source, clock, &missing->began)) {
			missing->seek = clock;
			return source.has_archive ? MISSED_MUCH : MISSED_GONE;
		}
	}
	missed = page_of_missed(&source, missing->began, &ledger->list, page);
	page->messages = buffer_text(&ledger->list);
	return missed;
}

/* The connection is a member from here on, and is told so. Of an inbox that is
 * of interest to webhooks alone: its gateway knows whose it is. */
static void
let_in(struct ledger *ledger, const struct join *join, struct teller teller,
	const struct missing *missing)
{
	struct stream_name name;
	bool has_entered = false;

	stream_name_make(&name, STREAM_ROOM, join->tenant, join->room);
	if (join->flags & JOIN_INBOX)
		events_login(ledger, join, teller);
	else if (join->flags & JOIN_PRESENCE)
		has_entered = members_join(ledger->members,
			streams_need(&ledger->streams, &name), join, teller);
	if (join->request != 0 && !(join->flags & JOIN_ANNOUNCED))
		send_joined(ledger, join, teller, missing);
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
				.info = join->info,
			});
}

/* All that was missed comes with the answer, or the join has to come again when
 * most of it has been looked up. */
static void
let_in_again(struct ledger *ledger, const struct join *join,
	const struct letter *letter)
{
	struct missing missing;

	switch (find_missed(ledger, join, &missing)) {
	case MISSED_GONE:
		missing = (struct missing){ .recovery = RECOVERY_LOST };
		let_in(ledger, join, answers_sender(letter), &missing);
		break;
	case MISSED_MUCH:
		send_behind(ledger, join, &missing, answers_sender(letter));
		break;
	case MISSED_TOLD:
		missing.recovery = RECOVERY_WHOLE;
		if (missing.page.count == 0 ||
			!answers_are_too_much(ledger, letter, join->request,
				join->connection))
			let_in(ledger, join, answers_sender(letter), &missing);
		break;
	}
}

static void
recover(struct ledger *ledger, struct join *join, const struct letter *letter)
{
	if (join->flags & JOIN_UNREAD) {
		join->from_epoch = ledger->epoch;
		join->from_offset = find_read(ledger, join);
	}
	let_in_again(ledger, join, letter);
}

static bool
is_good(const struct join *join)
{
	return answers_names_fit(join->tenant, join->room) &&
	       join->user.length <= USER_BYTES_MAX &&
	       (!(join->flags & JOIN_INBOX) ||
		       text_equal(join->room, join->user));
}

/* A room whose users are counted has a place for one more, or the user is there
 * already. A member before our time is one in any case, and so is whom another
 * host has let in. */
static bool
has_place(struct ledger *ledger, const struct join *join, struct teller asker)
{
	const struct stream *stream = find_joined(ledger, join);
	int64_t max =
		config_room_class(ledger->config, join->room)->max_members;
	const char *error = "this room has as many members as it may have";
	unsigned code = TOO_MANY;

	if (max == 0 || join->request == 0 ||
		(join->flags & (JOIN_ANNOUNCED | JOIN_INBOX)) ||
		((join->flags & JOIN_PRESENCE) &&
			members_have(stream, join->user)))
		return true;
	if (!(join->flags & JOIN_PRESENCE)) {
		code = FORBIDDEN;
		error = "members of this room are counted: presence must not "
			"be false";
	} else if (settling_is_on(ledger)) {
		code = UNAVAILABLE;
		error = "the members are not known yet, try again";
	} else if (members_users(stream) < (uint64_t)max) {
		return true;
	}
	if (code != UNAVAILABLE)
		row_count(ledger->row,
			code == TOO_MANY ? COUNTER_REFUSED_MEMBERS
					 : COUNTER_REFUSED_PERMISSION,
			1);
	answers_refuse(
		ledger, asker, join->request, join->connection, code, error);
	return false;
}

void
answers_join(struct ledger *ledger, const struct letter *letter)
{
	struct unpack in = letter_open(letter);
	const struct missing nothing = { .recovery = RECOVERY_NONE };
	struct join join;

	if (!join_unpack(&in, &join) || !is_good(&join))
		answers_bad_letter(ledger, letter);
	else if (!has_place(ledger, &join, answers_sender(letter)))
		return;
	else if (join.flags & JOIN_RECOVER)
		recover(ledger, &join, letter);
	else
		let_in(ledger, &join, answers_sender(letter), &nothing);
}

void
answers_leave(struct ledger *ledger, const struct letter *letter)
{
	struct unpack in = letter_open(letter);
	struct teller teller = answers_sender(letter);
	struct stream_name name;
	struct stream *stream;
	struct leave leave;

	if (!leave_unpack(&in, &leave) ||
		!answers_names_fit(leave.tenant, leave.room) ||
		leave.user.length > USER_BYTES_MAX) {
		answers_bad_letter(ledger, letter);
		return;
	}
	if (leave.is_inbox) {
		events_logout(ledger, &leave, teller);
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
				      .info = leave.info,
			      });
}
