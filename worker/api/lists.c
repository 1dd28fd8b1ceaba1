#include "worker/api/lists.h"

#include <stdlib.h>

#include "shared/base.h"
#include "shared/codes.h"
#include "shared/index.h"
#include "shared/message.h"
#include "worker/api/errand.h"
#include "worker/api/exchange.h"
#include "worker/api/reply.h"
#include "worker/api/scene.h"
#include "worker/edge/confab_json.h"
#include "worker/edge/ledgers.h"
#include "worker/edge/room_list.h"

#define LIMIT 100
#define LIMIT_MAX 1000

/* Members */

static void
on_members(struct errand *errand, const struct letter *letter)
{
	struct unpack in = letter_open(letter);
	struct buffer json = { 0 };
	struct members_page page;

	if (letter->kind != LETTER_MEMBERS_PAGE ||
		!members_page_unpack(&in, &page)) {
		errand_refused(errand, letter);
		return;
	}
	buffer_add_byte(&json, '{');
	confab_add_members(&json, &page);
	buffer_add_byte(&json, '}');
	reply_send_json(errand->exchange, buffer_text(&json));
	buffer_fini(&json);
	errand_end(errand);
}

void
lists_answer_members(struct exchange *exchange)
{
	static const struct errand_hooks hooks = { .on_letter = on_members };
	struct errands *errands = exchange->scene->errands;
	struct arguments *data = &exchange->data;
	struct members_wanted wanted = {
		.tenant = exchange->tenant,
		.room = arguments_name(data, "room", ROOM_BYTES_MAX, true),
		.after = arguments_text(data, "after", USER_BYTES_MAX),
		.limit = arguments_number(data, "limit", 1, LIMIT_MAX, LIMIT),
	};
	struct errand *errand;
	unsigned ledger;

	if (data->code != CODE_OK) {
		reply_refuse_data(exchange);
		return;
	}
	errand = errand_begin(errands, exchange, sizeof(*errand), &hooks);
	if (!errand)
		return;
	wanted.request = errand->request;
	ledger = ledgers_of_room(&errands->edge, wanted.tenant, wanted.room);
	members_wanted_pack(
		edge_letter(&errands->edge, LETTER_MEMBERS_WANTED), &wanted);
	errand_keep(errand, ledger);
	errand_offer(errand, ledger);
}

/* Rooms */

struct rooms_errand {
	struct errand errand;
	struct room_list *list;
	struct text tenant; /* lives as long as the exchange */
};

static struct rooms_errand *
rooms_of(struct errand *errand)
{
	return (struct rooms_errand *)errand;
}

static uint64_t
connections_in(const struct edge *edge, struct text tenant, struct text room)
{
	uint64_t sum = 0;

	for (unsigned slot = edge_first(edge); slot != EDGE_NO_SLOT;
		slot = edge_next(edge, slot))
		sum += index_room_connections(edge->arena, slot, tenant, room);
	return sum;
}

static void
add_line(struct buffer *json, const struct rooms_errand *rooms,
	const struct room_line *line)
{
	confab_add_text(json, "{\"room\":", line->room);
	confab_add_number(json, ",\"users\":", line->users);
	confab_add_number(json, ",\"connections\":",
		connections_in(&rooms->errand.errands->edge, rooms->tenant,
			line->room));
	confab_add_epoch(json, ",\"epoch\":", line->epoch);
	confab_add_number(json, ",\"offset\":", line->offset);
	confab_add_number(json, ",\"time\":", line->time);
	buffer_add_byte(json, '}');
}

static void
reply_rooms(struct rooms_errand *rooms)
{
	struct buffer json = { 0 };
	struct text next;
	size_t count;
	struct room_line *lines = room_list_page(rooms->list, &count, &next);

	buffer_add_string(&json, "{\"rooms\":[");
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buffer_add_byte(&json, ',');
		add_line(&json, rooms, &lines[i]);
	}
	buffer_add_byte(&json, ']');
	if (next.length > 0)
		confab_add_text(&json, ",\"next\":", next);
	buffer_add_byte(&json, '}');
	reply_send_json(rooms->errand.exchange, buffer_text(&json));
	buffer_fini(&json);
	free(lines);
}

static void
on_rooms(struct errand *errand, const struct letter *letter)
{
	struct rooms_errand *rooms = rooms_of(errand);
	struct unpack in = letter_open(letter);
	struct rooms_page page;

	if (letter->kind != LETTER_ROOMS_PAGE ||
		!rooms_page_unpack(&in, &page)) {
		errand_refused(errand, letter);
		return;
	}
	if (!room_list_add(rooms->list, &page))
		return;
	reply_rooms(rooms);
	errand_end(errand);
}

static void
free_rooms(struct errand *errand)
{
	room_list_free(&rooms_of(errand)->list);
}

static void
ask_for_rooms(struct rooms_errand *rooms, const struct rooms_wanted *wanted)
{
	struct errand *errand = &rooms->errand;
	struct edge *edge = &errand->errands->edge;
	unsigned count = ledgers_count(edge);

	rooms->list = room_list_new(count, (size_t)wanted->limit);
	for (unsigned i = 0; i < count; i++) {
		rooms_wanted_pack(
			edge_letter(edge, LETTER_ROOMS_WANTED), wanted);
		if (i == 0)
			errand_keep(errand, LEDGERS_ALL);
		if (!errand_offer(errand, i))
			return;
	}
}

void
lists_answer_rooms(struct exchange *exchange)
{
	static const struct errand_hooks hooks = {
		.on_letter = on_rooms,
		.on_end = free_rooms,
	};
	struct errands *errands = exchange->scene->errands;
	struct arguments *data = &exchange->data;
	struct rooms_wanted wanted = {
		.tenant = exchange->tenant,
		.prefix = arguments_text(data, "prefix", ROOM_BYTES_MAX),
		.after = arguments_text(data, "after", ROOM_BYTES_MAX),
		.limit = arguments_number(data, "limit", 1, LIMIT_MAX, LIMIT),
	};
	struct rooms_errand *rooms;

	if (data->code != CODE_OK) {
		reply_refuse_data(exchange);
		return;
	}
	rooms = errand_begin(errands, exchange, sizeof(*rooms), &hooks);
	if (!rooms)
		return;
	wanted.request = rooms->errand.request;
	rooms->tenant = wanted.tenant;
	ask_for_rooms(rooms, &wanted);
}
