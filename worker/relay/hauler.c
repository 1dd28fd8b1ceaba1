/*
 * Until every ledger has told where it stands, and stands in the epoch that the
 * source has now, nothing is hauled. Then the row begins at the least of their
 * points, and each item goes to the ledger that keeps its stream, unless that
 * one is past it.
 *
 * A ledger that did not take a letter, or is another life, holds up the row and
 * then is where it goes on from; the others pass over what they know. So does a
 * hole: nothing goes out behind it before every ledger has recorded it.
 */
#include "worker/relay/hauler.h"

#include <inttypes.h>
#include <stdlib.h>

#include "shared/base.h"
#include "shared/log.h"
#include "shared/records.h"
#include "worker/relay/hauler_inside.h"

/* The cursor of a ledger without items moves so often. */
#define EMPTY_EVERY_MS 1000

/* A ledger that answers no letter for so long is asked anew. */
#define SILENT_MS 15000

static const struct point beginning = { 0, 0 };
static const struct point farthest = { UINT64_MAX, UINT64_MAX };

static bool
is_open(struct hauler *hauler)
{
	struct berth *end = hauler_berths_end(hauler);

	for (struct berth *berth = hauler->berths; berth < end; berth++)
		if (!berth_is_open(berth, &hauler->source))
			return false;
	return true;
}

static bool
deliver(void *self, struct point from, struct point to, struct text items)
{
	struct hauler *hauler = self;
	struct berth *end = hauler_berths_end(hauler);

	if (!is_open(hauler) || !hauler_cut(hauler, from, to, items)) {
		hauler->is_blocked = true;
		return false;
	}
	for (struct berth *berth = hauler->berths; berth < end; berth++)
		berth->passed = point_later(berth->passed, to);
	return true;
}

static void
pull(void *self, struct point from)
{
	struct hauler *hauler = self;

	hauler->office->pull(hauler->office->self, hauler->source.host,
		hauler->source.ledger, from);
}

/* How many there are is shown; an origin can make as many as it likes. */
static void
log_hole(struct hauler *hauler, struct point from, struct point first)
{
	if (hauler->now_ms < hauler->log_holes_ms)
		return;
	hauler->log_holes_ms = hauler->now_ms + LOG_AGAIN_MS;
	log_warning("relay: host %u, ledger %u: what lies between %" PRIu64
		    " and %" PRIu64 " of its journal cannot be had any more",
		hauler->source.host, hauler->source.ledger, from.position,
		first.position);
}

static void
hole(void *self, struct point from, struct point first)
{
	struct hauler *hauler = self;
	struct berth *end = hauler_berths_end(hauler);
	bool is_back = point_is_before(first, from);

	log_hole(hauler, from, first);
	for (struct berth *berth = hauler->berths; berth < end; berth++) {
		struct point at = berth->passed;

		if (is_back ? !point_is_before(first, at)
			    : !point_is_before(at, first))
			continue;
		berth->wants_set = true;
		berth->goal = first;
		/* A part of a batch is a loss, too. */
		berth->lost =
			is_back ? 0 : MAX_OF(first.position - at.position, 1);
		berth->archived = hauler->archived;
	}
}

static const struct repair_hooks hooks = {
	.deliver = deliver,
	.pull = pull,
	.hole = hole,
};

struct hauler *
hauler_new(const struct hauler_office *office, unsigned host, unsigned ledger)
{
	struct hauler *hauler = base_alloc_zeroed(
		1, sizeof(*hauler) + office->ledgers * sizeof(struct berth));

	hauler->office = office;
	hauler->source.host = host;
	hauler->source.ledger = ledger;
	hauler->repair = repair_new(&hooks, hauler, &repair_usual_limits);
	for (unsigned i = 0; i < office->ledgers; i++)
		hauler->berths[i].ledger = i;
	return hauler;
}

void
hauler_free(struct hauler **hauler)
{
	if (*hauler == NULL)
		return;
	for (unsigned i = 0; i < (*hauler)->office->ledgers; i++)
		berth_fini(&(*hauler)->berths[i]);
	repair_free(&(*hauler)->repair);
	buffer_fini(&(*hauler)->letter);
	buffer_fini(&(*hauler)->smaller);
	free(*hauler);
	*hauler = NULL;
}

unsigned
hauler_host(const struct hauler *hauler)
{
	return hauler->source.host;
}

unsigned
hauler_ledger(const struct hauler *hauler)
{
	return hauler->source.ledger;
}

void
hauler_meet(struct hauler *hauler, uint64_t epoch)
{
	struct berth *end = hauler_berths_end(hauler);

	if (hauler->source.epoch == epoch) {
		repair_wake(hauler->repair);
		return;
	}
	hauler->source.epoch = epoch;
	hauler->is_running = false;
	for (struct berth *berth = hauler->berths; berth < end; berth++)
		berth->wants_set = false;
}

void
hauler_frame(struct hauler *hauler, uint64_t epoch, const struct piece *piece)
{
	if (hauler->is_running)
		repair_frame(hauler->repair, epoch, piece);
}

void
hauler_head(struct hauler *hauler, uint64_t epoch, struct point head)
{
	if (hauler->is_running)
		repair_head(hauler->repair, epoch, head);
}

void
hauler_answer(struct hauler *hauler, uint64_t epoch, enum piece_state state,
	const struct piece *piece)
{
	hauler->archived = piece->clock;
	if (hauler->is_running)
		repair_answer(hauler->repair, epoch, state, piece);
}

void
hauler_at(
	struct hauler *hauler, unsigned ledger, const struct haul_place *place)
{
	struct point at = { place->position, place->index };
	struct berth *berth;

