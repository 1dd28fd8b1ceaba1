/*
 * `at` is the point up to which the taker has everything; it moves by what
 * comes contiguous and goes back only by repair_rewind() or when the origin has
 * lost its tail. `head` is the farthest point that anything spoke of. While at
 * lies before head and does not move for grace_ms, what follows at is pulled,
 * and again at once for as long as answers bring something.
 *
 * What an answer brings is taken like a frame, whether it was waited for or
 * not; only holes are believed in an answer to the question that is open.
 */
#include "worker/relay/repair.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "shared/table.h"

/* So many pauses after a hole the next one is the first again. */
#define HOLES_CALM 10

struct kept {
	struct kept *prev, *next;
	struct point from, to;
	size_t length;
	char items[];
};

struct repair {
	const struct repair_hooks *hooks;
	void *self;
	const struct repair_limits *limits;
	uint64_t now_ms;
	bool is_open;
	uint64_t epoch;
	struct point at, head;
	struct kept *kept; /* by from, then by to */
	bool is_refused;   /* by the taker, until it has room */

	bool is_pulling;
	struct point asked;
	uint64_t asked_ms;
	bool is_hasty; /* certainly behind: no grace */
	uint64_t pause_ms, paused_until_ms;
	uint64_t moved_ms;       /* at moved, or fell behind */
	uint64_t behind_ms;      /* since when at lies before head */
	uint64_t calm_ms;        /* a hole before then is one of many */
	uint64_t still_until_ms; /* behind which nothing is asked */

	bool is_low; /* heads lie before at */
	uint64_t low_ms;
	struct repair_counts counts;
};

const struct repair_limits repair_usual_limits = {
	.kept_bytes = 4U << 20,
	.grace_ms = 20,
	.timeout_ms = 1000,
	.backoff_ms = 50,
	.backoff_ms_max = 2000,
	.lost_tail_ms = 3000,
	.hole_pause_ms = 1000,
};

struct repair *
repair_new(const struct repair_hooks *hooks, void *self,
	const struct repair_limits *limits)
{
	struct repair *repair = base_alloc_zeroed(1, sizeof(*repair));

	repair->hooks = hooks;
	repair->self = self;
	repair->limits = limits;
	return repair;
}

static size_t
weight(const struct kept *kept)
{
	return sizeof(*kept) + kept->length;
}

static void
drop(struct repair *repair, struct kept *kept)
{
	DL_DELETE(repair->kept, kept);
	repair->counts.kept_bytes -= weight(kept);
	free(kept);
}

static void
drop_all(struct repair *repair)
{
	while (repair->kept)
		drop(repair, repair->kept);
}

void
repair_free(struct repair **repair)
{
	if (*repair == NULL)
		return;
	drop_all(*repair);
	free(*repair);
	*repair = NULL;
}

static bool
is_behind(const struct repair *repair)
{
	return point_is_before(repair->at, repair->head);
}

static void
raise_head(struct repair *repair, struct point head)
{
	if (!point_is_before(repair->head, head))
		return;
	if (!is_behind(repair))
		repair->behind_ms = repair->moved_ms = repair->now_ms;
	repair->head = head;
}

/* Everything up to the point is with the taker, or will never be. */
static void
move(struct repair *repair, struct point at)
{
	repair->at = at;
	repair->head = point_later(repair->head, at);
	repair->moved_ms = repair->now_ms;
	repair->pause_ms = repair->paused_until_ms = 0;
}

/* Offers what lies behind at. */
static void
offer(struct repair *repair, struct point to, struct text items)
{
	if (repair->hooks->deliver(repair->self, repair->at, to, items))
		move(repair, to);
	else
		repair->is_refused = true;
}

static void
offer_kept(struct repair *repair)
{
	struct kept *first;

	while ((first = repair->kept) && !repair->is_refused &&
		!point_is_before(repair->at, first->from)) {
		if (point_is_before(repair->at, first->to))
			offer(repair, first->to,
				(struct text){ first->items, first->length });
		if (!repair->is_refused)
			drop(repair, first);
	}
}

/* Where a frame belongs: the last one that does not come after it. */
static struct kept *
place_of(const struct repair *repair, const struct piece *piece)
{
	struct kept *last = repair->kept ? repair->kept->prev : NULL;

	while (last && point_is_before(piece->from, last->from))
		last = last == repair->kept ? NULL : last->prev;
	return last;
}

