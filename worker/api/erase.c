#include "worker/api/erase.h"

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

static void
on_letter(struct errand *errand, const struct letter *letter)
{
	struct unpack in = letter_open(letter);
	struct buffer json = { 0 };
	struct trimmed trimmed;

	if (letter->kind != LETTER_TRIMMED || !trimmed_unpack(&in, &trimmed)) {
		errand_refused(errand, letter);
		return;
	}
	confab_add_epoch(&json, "{\"epoch\":", trimmed.epoch);
	confab_add_number(&json, ",\"first\":", trimmed.first);
	buffer_add_byte(&json, '}');
	reply_send_json(errand->exchange, buffer_text(&json));
	buffer_fini(&json);
	errand_end(errand);
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
	struct errand *errand;

	if (data->code != CODE_OK) {
		reply_refuse_data(exchange);
		return;
	}
	errand = errand_begin(errands, exchange, sizeof(*errand), &hooks);
	if (!errand)
		return;
	wanted.request = errand->request;
	trim_pack(edge_letter(&errands->edge, LETTER_TRIM), &wanted);
	errand_offer(errand,
		ledgers_of_room(&errands->edge, wanted.tenant, wanted.stream));
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
