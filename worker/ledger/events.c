/*
 * What webhooks want to hear, from whom knows it: members_watch() tells of
 * rooms (enter, exit, occupied, vacated) and, of a second set of members whose
 * streams are inboxes, of logins (online, offline). That one is empty as long
 * as no tenant wants to hear of it: gateways know, and say so with their joins.
 *
 * Messages are not told here: the api follows the journal for them.
 */
#include <stdatomic.h>

#include "shared/arena.h"
#include "shared/base.h"
#include "shared/clock.h"
#include "shared/config.h"
#include "shared/index.h"
#include "shared/journal.h"
#include "shared/scoreboard.h"
#include "worker/ledger/ledger.h"
#include "worker/worker.h"

/* What is kept of the journal for webhooks that are behind. */
#define FOLLOWED_BYTES_MAX (1ULL << 30)

static bool
wants(const struct ledger *ledger, struct text tenant, enum webhook_event what)
{
	const struct tenant *found = config_tenant(ledger->config, tenant);

	return found != NULL && found->event_mask & 1u << what;
}

uint64_t
events_waiting(const struct ledger *ledger)
{
	if (ledger->first_api == NO_SLOT)
		return 0;
	return worker_overflow_of(ledger->worker, ledger->first_api);
}

/* A dead api leaves its ring to its successor. */
static void
tell(struct ledger *ledger, struct news news)
{
	if (!wants(ledger, news.tenant, (enum webhook_event)news.what))
		return;
	if (ledger->first_api == NO_SLOT ||
		events_waiting(ledger) > LEDGER_WAITING_MAX) {
		row_count(ledger->row, COUNTER_EVENTS_DROPPED, 1);
		return;
	}
	news.time = clock_unix_ms();
	letter_begin(&ledger->letter, LETTER_NEWS);
	news_pack(&ledger->letter, &news);
	worker_send(
		ledger->worker, ledger->first_api, letter_end(&ledger->letter));
}

/* The first one occupies the room before he enters; it is vacated when the last
 * one has gone. */
static void
on_room(const struct members_change *change, void *self)
{
	struct ledger *ledger = self;
	struct stream_name name;
	struct news news = {
		.what = change->has_entered ? EVENT_ENTER : EVENT_EXIT,
		.user = change->user,
		.platform = change->platform,
		.users = change->users,
	};
	struct news of_room = {
		.what = change->has_entered ? EVENT_OCCUPIED : EVENT_VACATED,
		.users = change->users,
	};

	if (change->slot == ledger->relay)
		return; /* his host tells of him */
	streams_name(change->stream, &name);
	news.tenant = of_room.tenant = stream_name_tenant(&name);
	news.room = of_room.room = stream_name_name(&name);
	if (change->has_entered && change->users == 1)
		tell(ledger, of_room);
	tell(ledger, news);
	if (!change->has_entered && change->users == 0)
		tell(ledger, of_room);
}

/* Who is connected to another host, too, has been online before and still is.
 */
static bool
is_elsewhere(const struct ledger *ledger, struct text tenant, struct text user)
{
	return ledger->relay != NO_SLOT &&
	       index_has_user(ledger->arena, ledger->relay, tenant, user);
}

static void
on_attendance(const struct members_change *change, void *self)
{
	struct stream_name name;
	struct news news = {
		.what = change->has_entered ? EVENT_ONLINE : EVENT_OFFLINE,
		.user = change->user,
		.platform = change->platform,
	};

	streams_name(change->stream, &name);
	news.tenant = stream_name_tenant(&name);
	if (!is_elsewhere(self, news.tenant, news.user))
		tell(self, news);
}

void
events_begin(struct ledger *ledger)
{
	ledger->first_api = NO_SLOT;
	if (arena_role_count(ledger->arena, ROLE_API) > 0)
		ledger->first_api = arena_role_first(ledger->arena, ROLE_API);
	ledger->attendance = members_new(&ledger->streams,
		(uint64_t)ledger->config->grace_seconds, NULL, NULL);
	members_watch(ledger->members, on_room, ledger);
	members_watch(ledger->attendance, on_attendance, ledger);
}

void
events_end(struct ledger *ledger)
{
	members_free(&ledger->attendance);
}

void
events_login(
	struct ledger *ledger, const struct join *join, struct teller teller)
{
	struct stream_name name;

	if (!(join->flags & JOIN_ATTEND))
		return;
	stream_name_make(&name, STREAM_INBOX, join->tenant, join->user);
	members_join(ledger->attendance, streams_need(&ledger->streams, &name),
		join, teller);
}

void
events_logout(
	struct ledger *ledger, const struct leave *leave, struct teller teller)
{
	struct stream_name name;
	struct stream *stream;

	stream_name_make(&name, STREAM_INBOX, leave->tenant, leave->user);
	stream = settling_is_on(ledger) ? streams_need(&ledger->streams, &name)
					: streams_find(&ledger->streams, &name);
	if (stream != NULL)
		members_leave(ledger->attendance, stream, leave, teller,
			worker_now_ms(ledger->worker));
}

/* One that stays behind too far, or will never come back, keeps no more than so
 * much. */
uint64_t
events_followed(const struct ledger *ledger)
{
	uint64_t end = journal_end(ledger->journal), least = 0, position;

	if (end > FOLLOWED_BYTES_MAX)
		least = end - FOLLOWED_BYTES_MAX;
	if (ledger->first_api == NO_SLOT)
		return UINT64_MAX;
	position = atomic_load_explicit(
		&arena_row(ledger->arena, ledger->first_api)
			 ->archived[ledger->number],
		memory_order_acquire);
	return position == 0 ? UINT64_MAX : MAX_OF(position - 1, least);
}
