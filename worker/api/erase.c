#include "worker/api/erase.h"

#include "shared/arena.h"
#include "shared/buffer.h"
#include "shared/codes.h"
#include "shared/message.h"
#include "worker/api/amend.h"
#include "worker/api/errand.h"
#include "worker/api/exchange.h"
#include "worker/api/reply.h"
#include "worker/api/scene.h"
#include "worker/edge/confab_json.h"
#include "worker/edge/ledgers.h"

/*
 * Other hosts know what is to go by the id of the last message of it. A ledger
 * remembers but the newest, so where there are other hosts that one is looked
 * up first.
 */

struct erase_errand {
	struct errand errand;
	struct trim wanted; /* texts live as long as the exchange */
	bool is_sent;
};

static struct erase_errand *
erase_of(struct errand *errand)
{
	return (struct erase_errand *)errand;
}

static void
offer(struct erase_errand *erase)
{
	errand_offer(&erase->errand,
		ledgers_of_room(&erase->errand.errands->edge,
			erase->wanted.tenant, erase->wanted.stream));
}

static void
send_trim(struct erase_errand *erase)
{
	struct edge *edge = &erase->errand.errands->edge;

	erase->is_sent = true;
	trim_pack(edge_letter(edge, LETTER_TRIM), &erase->wanted);
	offer(erase);
}

static void
look_up_last(struct erase_errand *erase)
{
	struct edge *edge = &erase->errand.errands->edge;

	lookup_pack(edge_letter(edge, LETTER_LOOKUP),
		&(struct lookup){
			.request = erase->errand.request,
			.kind = erase->wanted.kind,
			.tenant = erase->wanted.tenant,
			.stream = erase->wanted.stream,
			.mode = LOOKUP_BEFORE,
			.anchor = erase->wanted.before,
			.limit = 1,
			.changes = 1,
		});
	offer(erase);
}

/* One that is not there any more has no name. */
static void
take_page(struct erase_errand *erase, const struct page *page)
{
	struct unpack in = unpack_of(page->messages), one;
	struct message last;

	if (erase->is_sent)
		return; /* it has come twice */
	one = unpack_of(unpack_text(&in));
	if (page->count == 1 && message_unpack(&one, &last) &&
		last.offset == erase->wanted.before - 1) {
		erase->wanted.of_time = last.id_time;
		erase->wanted.of_origin = last.id_origin;
	}
	send_trim(erase);
}

static void
reply_trimmed(struct errand *errand, const struct trimmed *trimmed)
{
	struct buffer json = { 0 };

	confab_add_epoch(&json, "{\"epoch\":", trimmed->epoch);
	confab_add_number(&json, ",\"first\":", trimmed->first);
	buffer_add_byte(&json, '}');
	reply_send_json(errand->exchange, buffer_text(&json));
	buffer_fini(&json);
	errand_end(errand);
}

static void
on_letter(struct errand *errand, const struct letter *letter)
{
	struct unpack in = letter_open(letter);
	struct trimmed trimmed;
	struct page page;

	if (letter->kind == LETTER_PAGE && page_unpack(&in, &page))
		take_page(erase_of(errand), &page);
	else if (letter->kind == LETTER_TRIMMED &&
		 trimmed_unpack(&in, &trimmed))
		reply_trimmed(errand, &trimmed);
	else
		errand_refused(errand, letter);
}

static void
trim(struct exchange *exchange)
{
	static const struct errand_hooks hooks = { .on_letter = on_letter };
	struct errands *errands = exchange->scene->errands;
	struct arguments *data = &exchange->data;
	struct trim wanted = {
		.kind = STREAM_ROOM,
		.tenant = exchange->tenant,
		.stream = arguments_name(data, "room", ROOM_BYTES_MAX, true),
		.before = arguments_number(data, "before", 1, INT64_MAX, 0),
	};
	struct erase_errand *erase;

	if (data->code != CODE_OK) {
		reply_refuse_data(exchange);
		return;
	}
	erase = errand_begin(errands, exchange, sizeof(*erase), &hooks);
	if (!erase)
		return;
	wanted.request = erase->errand.request;
	erase->wanted = wanted;
	if (wanted.before > 1 &&
		arena_role_count(errands->edge.arena, ROLE_RELAY) > 0)
		look_up_last(erase);
	else
		send_trim(erase);
}

void
erase_answer(struct exchange *exchange)
{
	struct arguments *data = &exchange->data;

	if (!arguments_has(data, "id")) {
		trim(exchange);
		return;
	}
	if (arguments_has(data, "before"))
		arguments_fail(data, CODE_BAD_REQUEST,
			"id and before cannot be used together");
	amend_answer_delete(exchange);
}