/* Puts a frame by. What lies farthest ahead goes when that is too much, but
 * never the first one: the taker has refused it, and would wait for it in vain.
 */
static void
keep(struct repair *repair, const struct piece *piece)
{
	struct kept *before = place_of(repair, piece), *kept;

	if (before && !point_is_before(before->to, piece->to)) {
		repair->counts.known++;
		return;
	}
	kept = base_alloc(sizeof(*kept) + piece->items.length);
	kept->from = piece->from;
	kept->to = piece->to;
	kept->length = piece->items.length;
	if (kept->length)
		memcpy(kept->items, piece->items.at, kept->length);
	if (before)
		DL_APPEND_ELEM(repair->kept, before, kept);
	else
		DL_PREPEND(repair->kept, kept);
	repair->counts.kept_bytes += weight(kept);
	while (repair->counts.kept_bytes > repair->limits->kept_bytes &&
		repair->kept->prev != repair->kept) {
		drop(repair, repair->kept->prev);
		repair->counts.dropped++;
	}
}

static void
take(struct repair *repair, const struct piece *piece)
{
	if (!point_is_before(repair->at, piece->to)) {
		repair->counts.known++;
		return;
	}
	repair->counts.frames++;
	raise_head(repair, piece->to);
	if (!repair->is_refused && !point_is_before(repair->at, piece->from)) {
		offer(repair, piece->to, piece->items);
		if (!repair->is_refused) {
			offer_kept(repair);
			return;
		}
	}
	keep(repair, piece);
}

static void
pull(struct repair *repair)
{
	repair->is_pulling = true;
	repair->asked = repair->at;
	repair->asked_ms = repair->now_ms;
	repair->counts.pulls++;
	repair->hooks->pull(repair->self, repair->at);
}

/* One question at a time, and none while the taker is full. */
static bool
may_pull(const struct repair *repair)
{
	return repair->is_open && !repair->is_refused && !repair->is_pulling &&
	       repair->now_ms >= repair->paused_until_ms &&
	       repair->now_ms >= repair->still_until_ms;
}

static void
pull_if_behind(struct repair *repair)
{
	if (!is_behind(repair)) {
		repair->is_hasty = false;
		return;
	}
	if (may_pull(repair) &&
		(repair->is_hasty || repair->now_ms - repair->moved_ms >=
					     repair->limits->grace_ms))
		pull(repair);
}

/* A question was in vain. */
static void
pause_pulling(struct repair *repair)
{
	repair->is_hasty = false;
	repair->pause_ms = repair->pause_ms ? 2 * repair->pause_ms
					    : repair->limits->backoff_ms;
	repair->pause_ms =
		MIN_OF(repair->pause_ms, repair->limits->backoff_ms_max);
	repair->paused_until_ms = repair->now_ms + repair->pause_ms;
}

void
repair_reset(struct repair *repair, uint64_t epoch, struct point at)
{
	drop_all(repair);
	repair->is_open = true;
	repair->epoch = epoch;
	repair->head = at;
	repair->is_low = false;
	repair->is_refused = repair->is_pulling = false;
	repair->is_hasty = true;
	move(repair, at);
}

void
repair_rewind(struct repair *repair, struct point at)
{
	if (!repair->is_open)
		return;
	if (!is_behind(repair))
		repair->behind_ms = repair->now_ms;
	repair->is_refused = repair->is_pulling = false;
	repair->is_hasty = true;
	move(repair, at);
	offer_kept(repair);
	pull_if_behind(repair);
}

void
repair_room(struct repair *repair)
{
	if (!repair->is_refused)
		return;
	repair->is_refused = false;
	repair->is_hasty = true;
	offer_kept(repair);
	pull_if_behind(repair);
}

void
repair_wake(struct repair *repair)
{
	repair->pause_ms = repair->paused_until_ms = 0;
	repair->is_pulling = false;
	pull_if_behind(repair);
}

static bool
is_of_here(struct repair *repair, uint64_t epoch)
{
	if (repair->is_open && repair->epoch == epoch)
		return true;
	repair->counts.strange++;
	return false;
}

static bool
makes_sense(struct repair *repair, const struct piece *piece)
{
	if (point_is_before(piece->from, piece->to))
		return true;
	repair->counts.strange++;
	return false;
}

void
repair_frame(struct repair *repair, uint64_t epoch, const struct piece *piece)
{
	if (!is_of_here(repair, epoch) || !makes_sense(repair, piece))
		return;
	take(repair, piece);
	pull_if_behind(repair);
}

