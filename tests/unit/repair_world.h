/*
 * A world for repair: an origin with a journal that forgets, a network that
 * drops, repeats, delays and disorders, and a taker that refuses and goes back.
 * All of it is played from a seed, one step after the other, and every delivery
 * is compared with what the origin has. Used by the unit test and by the
 * torture of repair; included by one program each, so everything is static.
 */
#ifndef TESTS_UNIT_REPAIR_WORLD_H
#define TESTS_UNIT_REPAIR_WORLD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "worker/relay/repair.h"

#define RECORDS_MAX 160
#define FRAME_RECORDS_MAX 8
#define FLYING_MAX 64
#define EPOCHS_MAX 3

/* What the origin has: a record, and the point behind it. Some came to it from
 * elsewhere and do not cross. */
struct world_record {
	struct point behind;
	uint64_t number;
	bool crosses;
};

struct world_origin {
	struct world_record records[RECORDS_MAX];
	size_t count;
	struct point begin, end; /* kept and published */
	struct point live;       /* sent live up to here */
};

enum flying_kind {
	FLYING_FRAME,
	FLYING_HEAD,
	FLYING_PULL,
	FLYING_ANSWER,
};

struct flying {
	enum flying_kind kind;
	enum piece_state state;
	uint64_t epoch;
	struct point from, to, first;
	size_t count;
	struct world_record items[FRAME_RECORDS_MAX];
};

/* How bad things are in one schedule: of a hundred. */
struct world_weather {
	unsigned drop_live, drop_other, repeat, disorder, refuse, restart,
		forget, bad;
	bool is_small; /* memory for two frames */
};

struct world_sums {
	uint64_t delivered, holes, refused, rewinds, pulls, dropped, epochs;
};

static struct world {
	uint64_t seed, random;
	struct world_weather weather;
	struct world_origin origins[EPOCHS_MAX];
	uint64_t epoch; /* of the origin: 1, 2, 3 */
	struct flying flying[FLYING_MAX];
	size_t flying_count;

	struct repair *repair;
	struct repair_limits limits;
	uint64_t now_ms;
	uint64_t taken_epoch;
	struct point taken; /* by the taker, or known to be lost */
	bool is_open, is_refused;
	bool is_asked; /* a pull is open, since then */
	uint64_t asked_ms;
	struct world_sums sums;
} world;

/* What has been seen in all schedules together. */
static struct world_sums world_totals;

static inline void
world_broken(const char *claim, int line)
{
	printf("repair: schedule %llu breaks the promise (line %d): %s\n",
		(unsigned long long)world.seed, line, claim);
	exit(1);
}

#define promise(claim) ((claim) ? (void)0 : world_broken(#claim, __LINE__))

static inline uint64_t
draw(uint64_t below)
{
	world.random ^= world.random << 13;
	world.random ^= world.random >> 7;
	world.random ^= world.random << 17;
	return (world.random >> 11) % below;
}

static inline bool
chance(unsigned percent)
{
	return draw(100) < percent;
}

static inline struct world_origin *
origin_of(uint64_t epoch)
{
	return &world.origins[epoch - 1];
}

static inline struct world_origin *
origin_now(void)
{
	return origin_of(world.epoch);
}

