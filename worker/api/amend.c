#include "worker/api/amend.h"

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/codes.h"
#include "shared/mail.h"
#include "shared/message.h"
#include "shared/raw.h"
#include "worker/api/errand.h"
#include "worker/api/exchange.h"
#include "worker/api/reply.h"
#include "worker/api/scene.h"
#include "worker/edge/change.h"
#include "worker/edge/confab_json.h"
#include "worker/edge/ledgers.h"

/*
 * The message is looked up, in its room or in an inbox where it stands. A
 * direct one is then looked up in the inbox of who sent it, where all who have
 * it are named; only there can a change begin. The change of a direct message
 * is said as by its sender, that in a room by whom the backend names, who may
 * change all.
 */

#define NOBODY TEXT_LITERAL("system")
#define NO_SUCH_MESSAGE "there is no such message"
#define TOO_BIG "the message is too big for this server"

struct amend_errand {
	struct errand errand;
	uint64_t id_time, id_origin;
	struct text from;   /* lives as long as the exchange */
	struct buffer body; /* JSON; empty: a deletion */
	bool is_said;
};

static struct amend_errand *
amend_of(struct errand *errand)
{
	return (struct amend_errand *)errand;
}

static void
on_end(struct errand *errand)
{
	buffer_fini(&amend_of(errand)->body);
}

static void
refuse(struct amend_errand *amend, unsigned code, const char *words)
{
	reply_refuse(amend->errand.exchange, code, words);
	errand_end(&amend->errand);
}

static unsigned
keeper_of(const struct edge *edge, uint64_t kind, struct text tenant,
	struct text stream)
{
	return kind == STREAM_ROOM ? ledgers_of_room(edge, tenant, stream)
				   : ledgers_of_inbox(edge, tenant, stream);
}

static void
look_up(struct amend_errand *amend, uint64_t kind, struct text tenant,
	struct text stream)
{
	struct edge *edge = &amend->errand.errands->edge;

	lookup_pack(edge_letter(edge, LETTER_LOOKUP),
		&(struct lookup){
			.request = amend->errand.request,
			.kind = kind,
			.tenant = tenant,
			.stream = stream,
			.mode = LOOKUP_ID,
			.anchor = amend->id_time,
			.anchor_origin = amend->id_origin,
			.limit = 1,
		});
	errand_offer(&amend->errand, keeper_of(edge, kind, tenant, stream));
}

static void
say_change(struct amend_errand *amend, const struct message *found)
{
	struct edge *edge = &amend->errand.errands->edge;
	struct message message =
		change_message(found, buffer_text(&amend->body));
	struct buffer sides = { 0 }, *letter = edge_letter(edge, LETTER_SAY);
	size_t growth =
		change_copy_sides(&sides, found->others) * MAIL_PLACE_BYTES;

	message.others = buffer_text(&sides);
	message.request = amend->errand.request;
	message.asker_slot = edge->slot;
	message.asker_life = edge->life;
	message.from = found->kind == STREAM_ROOM ? amend->from : found->from;
	message.flags |= MESSAGE_MODERATED | MESSAGE_ECHO;
	message_pack(letter, &message);
	buffer_fini(&sides);
	amend->is_said = true;
	if (letter->length + growth > ledgers_letter_max(edge)) {
		reply_send_error(
			amend->errand.exchange, 413, CODE_TOO_MANY, TOO_BIG);
		errand_end(&amend->errand);
		return;
	}
	errand_offer(&amend->errand,
		keeper_of(edge, message.kind, message.tenant, message.stream));
}

/* A page that comes again is of the step before, and changes nothing. */
static void
on_page(struct amend_errand *amend, const struct page *page)
{
	struct message found;

	if (amend->is_said)
		return;
	if (!change_find(page, amend->id_time, amend->id_origin, &found))
		refuse(amend, CODE_NOT_FOUND, NO_SUCH_MESSAGE);
	else if (found.kind == STREAM_INBOX && !mail_is_own(&found))
		look_up(amend, found.kind, found.tenant, found.from);
	else
		say_change(amend, &found);
}

static void
reply_said(struct amend_errand *amend, const struct said *said)
{
	struct buffer json = { 0 };

	buffer_add_byte(&json, '{');
	confab_add_id(&json, said->id_time, said->id_origin);
	confab_add_epoch(&json, ",\"epoch\":", said->epoch);
	confab_add_number(&json, ",\"offset\":", said->offset);
	buffer_add_byte(&json, '}');
	reply_send_json(amend->errand.exchange, buffer_text(&json));
	buffer_fini(&json);
	errand_end(&amend->errand);
}

static void
on_letter(struct errand *errand, const struct letter *letter)
{
	struct amend_errand *amend = amend_of(errand);
	struct unpack in = letter_open(letter);
	struct page page;
	struct said said;

	if (letter->kind == LETTER_PAGE && page_unpack(&in, &page))
		on_page(amend, &page);
	else if (letter->kind == LETTER_SAID && said_unpack(&in, &said))
		reply_said(amend, &said);
	else
		errand_refused(errand, letter);
}

static void
read_body(struct exchange *exchange, struct buffer *body)
{
	const json_t *value = json_object_get(exchange->data.data, "body");
	struct text raw;

	if (!value)
		arguments_fail(
			&exchange->data, CODE_BAD_REQUEST, "body is missing");
	else if (raw_find(exchange_body(exchange), "body", &raw))
		raw_write_compact(body, raw);
	else
		json_write_value(body, value);
}

/* Takes the body. */
static void
amend(struct exchange *exchange, struct buffer *body)
{
	static const struct errand_hooks hooks = {
		.on_letter = on_letter,
		.on_end = on_end,
	};
	struct arguments *data = &exchange->data;
	struct text tenant = exchange->tenant;
	struct text room = arguments_name(data, "room", ROOM_BYTES_MAX, false);
	struct text user = arguments_name(data, "user", USER_BYTES_MAX, false);
	struct text from = arguments_name(data, "from", USER_BYTES_MAX, false);
	struct amend_errand *amend;
	uint64_t time, origin;

	arguments_id(data, "id", &time, &origin);
	if ((room.length > 0) == (user.length > 0))
		arguments_fail(data, CODE_BAD_REQUEST,
			"one of room and user is needed, and only one");
	if (data->code != CODE_OK) {
		buffer_fini(body);
		reply_refuse_data(exchange);
		return;
	}
	amend = errand_begin(
		exchange->scene->errands, exchange, sizeof(*amend), &hooks);
	if (!amend) {
		buffer_fini(body);
		return;
	}
	amend->id_time = time;
	amend->id_origin = origin;
	amend->from = from.length > 0 ? from : NOBODY;
	amend->body = *body;
	look_up(amend, room.length > 0 ? STREAM_ROOM : STREAM_INBOX, tenant,
		room.length > 0 ? room : user);
}

void
amend_answer_edit(struct exchange *exchange)
{
	struct buffer body = { 0 };

	read_body(exchange, &body);
	amend(exchange, &body);
}

void
amend_answer_delete(struct exchange *exchange)
{
	struct buffer none = { 0 };

	amend(exchange, &none);
}
