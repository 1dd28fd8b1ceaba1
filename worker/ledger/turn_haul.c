/*
 * What was said on other hosts, as the relay brings it: rows of records of one
 * source. Each gets its own places here, goes into the batch with the point
 * behind it, and counts when that is in the journal; turn_haul_item.c judges
 * them one by one. What lies before the point of the source is passed over, and
 * nothing is taken that would leave a gap.
 *
 * So it is the point that decides whether a letter of an earlier life was done,
 * and not how far its ring was read. Only the setting of a point has nothing
 * else to go by: what an earlier life has read is not done again, but told.
 *
 * Each letter is answered by the point that holds after its turn.
 */
#include <inttypes.h>

#include "shared/arena.h"
#include "shared/base.h"
#include "shared/config.h"
#include "shared/log.h"
#include "shared/scoreboard.h"
#include "worker/ledger/answers_inside.h"
#include "worker/ledger/packed.h"
#include "worker/ledger/turn_haul_item.h"
#include "worker/worker.h"

/* A point that moves while nothing comes for us is noted so often: after a kill
 * it must not lie before what the source keeps of its journal. */
#define NOTE_EVERY_MS 30000

static bool
is_of_another_host(const struct ledger *ledger, uint64_t host, uint64_t number)
{
	return hosts_are_sound(host, number) &&
	       host != (uint64_t)ledger->config->host_id;
}

static bool
read_haul(const struct ledger *ledger, const struct letter *letter,
	struct haul *haul)
{
	struct unpack in = letter_open(letter);

	return haul_unpack(&in, haul) &&
	       is_of_another_host(ledger, haul->host, haul->ledger) &&
	       haul->epoch != 0;
}

static bool
read_place(const struct ledger *ledger, const struct letter *letter,
	struct haul_place *place)
{
	struct unpack in = letter_open(letter);

	return haul_place_unpack(&in, place) &&
	       is_of_another_host(ledger, place->host, place->ledger) &&
	       place->ledger < LEDGERS_MAX && place->epoch != 0;
}

/* It goes into the batch; body lies in ledger->letter. */
static void
stage_place(struct ledger *ledger, struct host_source *source,
	const struct haul_place *place)
{
	struct message message;

	hosts_to_message(place, &message, &ledger->letter);
	turn_note(ledger, &message);
	source->noted_ms = worker_now_ms(ledger->worker);
}

/* A gateway that cannot follow is given no more; it comes later. */
static bool
is_too_much(const struct ledger *ledger)
{
	if (worker_overflow(ledger->worker) <= LEDGER_WAITING_MAX)
		return false;
	for (unsigned i = 0; i < ledger->gateways; i++)
		if (worker_overflow_of(ledger->worker,
			    ledger->first_gateway + i) > LEDGER_WAITING_MAX)
			return true;
	return false;
}

static struct host_point
point_of(uint64_t epoch, uint64_t position, uint64_t index)
{
	return (struct host_point){
		.epoch = epoch,
		.position = position,
		.index = index,
	};
}

static void
advance(struct host_source *source, const struct host_point *to)
{
	source->ahead.position = to->position;
	source->ahead.index = to->index;
}

/* The items that are new; a row that breaks off is taken as far as it goes. */
static void
take_items(struct ledger *ledger, struct host_source *source,
	const struct haul *haul)
{
	const struct host_point to =
		point_of(haul->epoch, haul->to_position, haul->to_index);
	struct unpack in = unpack_of(haul->items);
	struct haul_place place;
	bool has_unkept = false;

	while (in.at < in.end) {
		struct unpack one = unpack_of(unpack_text(&in));
		struct haul_item item;
		struct host_point point;

		if (in.failed || !haul_item_unpack(&one, &item)) {
			row_count(ledger->row, COUNTER_HAULED_BAD, 1);
			break;
		}
		point = point_of(haul->epoch, item.position, item.index);
		if (hosts_compare(&point, &source->ahead) <= 0)
			continue;
		if (hosts_compare(&point, &to) > 0) {
			row_count(ledger->row, COUNTER_HAULED_BAD, 1);
			break;
		}
		advance(source, &point);
		hosts_note_last(source, item.position, item.index);
		has_unkept |= !turn_haul_item(ledger, source, item.message);
	}
	if (hosts_compare(&to, &source->ahead) > 0)
		advance(source, &to);
	place = hosts_place(source, &source->ahead);
	if (has_unkept || hosts_is_done(source) ||
		worker_now_ms(ledger->worker) >=
			source->noted_ms + NOTE_EVERY_MS)
		stage_place(ledger, source, &place);
}