/* The first record that lies behind the point. */
static inline size_t
record_behind(const struct world_origin *origin, struct point at)
{
	size_t low = 0, high = origin->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (point_is_before(at, origin->records[middle].behind))
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* The network. */

static inline void
send(const struct flying *what, unsigned drop_percent)
{
	unsigned copies = chance(drop_percent) ? 0 : 1;

	copies += copies && chance(world.weather.repeat);
	while (copies-- && world.flying_count < FLYING_MAX)
		world.flying[world.flying_count++] = *what;
}

/* What the origin has behind a point, as a frame or an answer. */
static inline void
fill(struct flying *piece, const struct world_origin *origin, size_t records)
{
	size_t i = record_behind(origin, piece->from);

	piece->to = piece->from;
	for (; i < origin->count && records > 0; i++, records--) {
		piece->to = origin->records[i].behind;
		if (origin->records[i].crosses)
			piece->items[piece->count++] = origin->records[i];
	}
	piece->state = i < origin->count ? PIECE_SOME : PIECE_END;
}

static inline void
send_frame(void)
{
	struct world_origin *origin = origin_now();
	struct flying frame = {
		.kind = FLYING_FRAME, .epoch = world.epoch, .from = origin->live
	};

	if (!point_is_before(origin->live, origin->end))
		return;
	fill(&frame, origin, 1 + draw(FRAME_RECORDS_MAX));
	origin->live = frame.to;
	send(&frame, world.weather.drop_live);
}

static inline void
send_head(void)
{
	struct flying head = { .kind = FLYING_HEAD,
		.epoch = world.epoch,
		.to = origin_now()->end };

	send(&head, world.weather.drop_other);
}

static inline void
answer_pull(const struct flying *pull)
{
	struct world_origin *origin = origin_now();
	struct flying answer = { .kind = FLYING_ANSWER,
		.epoch = world.epoch,
		.from = pull->from,
		.to = pull->from,
		.state = PIECE_BAD };

	if (point_is_before(pull->from, origin->begin)) {
		answer.state = PIECE_GONE;
		answer.first = origin->begin;
	} else if (!chance(world.weather.bad)) {
		fill(&answer, origin, 1 + draw(FRAME_RECORDS_MAX));
	}
	send(&answer, world.weather.drop_other);
}

/* The taker, who compares. */

static inline bool
world_deliver(void *self, struct point from, struct point to, struct text items)
{
	const struct world_origin *origin = origin_of(world.taken_epoch);
	const char *at = items.at, *end = items.at + items.length;
	size_t i;

	(void)self;
	promise(world.is_open && !world.is_refused);
	promise(point_is_same(from, world.taken));
	promise(point_is_before(from, to));
	promise(!point_is_before(origin->end, to));
	if (chance(world.weather.refuse)) {
		world.is_refused = true;
		world.sums.refused++;
		return false;
	}
	for (i = record_behind(origin, from); i < origin->count; i++) {
		struct world_record item;

		if (point_is_before(to, origin->records[i].behind))
			break;
		if (!origin->records[i].crosses)
			continue;
		do {
			promise(at < end);
			memcpy(&item, at, sizeof(item));
			at += sizeof(item);
		} while (!point_is_before(from, item.behind));
		promise(item.number == origin->records[i].number);
		world.sums.delivered++;
	}
	for (; at < end; at += sizeof(struct world_record)) {
		struct world_record item;

		memcpy(&item, at, sizeof(item));
		promise(!point_is_before(from, item.behind));
	}
	world.taken = to;
	return true;
}

static inline void
world_hole(void *self, struct point from, struct point first)
{
	const struct world_origin *origin = origin_of(world.taken_epoch);

	(void)self;
	promise(world.is_open && !world.is_refused);
	promise(point_is_same(from, world.taken));
	promise(point_is_before(from, first));
	promise(!point_is_before(origin->begin, first));
	world.taken = first;
	world.sums.holes++;
}

static inline void
world_pull(void *self, struct point from)
{
	struct flying pull = { .kind = FLYING_PULL, .from = from };

	(void)self;
	promise(!world.is_refused);
	promise(point_is_same(from, world.taken));
	promise(!world.is_asked ||
		world.now_ms - world.asked_ms >= world.limits.timeout_ms);
	world.is_asked = true;
	world.asked_ms = world.now_ms;
	world.sums.pulls++;
	send(&pull, world.weather.drop_other);
}

static const struct repair_hooks world_hooks = {
	.deliver = world_deliver,
	.pull = world_pull,
	.hole = world_hole,
};

/* Steps. */

static inline void
arrive(const struct flying *what)
{
	struct piece piece = { .from = what->from,
		.to = what->to,
		.first = what->first,
		.items = { (const char *)what->items,
			what->count * sizeof(what->items[0]) } };

	switch (what->kind) {
	case FLYING_FRAME:
		repair_frame(world.repair, what->epoch, &piece);
		break;
	case FLYING_HEAD:
		repair_head(world.repair, what->epoch, what->to);
		break;
	case FLYING_PULL:
		answer_pull(what);
		break;
	case FLYING_ANSWER:
		if (world.is_asked && what->epoch == world.taken_epoch)
			world.is_asked = false;
		repair_answer(world.repair, what->epoch, what->state, &piece);
		break;
	}
}

static inline void
step_network(void)
{
	struct flying what;
	size_t i = 0;

	if (world.flying_count == 0)
		return;
	if (chance(world.weather.disorder))
		i = draw(world.flying_count);
	what = world.flying[i];
	world.flying_count--;
	memmove(&world.flying[i], &world.flying[i + 1],
		(world.flying_count - i) * sizeof(what));
	arrive(&what);
}

static inline void
step_say(void)
{
	struct world_origin *origin = origin_now();
	size_t count = 1 + draw(4);
	uint64_t position = origin->end.position;

	if (origin->count + count > RECORDS_MAX)
		return;
	for (size_t i = 1; i <= count; i++)
		origin->records[origin->count++] =
			(struct world_record){ { position, i }, world.random,
				!chance(20) };
	origin->end = (struct point){ position + 50 + draw(100), 0 };
	origin->records[origin->count - 1].behind = origin->end;
}

static inline void
step_time(uint64_t ms)
{
	world.now_ms += ms;
	repair_tick(world.repair, world.now_ms);
}

static inline void
step_room(void)
{
	world.is_refused = false;
	repair_room(world.repair);
}

/* The taker has lost what was not yet on its disk. */
static inline void
step_rewind(void)
{
	const struct world_origin *origin = origin_of(world.taken_epoch);
	size_t had = record_behind(origin, world.taken);
	size_t left = had - draw(MIN_OF(had, 12) + 1);

	if (!chance(world.weather.restart) || !world.is_open)
		return;
	world.taken = left ? origin->records[left - 1].behind
			   : (struct point){ 0, 0 };
	world.is_refused = world.is_asked = false;
	world.sums.rewinds++;
	repair_rewind(world.repair, world.taken);
}

static inline void
step_forget(void)
{
	struct world_origin *origin = origin_now();
	size_t i = record_behind(origin, origin->begin);

	if (!chance(world.weather.forget) || i == origin->count)
		return;
	for (i += draw(origin->count - i); i < origin->count; i++)
		if (origin->records[i].behind.index == 0) {
			origin->begin = origin->records[i].behind;
			return;
		}
}

/* The origin's relay is another one: what it sent is lost on its way. */
static inline void
step_restart_origin(void)
{
	if (!chance(world.weather.restart))
		return;
	world.flying_count = 0;
	origin_now()->live = origin_now()->end;
}

static inline void
step_epoch(void)
{
	if (!chance(world.weather.restart) || world.epoch == EPOCHS_MAX)
		return;
	world.epoch++;
	world.sums.epochs++;
}

/* The epoch of the origin has been heard. */
static inline void
step_meet(void)
{
	if (world.is_open && world.taken_epoch == world.epoch)
		return;
	world.is_open = true;
	world.is_refused = world.is_asked = false;
	world.taken_epoch = world.epoch;
	world.taken = (struct point){ 0, 0 };
	repair_reset(world.repair, world.epoch, world.taken);
}

static inline void
step(void)
{
	switch (draw(18)) {
	case 0:
	case 1:
		step_say();
		break;
	case 2:
	case 3:
		send_frame();
		break;
	case 4:
		send_head();
		break;
	case 5:
		step_time(draw(8) ? draw(30) : draw(1500));
		break;
	case 6:
		step_room();
		break;
	case 7:
		step_rewind();
		break;
	case 8:
		step_forget();
		break;
	case 9:
		step_restart_origin();
		break;
	case 10:
		step_epoch();
		step_meet();
		break;
	default:
		step_network();
	}
	promise(repair_counts(world.repair)->kept_bytes <=
		world.limits.kept_bytes + sizeof(struct flying));
	if (world.is_open)
		promise(point_is_same(repair_at(world.repair), world.taken));
}

/* The weather is fine from now on: everything must come, soon. */
static inline void
settle(void)
{
	uint64_t until_ms = world.now_ms + 60000;

	world.weather = (struct world_weather){ 0 };
	step_meet();
	step_room();
	while (!point_is_same(world.taken, origin_now()->end)) {
		promise(world.now_ms < until_ms);
		send_frame();
		send_head();
		for (int i = 0; i < 8; i++)
			step_network();
		step_time(10);
	}
	promise(repair_lag_ms(world.repair) == 0);
}

static inline unsigned
one_of(const unsigned *row, size_t count)
{
	return row[draw(count)];
}

#define ONE_OF(...)                                                            \
	one_of((const unsigned[]){ __VA_ARGS__ },                              \
		ARRAY_LEN(((const unsigned[]){ __VA_ARGS__ })))

static inline void
world_begin(uint64_t seed)
{
	memset(&world, 0, offsetof(struct world, flying));
	for (int i = 0; i < EPOCHS_MAX; i++)
		world.origins[i].count = 0;
	world.flying_count = 0;
	world.seed = seed;
	world.random = (seed + 1) * 0x9e3779b97f4a7c15ULL;
	draw(2);
	world.weather = (struct world_weather){
		.drop_live = ONE_OF(0, 0, 1, 50, 100),
		.drop_other = ONE_OF(0, 5, 30),
		.repeat = ONE_OF(0, 20),
		.disorder = ONE_OF(0, 10, 60),
		.refuse = ONE_OF(0, 10, 60),
		.restart = ONE_OF(0, 10, 40),
		.forget = ONE_OF(0, 5, 50),
		.bad = ONE_OF(0, 10),
		.is_small = ONE_OF(0, 1),
	};
	world.limits = repair_usual_limits;
	if (world.weather.is_small)
		world.limits.kept_bytes = 2 * sizeof(struct flying);
	world.epoch = 1;
	world.now_ms = 1;
	world.is_open = world.is_refused = world.is_asked = false;
	world.taken_epoch = 1;
	world.taken = (struct point){ 0, 0 };
	world.sums = (struct world_sums){ 0 };
	world.repair = repair_new(&world_hooks, NULL, &world.limits);
	step_time(1);
}

static inline void
world_end(void)
{
	world_totals.delivered += world.sums.delivered;
	world_totals.holes += world.sums.holes;
	world_totals.refused += world.sums.refused;
	world_totals.rewinds += world.sums.rewinds;
	world_totals.pulls += world.sums.pulls;
	world_totals.epochs += world.sums.epochs;
	world_totals.dropped += repair_counts(world.repair)->dropped;
	repair_free(&world.repair);
}

/* Plays one schedule to its end; ends the program when a promise is broken. */
static inline void
world_play(uint64_t seed)
{
	unsigned steps;

	world_begin(seed);
	if (chance(90))
		step_meet();
	steps = 30 + (unsigned)draw(200);
	while (steps--)
		step();
	settle();
	world_end();
}

#endif
