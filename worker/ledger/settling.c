#include <stdatomic.h>
#include <stdlib.h>

#include "shared/arena.h"
#include "shared/log.h"
#include "worker/ledger/ledger.h"
#include "worker/worker.h"

#define HELD_BYTES_MAX (4U * 1024 * 1024)

/* So long a new relay may take to find the other hosts again. */
#define ELSEWHERE_MS 30000

/* The life that serves in a slot, 0 when none does. One that begins to serve
 * later has not told an earlier ledger anything. */
static uint32_t
serving_life(const struct ledger *ledger, unsigned slot)
{
	const struct row *row = arena_row(ledger->arena, slot);
	uint32_t life =
		atomic_load_explicit(&row->ready_life, memory_order_acquire);

	return worker_is_current(ledger->worker, slot, life) ? life : 0;
}

static void
ask(struct ledger *ledger, unsigned slot, uint32_t life)
{
	struct announce announce = { .ledger = ledger->number,
		.life = worker_life(ledger->worker) };

	letter_begin(&ledger->letter, LETTER_ANNOUNCE);
	announce_pack(&ledger->letter, &announce);
	answers_send(ledger, (struct teller){ slot, life });
}

/* Those who tell of members: the gateways and, behind them, the relay. */
static unsigned
tellers(const struct ledger *ledger)
{
	return ledger->gateways + (ledger->relay != NO_SLOT);
}

static unsigned
slot_of(const struct ledger *ledger, unsigned teller)
{
	return teller < ledger->gateways ? ledger->first_gateway + teller
					 : ledger->relay;
}

/* Which one is in this slot; as many as there are: none. */
static unsigned
teller_of(const struct ledger *ledger, unsigned slot)
{
	if (slot == ledger->relay)
		return ledger->gateways;
	return MIN_OF(slot - ledger->first_gateway, ledger->gateways + 1);
}

void
settling_begin(struct ledger *ledger)
{
	struct settling *settling = &ledger->settling;

	settling->awaited =
		base_alloc_zeroed(tellers(ledger), sizeof(uint32_t));
	for (unsigned i = 0; i < tellers(ledger); i++) {
		unsigned slot = slot_of(ledger, i);
		uint32_t life = serving_life(ledger, slot);

		if (life == 0)
			continue;
		settling->awaited[i] = life;
		settling->left++;
		ask(ledger, slot, life);
	}
	members_set_settling(ledger->members, settling->left > 0);
	members_set_settling(ledger->attendance, settling->left > 0);
}

void
settling_fini(struct settling *settling)
{
	free(settling->awaited);
	buffer_fini(&settling->held);
}

bool
settling_has_begun(const struct ledger *ledger)
{
	return ledger->settling.awaited != NULL;
}

bool
settling_is_on(const struct ledger *ledger)
{
	return ledger->settling.left > 0;
}

static void
answer_held(struct ledger *ledger)
{
	struct buffer held = ledger->settling.held;

	ledger->settling.held = (struct buffer){ 0 };
	for (size_t at = 0; at < held.length;) {
		const struct letter *letter = (const void *)(held.data + at);

		answers_letter(ledger, letter);
		at += ((size_t)letter->size + 7) & ~(size_t)7;
	}
	buffer_fini(&held);
}

void
settling_heard(struct ledger *ledger, unsigned slot, uint32_t life)
{
	struct settling *settling = &ledger->settling;
	unsigned i = teller_of(ledger, slot);

	if (i >= tellers(ledger) || settling->awaited[i] == 0 ||
		settling->awaited[i] > life)
		return;
	settling->awaited[i] = 0;
	if (--settling->left > 0)
		return;
	members_set_settling(ledger->members, false);
	members_set_settling(ledger->attendance, false);
	answer_held(ledger);
	log_info("members are known again: %llu in %llu rooms",
		(unsigned long long)members_count(ledger->members),
		(unsigned long long)members_rooms(ledger->members));
}

bool
settling_hold(struct ledger *ledger, const struct letter *letter)
{
	struct buffer *held = &ledger->settling.held;
	static const uint8_t padding[8];

	if (held->length + letter->size > HELD_BYTES_MAX)
		return false;
	buffer_add(held, letter, letter->size);
	buffer_add(held, padding, -held->length & 7);
	return true;
}

static void
lose(struct ledger *ledger, unsigned slot, uint32_t life)
{
	uint64_t now_ms = worker_now_ms(ledger->worker);

	members_lose(ledger->members, (struct teller){ slot, life }, now_ms);
	members_lose(ledger->attendance, (struct teller){ slot, life }, now_ms);
}

void
settling_lose(struct ledger *ledger, unsigned slot, uint32_t life)
{
	struct settling *settling = &ledger->settling;

	if (teller_of(ledger, slot) >= tellers(ledger) || life == 0)
		return;
	if (slot != ledger->relay) {
		lose(ledger, slot, life);
	} else if (life > settling->gone_life) {
		settling->gone_life = life;
		settling->gone_ms = worker_now_ms(ledger->worker);
		settling->is_gone = true;
	}
	settling_heard(ledger, slot, life);
}

void
settling_told(struct ledger *ledger, unsigned slot, uint32_t life)
{
	if (slot != ledger->relay)
		return;
	ledger->settling.is_gone = false;
	lose(ledger, slot, life - 1);
}

static void
lose_elsewhere_in_time(struct ledger *ledger)
{
	struct settling *settling = &ledger->settling;

	if (!settling->is_gone || worker_now_ms(ledger->worker) <
					  settling->gone_ms + ELSEWHERE_MS)
		return;
	settling->is_gone = false;
	lose(ledger, ledger->relay, settling->gone_life);
}

void
settling_look(struct ledger *ledger)
{
	lose_elsewhere_in_time(ledger);
	for (unsigned i = 0; settling_is_on(ledger) && i < tellers(ledger);
		i++) {
		unsigned slot = slot_of(ledger, i);
		uint32_t life = ledger->settling.awaited[i];

		if (life != 0 && !worker_is_current(ledger->worker, slot, life))
			settling_heard(ledger, slot, life);
	}
}