void
turn_haul_take(struct ledger *ledger, struct task *task)
{
	struct host_source *source;
	struct host_point from;
	struct haul haul;

	task->packed = ledger->turn.hauled_count;
	task->fate = FATE_BEYOND;
	if (!read_haul(ledger, task->letter, &haul))
		return; /* said when it is done */
	source = hosts_find(&ledger->hosts, haul.host, haul.ledger);
	from = point_of(haul.epoch, haul.from_position, haul.from_index);
	if (source == NULL || source->ahead.epoch != haul.epoch ||
		hosts_compare(&source->ahead, &from) < 0)
		return;
	if (is_too_much(ledger)) {
		task->fate = FATE_TOO_MUCH;
		return;
	}
	task->fate = FATE_PUBLISH;
	take_items(ledger, source, &haul);
	task->hauled = ledger->turn.hauled_count - task->packed;
}

/* Is there nothing to be done? What was lost once is not lost again; but a host
 * that has lost the end of its own journal begins before where it was. */
static bool
is_done(const struct host_source *source, const struct haul_place *place)
{
	const struct host_point point =
		point_of(place->epoch, place->position, place->index);
	int order = hosts_compare(&point, &source->ahead);

	if (source->ahead.epoch != place->epoch)
		return false;
	return place->lost > 0 ? order <= 0 : order == 0;
}

/* What is lost of the journal and may be in the archive there becomes a source;
 * NULL: there is nothing, or no room. */
static struct host_source *
add_hole(struct ledger *ledger, const struct host_point *behind,
	const struct haul_place *set)
{
	struct haul_place place = {
		.host = set->host,
		.epoch = set->epoch,
		.clock = MAX_OF(behind->clock, behind->archived),
		.archived = set->archived,
	};
	struct host_source *hole;

	if (set->lost == 0 || place.clock >= place.archived)
		return NULL;
	hole = hosts_need_hole(
		&ledger->hosts, set->host, set->ledger, set->epoch);
	if (hole == NULL)
		return NULL;
	place.ledger = hole->ledger;
	stage_place(ledger, hole, &place);
	hole->taken = 0;
	hole->ahead = (struct host_point){ .epoch = place.epoch,
		.clock = place.clock,
		.archived = place.archived };
	return hole;
}

/* Goes on at another point. What was taken before is known only in the same
 * life of its store. */
static void
set_point(struct ledger *ledger, struct host_source *source,
	const struct haul_place *place)
{
	struct host_point to =
		point_of(place->epoch, place->position, place->index);
	uint64_t host = source->host, number = source->ledger;
	struct haul_place noted;

	if (source->ahead.epoch == to.epoch) {
		to.clock = source->ahead.clock;
		to.archived = source->ahead.archived;
	}
	if (add_hole(ledger, &to, place) != NULL) {
		source = hosts_find(&ledger->hosts, host, number);
		to.archived = place->archived;
	}
	if (source->ahead.epoch != to.epoch)
		hosts_note_last(source, 0, 0);
	else if (hosts_compare(&to, &source->ahead) < 0)
		hosts_note_last(source, to.position, to.index);
	source->ahead = to;
	noted = hosts_place(source, &to);
	noted.lost = place->lost;
	stage_place(ledger, source, &noted);
}

void
turn_haul_set_take(struct ledger *ledger, struct task *task)
{
	struct host_source *source;
	struct haul_place place;

	if (!read_place(ledger, task->letter, &place))
		return; /* said when it is done */
	source = hosts_need(&ledger->hosts, place.host, place.ledger);
	if (source == NULL)
		task->fate = FATE_FULL;
	else if (worker_letter_end(ledger->worker) <=
		 ledger->taken[task->letter->from])
		task->fate = FATE_DECIDED;
	else if (is_done(source, &place))
		task->fate = FATE_REPEAT;
	if (task->fate != FATE_PUBLISH)
		return;
	set_point(ledger, source, &place);
}

static void
send_place(
	struct ledger *ledger, struct teller to, const struct haul_place *place)
{
	letter_begin(&ledger->letter, LETTER_HAUL_AT);
	haul_place_pack(&ledger->letter, place);
	answers_send(ledger, to);
}

/* What holds now; epoch 0: nothing of this source. */
static void
tell_source(
	struct ledger *ledger, struct teller to, uint64_t host, uint64_t number)
{
	const struct host_source *source =
		hosts_find(&ledger->hosts, host, number);
	struct haul_place place = { .host = host, .ledger = number };

	if (source != NULL)
		place = hosts_place(source, &source->held);
	send_place(ledger, to, &place);
}

void
turn_haul_begin(struct ledger *ledger, enum journal_result result)
{
	if (result == JOURNAL_OK)
		hosts_settle(&ledger->hosts);
	else
		hosts_take_back(&ledger->hosts);
}

/* Every gateway tells its clients that they have to look anew. */
static void
tell_moved(struct ledger *ledger)
{
	static const struct loss loss;

	for (unsigned i = 0; i < ledger->gateways; i++) {
		unsigned slot = ledger->first_gateway + i;

		letter_begin(&ledger->letter, LETTER_MOVED);
		loss_pack(&ledger->letter, &loss);
		worker_send(ledger->worker, slot, letter_end(&ledger->letter));
	}
}

