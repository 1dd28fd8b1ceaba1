/*
 * What the profile `client` asks others about: ledger 0 to register a system,
 * the gateway of a client to have it join the room of a group, and who is in
 * that room.
 */
#include "shared/buffer.h"
#include "shared/clientele.h"
#include "shared/codes.h"
#include "shared/index.h"
#include "shared/records.h"
#include "worker/api/errand.h"
#include "worker/api/exchange.h"
#include "worker/api/profiles/client.h"
#include "worker/api/profiles/member_names.h"
#include "worker/api/scene.h"

/* The ledger that keeps systems. */
#define KEEPER 0

static void
refuse(struct errand *errand, struct text msg)
{
	client_refuse(errand->exchange, msg);
	errand_end(errand);
}

static void
refuse_late(struct errand *errand)
{
	refuse(errand, TEXT_LITERAL(ERRAND_LATE));
}

static void
finish(struct errand *errand)
{
	client_reply_done(errand->exchange, CLIENT_NOTHING);
	errand_end(errand);
}

/* Registering */

static void
on_registered(struct errand *errand, const struct letter *letter)
{
	struct unpack in = letter_open(letter);
	struct refused refused;

	if (letter->kind == LETTER_REGISTERED)
		finish(errand);
	else if (letter->kind != LETTER_REFUSED ||
		 !refused_unpack(&in, &refused))
		return;
	else if (refused.code == CODE_CONFLICT)
		refuse(errand, TEXT_LITERAL(CLIENT_IS_THERE));
	else
		refuse(errand, refused.error);
}

void
client_register(struct exchange *exchange)
{
	static const struct errand_hooks hooks = {
		.on_letter = on_registered,
		.on_late = refuse_late,
	};
	struct errands *errands = exchange->scene->errands;
	struct errand *errand =
		errand_begin(errands, exchange, sizeof(*errand), &hooks);

	if (!errand)
		return;
	registration_pack(edge_letter(&errands->edge, LETTER_REGISTER),
		&(struct registration){
			.request = errand->request,
			.tenant = exchange->tenant,
		});
	errand_offer(errand, KEEPER);
}

/* Binding: an unknown client, or one that goes meanwhile, is a success. */

struct bind_errand {
	struct errand errand;
	unsigned slot;
};

static void
on_bound(struct errand *errand, const struct letter *letter)
{
	struct unpack in = letter_open(letter);
	struct refused refused;

	if (letter->kind == LETTER_JOINED)
		finish(errand);
	else if (letter->kind != LETTER_REFUSED ||
		 !refused_unpack(&in, &refused))
		return;
	else if (refused.code == CODE_NOT_FOUND)
		finish(errand);
	else
		refuse(errand, refused.error);
}

static void
on_death(struct errand *errand, unsigned slot)
{
	if (((struct bind_errand *)errand)->slot == slot)
		finish(errand);
}

static void
write_labels(struct buffer *out, const struct client_order *order)
{
	buffer_add_string(out, "{\"userId\":");
	json_write_string(out, order->user);
	buffer_add_string(out, ",\"extend\":");
	json_write_string(out, order->extend);
	buffer_add_byte(out, '}');
}

static void
enlist(struct exchange *exchange, unsigned slot,
	const struct index_entry *entry, struct text room, struct text labels)
{
	static const struct errand_hooks hooks = {
		.on_letter = on_bound,
		.on_death = on_death,
		.on_late = refuse_late,
	};
	struct errands *errands = exchange->scene->errands;
	struct bind_errand *bind =
		errand_begin(errands, exchange, sizeof(*bind), &hooks);

	if (!bind)
		return;
	bind->slot = slot;
	enlist_pack(edge_letter(&errands->edge, LETTER_ENLIST),
		&(struct enlist){
			.request = bind->errand.request,
			.place = entry->place,
			.secret = entry->secret,
			.room = room,
			.flags = JOIN_EVENTS | JOIN_PRESENCE,
			.info = labels,
		});
	edge_send(&errands->edge, slot);
}

void
client_bind(struct exchange *exchange, const struct client_order *order)
{
	char room[ROOM_BYTES_MAX];
	struct buffer labels = { 0 };
	struct index_entry entry;
	unsigned slot;

	write_labels(&labels, order);
	if (labels.length > INFO_BYTES_MAX)
		client_refuse(exchange,
			TEXT_LITERAL("userId and extend are too long"));
	else if (!client_find(exchange, order->client, &slot, &entry))
		client_reply_done(exchange, CLIENT_NOTHING);
	else
		enlist(exchange, slot, &entry,
			clientele_room(room, order->group),
			buffer_text(&labels));
	buffer_fini(&labels);
}

/* Who is in a group */

static void
reply_list(struct exchange *exchange, size_t count, struct text names)
{
	struct buffer data = { 0 };

	buffer_add_format(&data, "{\"count\":%zu,\"list\":[", count);
	buffer_add_text(&data, names);
	buffer_add_string(&data, "]}");
	client_reply_done(exchange, buffer_text(&data));
	buffer_fini(&data);
}

void
client_list(struct exchange *exchange, const struct client_order *order)
{
	static const struct member_names_hooks hooks = { reply_list,
		client_refuse };
	char room[ROOM_BYTES_MAX];

	member_names_ask(exchange, exchange->tenant,
		clientele_room(room, order->group), &hooks);
}
