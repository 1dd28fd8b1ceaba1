/*
 * Snapshots: while one runs, live items are done at once and kept, too. A page
 * may be older than items that are done already; so after it all kept items
 * that it need not know are done again, which leads to the state of the last
 * one. Items behind the number of a page are kept for the next page, whose
 * number is not smaller.
 */
#include "shared/letter.h"
#include "shared/log.h"
#include "worker/relay/directory.h"
#include "worker/relay/directory_inside.h"
#include "worker/relay/roster.h"

#define KEEP_BYTES 65536

/* A host may have had more sessions than should end at once. */
#define ENDS_A_TURN 4000

static void
note_bad(struct directory *directory)
{
	row_count(directory->edge->row, COUNTER_REMOTE_BAD, 1);
}

void
directory_begin(struct directory *directory, unsigned number)
{
	struct host *host = directory_host(directory, number);

	host->round++;
	host->is_new = true;
	host->is_spoilt = false;
	host->is_lost = host->is_forgotten = false;
	host->is_ending = false;
	buffer_clear(&host->held, KEEP_BYTES);
}

static void
hold(struct host *host, uint64_t number, const struct wire_live_item *item)
{
	struct buffer packed = { 0 };

	if (host->held.length + item->record.length > HELD_BYTES_MAX) {
		buffer_clear(&host->held, KEEP_BYTES);
		host->is_spoilt = true;
	}
	if (host->is_spoilt)
		return;
	wire_live_item_pack(&packed, item);
	pack_number(&host->held, number);
	pack_text(&host->held, buffer_text(&packed));
	buffer_fini(&packed);
}

void
directory_take(struct directory *directory, unsigned number, uint64_t frame,
	const struct wire_live_item *item)
{
	struct host *host = directory_host(directory, number);

	if (!directory_apply(directory, host, item))
		note_bad(directory);
	else if (host->is_new)
		hold(host, frame, item);
}

static void
apply_packed(struct directory *directory, struct host *host, struct text packed)
{
	struct unpack in = unpack_of(packed);
	struct wire_live_item item;

	if (!wire_live_item_unpack(&in, &item) ||
		!directory_apply(directory, host, &item))
		note_bad(directory);
}

/* Those that the page need not know are done again, and kept. */
static void
apply_held(struct directory *directory, struct host *host, uint64_t number)
{
	struct unpack in = unpack_of(buffer_text(&host->held));
	struct buffer kept = { 0 };

	while (in.at < in.end && !in.failed) {
		uint64_t frame = unpack_number(&in);
		struct text packed = unpack_text(&in);

		if (frame <= number)
			continue;
		apply_packed(directory, host, packed);
		pack_number(&kept, frame);
		pack_text(&kept, packed);
	}
	must(!in.failed);
	buffer_fini(&host->held);
	host->held = kept;
}

static void
sweep_stays(struct directory *directory, struct remote *remote, uint32_t round)
{
	for (uint32_t i = remote->stay_count; i-- > 0;)
		if (remote->stays[i]->round != round)
			remote_leave(directory, remote, i,
				&(struct leave){ .lost = 1,
					.info = buffer_text(&remote->info) });
}

static void
sweep(struct directory *directory, const struct host *host)
{
	struct remote *remote, *next;

	DL_FOREACH_SAFE(host->sessions, remote, next)
	{
		if (remote->round != host->round)
			remote_end(directory, &remote, true);
		else
			sweep_stays(directory, remote, host->round);
	}
}

bool
directory_page(struct directory *directory, unsigned number, uint64_t frame,
	struct text items, bool is_last)
{
	struct host *host = directory_host(directory, number);
	struct unpack in = unpack_of(items);

	if (!host->is_new || host->is_spoilt)
		return false;
	while (in.at < in.end && !in.failed) {
		struct text packed = unpack_text(&in);

		if (!in.failed)
			apply_packed(directory, host, packed);
	}
	if (in.failed)
		return false;
	apply_held(directory, host, frame);
	if (!is_last)
		return true;
	host->is_new = false;
	buffer_fini(&host->held);
	sweep(directory, host);
	row_count(directory->edge->row, COUNTER_SNAPSHOTS, 1);
	return true;
}

void
directory_lose(struct directory *directory, unsigned number, uint64_t now_ms)
{
	struct host *host = directory_host(directory, number);

	if (host->is_lost)
		return;
	host->is_lost = true;
	host->lost_ms = now_ms;
}

bool
directory_find(struct directory *directory, unsigned number)
{
	struct host *host = directory_host(directory, number);

	host->is_lost = false;
	return !host->is_forgotten;
}

void
directory_forget(struct directory *directory, unsigned number)
{
	struct host *host = directory_host(directory, number);

	host->is_new = host->is_lost = false;
	host->is_ending = host->is_forgotten = true;
	buffer_fini(&host->held);
}

/* Each of them has had its time to come back. Rooms count, since each costs a
 * letter. */
static void
end_some_of(struct directory *directory, struct host *host, unsigned *most)
{
	while (host->sessions != NULL && *most > 0) {
		struct remote *remote = host->sessions;

		*most -= MIN_OF(*most, 1 + remote->stay_count);
		remote_end(directory, &remote, false);
	}
	host->is_ending = host->sessions != NULL;
}

bool
directory_end_some(struct directory *directory)
{
	unsigned most = ENDS_A_TURN;

	for (unsigned i = 0; i < HOSTS_MAX && most > 0; i++)
		if (directory->hosts[i] != NULL &&
			directory->hosts[i]->is_ending)
			end_some_of(directory, directory->hosts[i], &most);
	return most == 0;
}

void
directory_on_tick(struct directory *directory, uint64_t now_ms)
{
	for (unsigned i = 0; i < HOSTS_MAX; i++) {
		const struct host *host = directory->hosts[i];

		if (host == NULL || !host->is_lost ||
			now_ms < host->lost_ms + ROSTER_UNCERTAIN_MS)
			continue;
		log_warning("host %u has not been heard for %u s: its sessions "
			    "end here",
			i, ROSTER_UNCERTAIN_MS / 1000);
		directory_forget(directory, i);
	}
}
