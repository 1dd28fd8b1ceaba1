#include "worker/relay/roster.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "shared/arena.h"
#include "shared/base.h"
#include "shared/config.h"
#include "shared/letter.h"
#include "shared/log.h"
#include "shared/records.h"
#include "shared/scoreboard.h"
#include "worker/edge/ledgers.h"
#include "worker/relay/directory.h"
#include "worker/relay/forward.h"
#include "worker/relay/locals.h"
#include "worker/relay/wire.h"

#define KEEP_BYTES 65536

/* At the latest, so that ledgers need not give up waiting. */
#define SETTLE_MS 25000

/* A gateway that is stuck holds up no other host. */
#define WHOLE_MS 5000

struct roster {
	struct edge edge;
	struct locals *locals;
	struct directory *directory;
	struct forward *forward;
	roster_say *say;
	void *self;
	struct buffer item;
	uint64_t opened_ms; /* of the first tick */
	bool is_open;       /* the gateways have been asked */
	bool is_settled;
	bool is_late; /* no gateway is waited for any more */
	bool has_logged_bad;
};

static void
say(void *self, const struct wire_live_item *item)
{
	struct roster *roster = self;

	buffer_clear(&roster->item, KEEP_BYTES);
	wire_live_item_pack(&roster->item, item);
	roster->say(roster->self, buffer_text(&roster->item));
}

struct roster *
roster_new(const struct roster_setting *setting)
{
	struct roster *roster = base_alloc_zeroed(1, sizeof(*roster));

	roster->edge = (struct edge){
		.config = setting->config,
		.arena = setting->arena,
		.slot = setting->slot,
		.life = setting->life,
		.office = setting->office,
	};
	edge_init(&roster->edge);
	roster->say = setting->say;
	roster->self = setting->self;
	roster->locals = locals_new(say, roster);
	roster->directory = directory_new(&roster->edge);
	roster->forward =
		forward_new(&roster->edge, roster->directory, say, roster);
	return roster;
}

void
roster_free(struct roster **roster)
{
	if (*roster == NULL)
		return;
	forward_free(&(*roster)->forward);
	directory_free(&(*roster)->directory);
	locals_free(&(*roster)->locals);
	edge_fini(&(*roster)->edge);
	buffer_fini(&(*roster)->item);
	free(*roster);
	*roster = NULL;
}

/* The life that serves in a slot; 0: none does. One that is just starting has
 * nobody yet. */
static uint32_t
serving(const struct roster *roster, unsigned slot)
{
	const struct row *row = arena_row(roster->edge.arena, slot);
	uint32_t life = atomic_load_explicit(&row->life, memory_order_acquire);
	uint32_t ready =
		atomic_load_explicit(&row->ready_life, memory_order_acquire);

	return life == ready ? life : 0;
}

void
roster_open(struct roster *roster)
{
	struct edge *edge = &roster->edge;
	struct edge_gateways all = edge_gateways(edge);

	roster->is_open = true;
	for (unsigned slot = all.first; slot < all.end; slot++) {
		uint32_t life = serving(roster, slot);

		if (life != 0)
			locals_await(roster->locals, slot, life);
		announce_pack(edge_letter(edge, LETTER_ANNOUNCE),
			&(struct announce){ .life = edge->life });
		edge_send(edge, slot);
	}
}

static bool
on_announce(struct roster *roster, const struct letter *letter)
{
	struct unpack in = letter_open(letter);
	struct announce announce;

	if (!announce_unpack(&in, &announce))
		return false;
	directory_announce(roster->directory, letter->from, announce.life);
	return true;
}

static bool
take_letter(struct roster *roster, const struct letter *letter)
{
	switch (letter->kind) {
	case LETTER_ARRIVE:
	case LETTER_DEPART:
	case LETTER_JOIN:
	case LETTER_LEAVE:
	case LETTER_ANNOUNCED:
		return locals_take(roster->locals, letter);
	case LETTER_ANNOUNCE:
		return on_announce(roster, letter);
	default:
		return forward_letter(roster->forward, letter);
	}
}