	if (ledger >= hauler->office->ledgers)
		return;
	berth = &hauler->berths[ledger];
	if (!berth->is_told) {
		berth->epoch = place->epoch;
		berth->acked = at;
	} else {
		berth_take_answer(berth, place->epoch, at, hauler->now_ms);
	}
}

void
hauler_told(struct hauler *hauler, unsigned ledger)
{
	if (ledger < hauler->office->ledgers)
		berth_told(&hauler->berths[ledger]);
}

void
hauler_doubt(struct hauler *hauler, unsigned ledger)
{
	if (ledger < hauler->office->ledgers)
		berth_doubt(&hauler->berths[ledger]);
}

void
hauler_asked(struct hauler *hauler, unsigned ledger)
{
	if (ledger < hauler->office->ledgers)
		berth_asked(&hauler->berths[ledger]);
}

/* Those that did not take a letter, or have told anew, go on from where they
 * stand. Returns whether there are any. */
static bool
go_back(struct hauler *hauler)
{
	struct berth *end = hauler_berths_end(hauler);
	bool is_any = false;

	for (struct berth *berth = hauler->berths; berth < end; berth++) {
		if (!berth->is_refused || !berth_is_idle(berth) ||
			hauler->now_ms < berth->again_ms)
			continue;
		berth_go_back(berth);
		is_any = true;
	}
	return is_any;
}

static struct point
least_passed(struct hauler *hauler)
{
	struct berth *end = hauler_berths_end(hauler);
	struct point least = farthest;

	for (struct berth *berth = hauler->berths; berth < end; berth++)
		least = point_earlier(least, berth->passed);
	return least;
}

/* Brings all ledgers to the epoch of the source, and then begins. */
static void
prepare(struct hauler *hauler)
{
	struct berth *end = hauler_berths_end(hauler);
	struct berth_way way = hauler_way(hauler);
	bool is_ready = true;

	for (struct berth *berth = hauler->berths; berth < end; berth++) {
		if (berth_is_idle(berth) && !berth->is_refused &&
			berth->epoch == hauler->source.epoch) {
			berth_go_back(berth);
			continue;
		}
		is_ready = false;
		if (berth_is_idle(berth) && !berth->is_refused)
			hauler->counts.sets +=
				berth_post_set(berth, &way, beginning, 0);
	}
	if (!is_ready)
		return;
	hauler->is_running = true;
	hauler->is_blocked = false;
	repair_reset(
		hauler->repair, hauler->source.epoch, least_passed(hauler));
}

/* Stands a ledger in another epoch? It has lost its journal, then. */
static bool
is_out_of_epoch(struct hauler *hauler)
{
	struct berth *end = hauler_berths_end(hauler);

	for (struct berth *berth = hauler->berths; berth < end; berth++)
		if (berth_is_idle(berth) && !berth->is_refused &&
			berth->epoch != hauler->source.epoch)
			return true;
	return false;
}

/* What single ledgers are to be told: a hole, or a point without items. */
static void
tell(struct hauler *hauler, struct berth *berth)
{
	struct berth_way way = hauler_way(hauler);

	if (!berth_is_idle(berth) || berth->is_refused)
		return;
	if (berth->wants_set) {
		hauler->counts.sets +=
			berth_post_set(berth, &way, berth->goal, berth->lost);
	} else if (point_is_before(berth->sent, berth->passed) &&
		   hauler->now_ms - berth->sent_ms >= EMPTY_EVERY_MS) {
		berth_empty(berth);
		hauler_post_items(hauler, berth, berth->passed);
	}
}

/* Waits something for this ledger for so long? */
static bool
is_silent(struct hauler *hauler, struct berth *berth)
{
	if (berth->is_told && berth->flight_count == 0)
		return false;
	if (berth->heard_ms == 0)
		berth->heard_ms = hauler->now_ms;
	return hauler->now_ms - berth->heard_ms >= SILENT_MS;
}

/* A ledger that a letter was lost to, however that came, is asked where it
 * stands. */
static void
ask_silent(struct hauler *hauler)
{
	for (unsigned i = 0; i < hauler->office->ledgers; i++) {
		struct berth *berth = &hauler->berths[i];

		if (!is_silent(hauler, berth))
			continue;
		hauler->counts.silent++;
		berth_doubt(berth);
		hauler->office->ask(hauler->office->self, i);
	}
}

void
hauler_turn(struct hauler *hauler, uint64_t now_ms)
{
	struct berth *end = hauler_berths_end(hauler);
	bool is_back;

	hauler->now_ms = now_ms;
	repair_tick(hauler->repair, now_ms);
	ask_silent(hauler);
	is_back = go_back(hauler);
	if (hauler->source.epoch == 0)
		return;
	if (!hauler->is_running || is_out_of_epoch(hauler)) {
		hauler->is_running = false;
		prepare(hauler);
		return;
	}
	if (is_back) {
		hauler->counts.rewinds++;
		hauler->is_blocked = false;
		repair_rewind(hauler->repair, least_passed(hauler));
	}
	for (struct berth *berth = hauler->berths; berth < end; berth++)
		tell(hauler, berth);
	if (hauler->is_blocked && is_open(hauler)) {
		hauler->is_blocked = false;
		repair_room(hauler->repair);
	}
}

struct point
hauler_acked(const struct hauler *hauler)
{
	struct point least = farthest;

	for (unsigned i = 0; i < hauler->office->ledgers; i++)
		least = point_earlier(least, hauler->berths[i].acked);
	return least;
}

const struct repair *
hauler_repair(const struct hauler *hauler)
{
	return hauler->repair;
}

const struct hauler_counts *
hauler_counts(const struct hauler *hauler)
{
	return &hauler->counts;
}
