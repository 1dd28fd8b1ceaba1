#include "worker/api/history.h"

#include "shared/base.h"
#include "shared/codes.h"
#include "shared/message.h"
#include "worker/api/errand.h"
#include "worker/api/exchange.h"
#include "worker/api/reply.h"
#include "worker/api/scene.h"
#include "worker/edge/confab_json.h"
#include "worker/edge/ledgers.h"

#define LIMIT 50
#define LIMIT_MAX 500

/* A room, or the inbox of a user, where what was said with another one may be
 * wanted alone. */
static void
read_stream(struct arguments *data, struct lookup *lookup)
{
	struct text room = arguments_name(data, "room", ROOM_BYTES_MAX, false);
	struct text user = arguments_name(data, "user", USER_BYTES_MAX, false);

	lookup->with = arguments_name(data, "with", USER_BYTES_MAX, false);
	if ((room.length > 0) == (user.length > 0))
		arguments_fail(data, CODE_BAD_REQUEST,
			"one of room and user is needed, and only one");
	if (room.length > 0 && lookup->with.length > 0)
		arguments_fail(data, CODE_BAD_REQUEST,
			"with can be said of a user alone");
	lookup->kind = room.length > 0 ? STREAM_ROOM : STREAM_INBOX;
	lookup->stream = room.length > 0 ? room : user;
}

static void
on_page(struct errand *errand, const struct letter *letter)
{
	struct unpack in = letter_open(letter);
	struct buffer json = { 0 };
	struct page page;

	if (letter->kind != LETTER_PAGE || !page_unpack(&in, &page)) {
		errand_refused(errand, letter);
		return;
	}
	buffer_add_byte(&json, '{');
	confab_add_page(&json, &page, TEXT_LITERAL(""));
	buffer_add_byte(&json, '}');
	reply_send_json(errand->exchange, buffer_text(&json));
	buffer_fini(&json);
	errand_end(errand);
}

static unsigned
keeper_of(const struct edge *edge, const struct lookup *lookup)
{
	return lookup->kind == STREAM_ROOM
		       ? ledgers_of_room(edge, lookup->tenant, lookup->stream)
		       : ledgers_of_inbox(edge, lookup->tenant, lookup->stream);
}

void
history_answer(struct exchange *exchange)
{
	static const struct errand_hooks hooks = { .on_letter = on_page };
	struct arguments *data = &exchange->data;
	struct errands *errands = exchange->scene->errands;
	struct lookup lookup = {
		.tenant = exchange->tenant,
		.limit = arguments_number(data, "limit", 1, LIMIT_MAX, LIMIT),
	};
	struct errand *errand;

	read_stream(data, &lookup);
	lookup.mode =
		arguments_anchor(data, &lookup.anchor, &lookup.anchor_origin);
	if (data->code != CODE_OK) {
		reply_refuse_data(exchange);
		return;
	}
	errand = errand_begin(errands, exchange, sizeof(*errand), &hooks);
	if (!errand)
		return;
	lookup.request = errand->request;
	lookup_pack(edge_letter(&errands->edge, LETTER_LOOKUP), &lookup);
	errand_offer(errand, keeper_of(&errands->edge, &lookup));
}