static void
note_filled(struct ledger *ledger, const struct host_source *hole)
{
	log_info("host %" PRIu64 ", ledger %" PRIu64
		 ": what its archive has of what was lost is here, %" PRIu64
		 " messages of it since the start of this process",
		hole->host, hole->ledger % LEDGERS_MAX, hole->taken);
	tell_moved(ledger);
}

/* The letter's messages are in the journal. */
static void
keep_all(
	struct ledger *ledger, const struct task *task, const struct haul *haul)
{
	struct host_source *source =
		hosts_find(&ledger->hosts, haul->host, haul->ledger);
	uint64_t messages = 0;

	for (size_t i = 0; i < task->hauled; i++) {
		const struct hauled *hauled =
			&ledger->turn.hauled[task->packed + i];

		messages += hauled->id_time > 0; /* or it is a note */
		turn_haul_item_done(ledger, hauled);
	}
	if (source == NULL || !hosts_is_hole(source))
		return;
	source->taken += messages;
	if (task->fate == FATE_PUBLISH &&
		haul->from_position < HAUL_ARCHIVE_END &&
		haul->to_position >= HAUL_ARCHIVE_END)
		note_filled(ledger, source);
}

void
turn_haul_finish(struct ledger *ledger, const struct task *task,
	enum journal_result result)
{
	struct haul haul;

	if (!read_haul(ledger, task->letter, &haul)) {
		answers_bad_letter(ledger, task->letter);
		return;
	}
	if (result == JOURNAL_OK)
		keep_all(ledger, task, &haul);
	tell_source(
		ledger, answers_sender(task->letter), haul.host, haul.ledger);
}

static void
note_hole(struct ledger *ledger, const struct haul_place *place)
{
	log_warning("host %" PRIu64 ", ledger %" PRIu64 ": %" PRIu64
		    " bytes of its journal are lost to this host; going on at "
		    "position %" PRIu64,
		place->host, place->ledger, place->lost, place->position);
	row_count(ledger->row, COUNTER_HAUL_HOLES, 1);
	tell_moved(ledger);
}

/* What was lost and is to come from the archive there. */
static void
tell_holes(
	struct ledger *ledger, struct teller to, uint64_t host, uint64_t number)
{
	for (uint64_t i = 1; i <= HOSTS_HOLES_MAX; i++) {
		const struct host_source *hole = hosts_find(
			&ledger->hosts, host, i * LEDGERS_MAX + number);

		if (hole != NULL)
			tell_source(ledger, to, host, hole->ledger);
	}
}

void
turn_haul_set_finish(struct ledger *ledger, const struct task *task,
	enum journal_result result)
{
	struct haul_place place;

	if (!read_place(ledger, task->letter, &place)) {
		answers_bad_letter(ledger, task->letter);
		return;
	}
	if (task->fate == FATE_FULL)
		log_error("host %" PRIu64 ", ledger %" PRIu64
			  ": there are too many other hosts and ledgers",
			place.host, place.ledger);
	if (task->fate == FATE_PUBLISH && result == JOURNAL_OK &&
		place.lost > 0)
		note_hole(ledger, &place);
	tell_holes(
		ledger, answers_sender(task->letter), place.host, place.ledger);
	tell_source(
		ledger, answers_sender(task->letter), place.host, place.ledger);
}

void
turn_haul_again(struct ledger *ledger, const struct message *message)
{
	struct haul_place place;

	if (hosts_of_message(message, &place) &&
		(place.lost > 0 || place.position >= HAUL_ARCHIVE_END))
		tell_moved(ledger);
}

void
turn_haul_end(struct ledger *ledger, enum journal_result result)
{
	struct turn *turn = &ledger->turn;

	for (size_t i = 0; result != JOURNAL_OK && i < turn->hauled_count; i++)
		if (turn->hauled[i].id_time > 0) /* no note */
			turn_take_back(ledger, packed_letter(&turn->packed,
						       turn->hauled[i].packed));
	turn->hauled_count = 0;
}

void
turn_haul_tell(struct ledger *ledger, const struct letter *letter)
{
	const struct haul_place end = { 0 };
	struct unpack in = letter_open(letter);
	struct hauls_wanted wanted;

	if (!hauls_wanted_unpack(&in, &wanted)) {
		answers_bad_letter(ledger, letter);
		return;
	}
	for (size_t i = 0; i < ledger->hosts.count; i++)
		if (ledger->hosts.sources[i].held.epoch != 0)
			tell_source(ledger, answers_sender(letter),
				ledger->hosts.sources[i].host,
				ledger->hosts.sources[i].ledger);
	send_place(ledger, answers_sender(letter), &end);
}