static bool
is_ours(unsigned kind)
{
	static const bool ours[LETTER_KIND_COUNT] = {
		[LETTER_ARRIVE] = true,
		[LETTER_DEPART] = true,
		[LETTER_JOIN] = true,
		[LETTER_LEAVE] = true,
		[LETTER_ANNOUNCED] = true,
		[LETTER_ANNOUNCE] = true,
		[LETTER_DELIVER] = true,
		[LETTER_KICK] = true,
		[LETTER_WHO_WANTED] = true,
		[LETTER_ENLIST] = true,
		[LETTER_JOINED] = true,
		[LETTER_REFUSED] = true,
	};

	return kind < LETTER_KIND_COUNT && ours[kind];
}

bool
roster_on_letter(struct roster *roster, const struct letter *letter)
{
	if (!is_ours(letter->kind))
		return false;
	if (!take_letter(roster, letter)) {
		row_count(roster->edge.row, COUNTER_LETTERS_BAD, 1);
		log_error("a letter %s of slot %u makes no sense here",
			letter_kind_name(letter->kind), letter->from);
	}
	return true;
}

void
roster_on_peer(
	struct roster *roster, unsigned slot, uint32_t life, bool is_alive)
{
	struct edge_gateways all = edge_gateways(&roster->edge);

	if (slot < all.first || slot >= all.end)
		return;
	if (is_alive)
		life--; /* whatever was there before is dead */
	locals_lose(roster->locals, slot, life);
}

void
roster_on_wish(struct roster *roster, struct text packed)
{
	struct unpack in = unpack_of(packed);
	struct wish wish;

	if (!wish_unpack(&in, &wish) || !forward_wish(roster->forward, &wish))
		log_error("a wish of the master makes no sense here");
}

bool
roster_on_turn(struct roster *roster)
{
	return directory_go_on(roster->directory);
}

void
roster_settle(struct roster *roster)
{
	if (roster->is_settled)
		return;
	roster->is_settled = true;
	directory_settle(roster->directory);
}

void
roster_on_tick(struct roster *roster, uint64_t now_ms)
{
	if (roster->opened_ms == 0)
		roster->opened_ms = now_ms;
	if (now_ms >= roster->opened_ms + WHOLE_MS)
		roster->is_late = true;
	if (now_ms >= roster->opened_ms + SETTLE_MS)
		roster_settle(roster);
	directory_on_tick(roster->directory, now_ms);
	forward_on_tick(roster->forward, now_ms);
}

uint64_t
roster_page(struct roster *roster, uint64_t after, size_t bytes_max,
	struct buffer *items)
{
	return locals_page(roster->locals, after, bytes_max, items);
}

void
roster_begin(struct roster *roster, unsigned host)
{
	directory_begin(roster->directory, host);
}

bool
roster_snapshot(struct roster *roster, unsigned host, uint64_t number,
	struct text items, bool is_last)
{
	return directory_page(roster->directory, host, number, items, is_last);
}

static bool
is_of_session(uint64_t kind)
{
	return kind == LETTER_ARRIVE || kind == LETTER_DEPART ||
	       kind == LETTER_JOIN || kind == LETTER_LEAVE;
}

static void
note_bad(struct roster *roster, unsigned host)
{
	row_count(roster->edge.row, COUNTER_REMOTE_BAD, 1);
	if (!roster->has_logged_bad)
		log_error("host %u says what nobody here understands; more "
			  "of that is only counted",
			host);
	roster->has_logged_bad = true;
}

void
roster_item(struct roster *roster, unsigned host, uint64_t number,
	struct text packed)
{
	struct unpack in = unpack_of(packed);
	struct wire_live_item item;

	if (!wire_live_item_unpack(&in, &item))
		note_bad(roster, host);
	else if (is_of_session(item.kind))
		directory_take(roster->directory, host, number, &item);
	else if (!forward_item(roster->forward, host, &item))
		note_bad(roster, host);
}

void
roster_lose(struct roster *roster, unsigned host, uint64_t now_ms)
{
	directory_lose(roster->directory, host, now_ms);
	forward_lose(roster->forward, host);
}

bool
roster_find(struct roster *roster, unsigned host)
{
	return directory_find(roster->directory, host);
}

void
roster_forget(struct roster *roster, unsigned host)
{
	forward_lose(roster->forward, host);
	directory_forget(roster->directory, host);
}

bool
roster_is_whole(const struct roster *roster)
{
	return roster->is_late ||
	       (roster->is_open && locals_are_whole(roster->locals));
}

size_t
roster_locals(const struct roster *roster)
{
	return locals_count(roster->locals);
}

size_t
roster_remotes(const struct roster *roster)
{
	return directory_count(roster->directory);
}
