#include "worker/api/errand.h"

#include <stdio.h>
#include <stdlib.h>

#include "shared/arena.h"
#include "shared/base.h"
#include "shared/clock.h"
#include "shared/codes.h"
#include "worker/api/exchange.h"
#include "worker/api/reply.h"
#include "worker/edge/ledgers.h"
#include "worker/edge/numbers.h"

#define LOOK_EVERY_MS 1000

/* Their records begin with the request. */
static const bool is_answer[LETTER_KIND_COUNT] = {
	[LETTER_JOINED] = true,
	[LETTER_SAID] = true,
	[LETTER_REFUSED] = true,
	[LETTER_PAGE] = true,
	[LETTER_MEMBERS_PAGE] = true,
	[LETTER_ROOMS_PAGE] = true,
	[LETTER_MARKED] = true,
	[LETTER_BANNED] = true,
	[LETTER_REGISTERED] = true,
	[LETTER_WHO] = true,
	[LETTER_TRIMMED] = true,
	[LETTER_ROLL] = true,
};

void
errands_init(struct errands *errands)
{
	edge_init(&errands->edge);
	errands->numbers = numbers_new(errands->edge.life);
}

void
errands_fini(struct errands *errands)
{
	struct errand *errand;
	uint32_t place = 0;

	while ((errand = numbers_next(errands->numbers, &place)))
		errand_end(errand);
	numbers_free(&errands->numbers);
	edge_fini(&errands->edge);
}

bool
errands_on_letter(struct errands *errands, const struct letter *letter)
{
	struct unpack in = letter_open(letter);
	struct errand *errand;

	if (letter->kind >= LETTER_KIND_COUNT || !is_answer[letter->kind])
		return false;
	errand = numbers_find(errands->numbers, unpack_number(&in));
	if (errand)
		errand->hooks->on_letter(errand, letter);
	return true;
}

static void
ask_again(struct errands *errands, unsigned ledger)
{
	struct errand *errand;
	uint32_t place = 0;

	while ((errand = numbers_next(errands->numbers, &place)))
		if (errand->question)
			ledgers_ask_again(
				&errands->edge, errand->question, ledger);
}

void
errands_on_peer(struct errands *errands, unsigned slot, bool is_alive)
{
	int ledger = ledgers_of_slot(&errands->edge, slot);
	struct errand *errand;
	uint32_t place = 0;

	if (is_alive && ledger >= 0)
		ask_again(errands, (unsigned)ledger);
	if (is_alive)
		return;
	while ((errand = numbers_next(errands->numbers, &place)))
		if (errand->hooks->on_death)
			errand->hooks->on_death(errand, slot);
}

static void
be_late(struct errand *errand)
{
	if (errand->hooks->on_late) {
		errand->hooks->on_late(errand);
		return;
	}
	reply_refuse(errand->exchange, CODE_UNAVAILABLE, ERRAND_LATE);
	errand_end(errand);
}

void
errands_on_tick(struct errands *errands, uint64_t now_ms)
{
	struct errand *errand;
	uint32_t place = 0;

	if (now_ms < errands->looked_ms + LOOK_EVERY_MS)
		return;
	errands->looked_ms = now_ms;
	while ((errand = numbers_next(errands->numbers, &place)))
		if (now_ms >= errand->late_ms)
			be_late(errand);
}

void *
errand_begin(struct errands *errands, struct exchange *exchange, size_t bytes,
	const struct errand_hooks *hooks)
{
	struct errand *errand;

	must(bytes >= sizeof(*errand));
	if (errands->count >= ERRANDS_MAX) {
		reply_refuse(exchange, CODE_UNAVAILABLE, ERRAND_TOO_MUCH);
		return NULL;
	}
	errand = base_alloc_zeroed(1, bytes);
	errand->errands = errands;
	errand->exchange = exchange;
	errand->hooks = hooks;
	errand->late_ms = clock_ms() + ERRAND_MS;
	errand->request = numbers_give(errands->numbers, errand);
	errands->count++;
	return errand;
}

void
errand_end(struct errand *errand)
{
	if (errand->hooks->on_end)
		errand->hooks->on_end(errand);
	errand->errands->count--;
	numbers_drop(errand->errands->numbers, errand->request);
	free(errand->question);
	free(errand);
}

void
errand_keep(struct errand *errand, unsigned ledger)
{
	free(errand->question);
	errand->question = ledgers_keep(&errand->errands->edge, ledger);
}

bool
errand_offer(struct errand *errand, unsigned ledger)
{
	enum offer_result result =
		ledgers_offer(&errand->errands->edge, ledger);

	if (result == OFFER_TAKEN)
		return true;
	if (result == OFFER_FULL)
		reply_refuse(
			errand->exchange, CODE_UNAVAILABLE, ERRAND_TOO_MUCH);
	else
		reply_send_error(errand->exchange, 413, CODE_TOO_MANY,
			"this is too big for this server");
	errand_end(errand);
	return false;
}

void
errand_refused(struct errand *errand, const struct letter *letter)
{
	struct unpack in = letter_open(letter);
	struct refused refused;
	char words[256];

	if (!refused_unpack(&in, &refused))
		refused = (struct refused){ .code = CODE_UNAVAILABLE };
	snprintf(words, sizeof(words), "%.*s", TEXT_ARGS(refused.error));
	if (refused.code == CODE_TOO_MANY)
		reply_refuse_for(errand->exchange, refused.retry_ms, words);
	else
		reply_refuse(errand->exchange, (unsigned)refused.code, words);
	errand_end(errand);
}