/* Heads are a little late, so one may lie before what an answer has brought.
 * When they all do for long, the origin may have lost its tail: ask. */
static void
look_for_lost_tail(struct repair *repair, struct point head)
{
	bool is_low = point_is_before(head, repair->at);

	if (is_low && !repair->is_low)
		repair->low_ms = repair->now_ms;
	repair->is_low = is_low;
	if (is_low && may_pull(repair) &&
		repair->now_ms - repair->low_ms >= repair->limits->lost_tail_ms)
		pull(repair);
}

void
repair_head(struct repair *repair, uint64_t epoch, struct point head)
{
	if (!is_of_here(repair, epoch))
		return;
	raise_head(repair, head);
	pull_if_behind(repair);
	look_for_lost_tail(repair, head);
}

/* Of each hole clients are told, so an origin that makes one after the other
 * is asked slowly. */
static void
pause_after_hole(struct repair *repair)
{
	if (repair->now_ms < repair->calm_ms)
		repair->still_until_ms =
			repair->now_ms + repair->limits->hole_pause_ms;
	repair->calm_ms =
		repair->now_ms + HOLES_CALM * repair->limits->hole_pause_ms;
}

/* Goes on at another point without what lies between. */
static void
jump(struct repair *repair, struct point to)
{
	struct point from = repair->at;

	repair->counts.holes++;
	if (point_is_before(from, to))
		repair->counts.lost_bytes += to.position - from.position;
	else
		repair->head = to; /* of a tail that is no more */
	repair->is_low = false;
	repair->is_hasty = true;
	repair->hooks->hole(repair->self, from, to);
	move(repair, to);
	pause_after_hole(repair);
}

/* The origin has not got what follows at, which nothing kept begins at. */
static void
take_gone(struct repair *repair, struct point first)
{
	const struct kept *kept = repair->kept;

	if (point_is_same(first, repair->at)) {
		repair->counts.strange++;
		pause_pulling(repair);
		return;
	}
	if (point_is_before(first, repair->at))
		drop_all(repair);
	else if (kept)
		first = point_earlier(first, kept->from);
	jump(repair, first);
	offer_kept(repair);
}

/* The answer to the open question. */
static void
take_wanted(struct repair *repair, enum piece_state state,
	const struct piece *piece)
{
	bool is_at = point_is_same(piece->from, repair->at);
	struct point before = repair->at;

	if (state == PIECE_GONE && is_at && !repair->is_refused) {
		take_gone(repair, piece->first);
		return;
	}
	if (state == PIECE_END && is_at && !repair->is_refused &&
		point_is_before(piece->to, piece->from)) {
		drop_all(repair);
		jump(repair, piece->to);
		return;
	}
	if ((state == PIECE_SOME || state == PIECE_END) &&
		point_is_before(piece->from, piece->to)) {
		repair->counts.pulled_bytes += piece->items.length;
		take(repair, piece);
	}
	if (point_is_before(before, repair->at)) {
		repair->counts.repairs++;
		repair->is_hasty = true;
	} else if (is_at && !repair->is_refused) {
		pause_pulling(repair);
	}
}

void
repair_answer(struct repair *repair, uint64_t epoch, enum piece_state state,
	const struct piece *piece)
{
	if (!is_of_here(repair, epoch))
		return;
	if (repair->is_pulling && point_is_same(piece->from, repair->asked)) {
		repair->is_pulling = false;
		take_wanted(repair, state, piece);
	} else if ((state == PIECE_SOME || state == PIECE_END) &&
		   point_is_before(piece->from, piece->to)) {
		take(repair, piece);
	} else {
		repair->counts.known++;
	}
	pull_if_behind(repair);
}

void
repair_tick(struct repair *repair, uint64_t now_ms)
{
	repair->now_ms = now_ms;
	if (repair->is_pulling &&
		now_ms - repair->asked_ms >= repair->limits->timeout_ms) {
		repair->is_pulling = false;
		pause_pulling(repair);
	}
	pull_if_behind(repair);
}

struct point
repair_at(const struct repair *repair)
{
	return repair->at;
}

struct point
repair_head_known(const struct repair *repair)
{
	return repair->head;
}

uint64_t
repair_lag_ms(const struct repair *repair)
{
	return is_behind(repair) ? repair->now_ms - repair->behind_ms : 0;
}

const struct repair_counts *
repair_counts(const struct repair *repair)
{
	return &repair->counts;
}
