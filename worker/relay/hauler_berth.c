#include "worker/relay/hauler_berth.h"

#include "shared/base.h"
#include "shared/letter.h"
#include "shared/records.h"
#include "worker/relay/hauler_office.h"

#define PAUSE_MS_MIN 50
#define PAUSE_MS_MAX 1000
#define LETTER_KEEP_BYTES (1U << 20)
#define ITEMS_KEEP_BYTES (256U * 1024)

void
berth_fini(struct berth *berth)
{
	buffer_fini(&berth->items);
}

void
berth_empty(struct berth *berth)
{
	buffer_clear(&berth->items, ITEMS_KEEP_BYTES);
	berth->item_count = 0;
}

void
berth_told(struct berth *berth)
{
	if (berth->questions)
		berth->questions--;
	if (berth->is_told || berth->questions)
		return;
	berth->is_told = berth->is_refused = true;
	berth->flight_count = 0;
	berth->pause_ms = berth->again_ms = 0;
}

void
berth_doubt(struct berth *berth)
{
	berth->questions = 0; /* what the last life answered is not heard */
	berth->is_told = berth->is_refused = berth->wants_set = false;
	berth->epoch = 0;
	berth->acked = (struct point){ 0, 0 };
	berth->flight_count = 0;
	berth->heard_ms = 0;
}

void
berth_go_back(struct berth *berth)
{
	berth->sent = berth->passed = berth->acked;
	berth->is_refused = berth->wants_set = false;
}

void
berth_asked(struct berth *berth)
{
	unsigned questions = berth->questions + 1;

	berth_doubt(berth);
	berth->questions = questions;
}

bool
berth_is_idle(const struct berth *berth)
{
	return berth->is_told && berth->flight_count == 0;
}

/* Behind a set nothing goes out until it is answered: answers tell where the
 * ledger stands at the end of its turn. */
static bool
is_setting(const struct berth *berth)
{
	size_t last = berth->first_flight + berth->flight_count - 1;

	return berth->flight_count &&
	       berth->flights[last % BERTH_FLIGHTS_MAX].is_set;
}

bool
berth_is_open(const struct berth *berth, const struct berth_source *source)
{
	return berth->is_told && berth->epoch == source->epoch &&
	       !berth->is_refused && !berth->wants_set && !is_setting(berth);
}

static void
add_flight(struct berth *berth, const struct flight *flight)
{
	size_t place = (berth->first_flight + berth->flight_count++) %
		       BERTH_FLIGHTS_MAX;

	must(berth->flight_count <= BERTH_FLIGHTS_MAX);
	berth->flights[place] = *flight;
}

static bool
was_taken(const struct flight *flight, uint64_t epoch, struct point at)
{
	if (epoch != flight->epoch)
		return false;
	return flight->is_set ? point_is_same(at, flight->to)
			      : !point_is_before(at, flight->to);
}

static void
refuse(struct berth *berth, uint64_t now_ms)
{
	if (!berth->is_refused)
		berth->pause_ms = MAX_OF(PAUSE_MS_MIN,
			MIN_OF(2 * berth->pause_ms, PAUSE_MS_MAX));
	berth->is_refused = true;
	berth->again_ms = now_ms + berth->pause_ms;
}

static struct flight
first_flight(struct berth *berth)
{
	struct flight flight = berth->flights[berth->first_flight];

	berth->first_flight = (berth->first_flight + 1) % BERTH_FLIGHTS_MAX;
	berth->flight_count--;
	return flight;
}

/* When no letter is out, a killed ledger's successor has answered one twice. So
 * answers may belong to later letters than we believe; a letter that seems not
 * to be taken therefore waits for a while, and for what is said in between. */
void
berth_take_answer(
	struct berth *berth, uint64_t epoch, struct point at, uint64_t now_ms)
{
	struct flight flight = { .epoch = epoch, .to = berth->sent };

	if (berth->flight_count)
		flight = first_flight(berth);
	berth->heard_ms = now_ms;
	berth->epoch = epoch;
	berth->acked = at;
	if (!was_taken(&flight, epoch, at))
		refuse(berth, now_ms);
	else if (!berth->is_refused)
		berth->pause_ms = 0;
}

static bool
post(struct berth *berth, const struct berth_way *way,
	const struct flight *flight)
{
	const struct hauler_office *office = way->office;

	if (!office->offer(
		    office->self, berth->ledger, letter_end(way->letter)))
		return false;
	if (berth->flight_count == 0)
		berth->heard_ms = way->now_ms;
	add_flight(berth, flight);
	berth->sent_ms = way->now_ms;
	berth->sent = berth->passed = flight->to;
	return true;
}

bool
berth_post_items(
	struct berth *berth, const struct berth_way *way, struct point to)
{
	struct flight flight = { .epoch = way->source->epoch, .to = to };
	struct haul haul = {
		.host = way->source->host,
		.ledger = way->source->ledger,
		.epoch = way->source->epoch,
		.from_position = berth->sent.position,
		.from_index = berth->sent.index,
		.to_position = to.position,
		.to_index = to.index,
		.count = berth->item_count,
		.items = buffer_text(&berth->items),
	};

	if (berth->flight_count == BERTH_FLIGHTS_MAX)
		return false;
	buffer_clear(way->letter, LETTER_KEEP_BYTES);
	letter_begin(way->letter, LETTER_HAUL);
	haul_pack(way->letter, &haul);
	if (!post(berth, way, &flight))
		return false;
	berth_empty(berth);
	return true;
}

bool
berth_post_set(struct berth *berth, const struct berth_way *way,
	struct point goal, uint64_t lost)
{
	struct flight flight = { true, way->source->epoch, goal };
	struct haul_place place = {
		.host = way->source->host,
		.ledger = way->source->ledger,
		.epoch = way->source->epoch,
		.position = goal.position,
		.index = goal.index,
		.lost = lost,
		.archived = lost > 0 ? berth->archived : 0,
	};

	buffer_clear(way->letter, LETTER_KEEP_BYTES);
	letter_begin(way->letter, LETTER_HAUL_SET);
	haul_place_pack(way->letter, &place);
	if (!post(berth, way, &flight))
		return false;
	berth->wants_set = false;
	return true;
}
