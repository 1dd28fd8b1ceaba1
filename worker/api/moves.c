#include "worker/api/moves.h"

#include "shared/base.h"
#include "shared/client_id.h"
#include "shared/codes.h"
#include "shared/index.h"
#include "shared/message.h"
#include "worker/api/errand.h"
#include "worker/api/exchange.h"
#include "worker/api/reply.h"
#include "worker/api/scene.h"
#include "worker/edge/confab_json.h"
#include "worker/edge/entries.h"

#define REASON_BYTES_MAX 256

/* Connections of one user that one request moves. */
#define CLIENTS_MAX 1000

/* Who is to be moved: a client, or all connections of a user, or those on one
 * platform. */
struct mover {
	struct edge *edge;
	struct text tenant, client, user, room;
	uint64_t only_platform; /* one more than it; 0: all */
};

/* One of them. */
struct moved {
	unsigned slot;
	uint32_t place;
	uint64_t secret;
};

static struct mover
read_mover(struct exchange *exchange, bool needs_room)
{
	struct arguments *data = &exchange->data;
	struct mover mover = {
		.edge = &exchange->scene->errands->edge,
		.tenant = exchange->tenant,
		.client =
			arguments_name(data, "client", CLIENT_ID_LENGTH, false),
		.user = arguments_name(data, "user", USER_BYTES_MAX, false),
		.room = arguments_name(
			data, "room", ROOM_BYTES_MAX, needs_room),
	};

	if ((mover.client.length > 0) == (mover.user.length > 0))
		arguments_fail(data, CODE_BAD_REQUEST,
			"one of client and user is needed, and only one");
	if (!arguments_has(data, "platform"))
		return mover;
	if (mover.user.length == 0)
		arguments_fail(data, CODE_BAD_REQUEST,
			"platform can be said of a user alone");
	mover.only_platform =
		1 + arguments_number(data, "platform", 0, UINT32_MAX, 0);
	return mover;
}

static void
note(struct buffer *all, unsigned slot, const struct index_entry *entry)
{
	const struct moved moved = { slot, entry->place, entry->secret };

	if (all->length < CLIENTS_MAX * sizeof(moved))
		buffer_add(all, &moved, sizeof(moved));
}

static void
find_user(const struct mover *mover, struct buffer *all)
{
	const struct edge *edge = mover->edge;

	for (unsigned slot = edge_first(edge); slot != EDGE_NO_SLOT;
		slot = edge_next(edge, slot)) {
		size_t count;
		const struct index_entry *found = entries_of_user(
			mover->edge, slot, mover->tenant, mover->user, &count);

		for (size_t i = 0; i < count; i++)
			if (mover->only_platform == 0 ||
				mover->only_platform ==
					(uint64_t)found[i].platform + 1)
				note(all, slot, &found[i]);
	}
}

/* Those who are there now, one struct moved behind the other; false: there is
 * none, and the exchange has been refused. */
static bool
find(struct exchange *exchange, const struct mover *mover, struct buffer *all)
{
	struct index_entry entry;
	unsigned slot;

	if (mover->user.length > 0)
		find_user(mover, all);
	else if (entries_find_client(mover->edge, mover->tenant, mover->client,
			 &slot, &entry))
		note(all, slot, &entry);
	if (all->length > 0)
		return true;
	reply_refuse(exchange, CODE_NOT_FOUND,
		mover->user.length > 0 ? "this user is not connected"
				       : "there is no such client");
	buffer_fini(all);
	return false;
}

static const struct moved *
moved_at(const struct buffer *all, size_t index)
{
	return (const struct moved *)(const void *)all->data + index;
}

static size_t
count_of(const struct buffer *all)
{
	return all->length / sizeof(struct moved);
}

/* Leaves and kicks: told, and not waited for. */

static void
send_kicks(const struct mover *mover, const struct buffer *all,
	const struct kick *kick)
{
	for (size_t i = 0; i < count_of(all); i++) {
		const struct moved *moved = moved_at(all, i);
		struct kick one = *kick;

		one.place = moved->place;
		one.secret = moved->secret;
		kick_pack(edge_letter(mover->edge, LETTER_KICK), &one);
		edge_send(mover->edge, moved->slot);
	}
}

static void
reply_reached(struct exchange *exchange, size_t reached)
{
	struct buffer json = { 0 };

	confab_add_number(&json, "{\"reached\":", reached);
	buffer_add_byte(&json, '}');
	reply_send_json(exchange, buffer_text(&json));
	buffer_fini(&json);
}

static void
send_away(struct exchange *exchange, const struct mover *mover,
	const struct kick *kick)
{
	struct buffer all = { 0 };

	if (exchange->data.code != CODE_OK) {
		reply_refuse_data(exchange);
		return;
	}
	if (!find(exchange, mover, &all))
		return;
	send_kicks(mover, &all, kick);
	reply_reached(exchange, count_of(&all));
	buffer_fini(&all);
}

void
moves_answer_leave(struct exchange *exchange)
{
	struct mover mover = read_mover(exchange, true);

	send_away(exchange, &mover,
		&(struct kick){ .room = mover.room, .why = KICK_TAKEN_OUT });
}

void
moves_answer_kick(struct exchange *exchange)
{
	struct mover mover = read_mover(exchange, false);

	send_away(exchange, &mover,
		&(struct kick){ .room = mover.room,
			.why = KICK_BY_OPERATOR,
			.reason = arguments_text(
				&exchange->data, "reason", REASON_BYTES_MAX) });
}

/* Joins: each client's gateway answers, when its ledger has let it in. */

struct enlisted {
	unsigned slot;
	bool is_answered;
};

struct join_errand {
	struct errand errand;
	size_t count, missing, joined_count;
	struct joined joined; /* the last one, for its numbers */
	struct text room;     /* lives as long as the exchange */

	/* The first refusal. */
	unsigned code;
	char error[256];

	struct enlisted each[];
};

static struct join_errand *
join_of(struct errand *errand)
{
	return (struct join_errand *)errand;
}

static void
reply_joined(const struct join_errand *join)
{
	struct buffer json = { 0 };

	confab_add_text(&json, "{\"room\":", join->room);
	confab_add_number(&json, ",\"joined\":", join->joined_count);
	confab_add_epoch(&json, ",\"epoch\":", join->joined.epoch);
	confab_add_number(&json, ",\"offset\":", join->joined.offset);
	confab_add_number(&json, ",\"users\":", join->joined.users);
	confab_add_number(&json, ",\"connections\":", join->joined.connections);
	if (join->code != CODE_OK) {
		confab_add_number(&json,
			",\"refused\":", join->count - join->joined_count);
		confab_add_text(&json, ",\"error\":", text_of(join->error));
	}
	buffer_add_byte(&json, '}');
	reply_send_json(join->errand.exchange, buffer_text(&json));
	buffer_fini(&json);
}

static void
finish_if_all(struct join_errand *join)
{
	if (join->missing > 0)
		return;
	if (join->joined_count > 0)
		reply_joined(join);
	else
		reply_refuse(join->errand.exchange, join->code, join->error);
	errand_end(&join->errand);
}

static void
note_refused(struct join_errand *join, struct enlisted *one, unsigned code,
	struct text error)
{
	one->is_answered = true;
	join->missing--;
	if (join->code != CODE_OK)
		return;
	join->code = code;
	snprintf(join->error, sizeof(join->error), "%.*s", TEXT_ARGS(error));
}

static void
note_joined(struct join_errand *join, struct enlisted *one,
	const struct joined *joined)
{
	one->is_answered = true;
	join->missing--;
	join->joined_count++;
	join->joined = (struct joined){
		.epoch = joined->epoch,
		.offset = joined->offset,
		.users = joined->users,
		.connections = joined->connections,
	};
}

static struct enlisted *
waiting(struct join_errand *join, uint64_t number)
{
	if (number >= join->count || join->each[number].is_answered)
		return NULL;
	return &join->each[number];
}

static void
on_join(struct errand *errand, const struct letter *letter)
{
	struct join_errand *join = join_of(errand);
	struct unpack in = letter_open(letter);
	struct enlisted *one = NULL;
	struct refused refused;
	struct joined joined;

	if (letter->kind == LETTER_JOINED && joined_unpack(&in, &joined)) {
		one = waiting(join, joined.connection);
		if (one)
			note_joined(join, one, &joined);
	} else if (letter->kind == LETTER_REFUSED &&
		   refused_unpack(&in, &refused)) {
		one = waiting(join, refused.connection);
		if (one)
			note_refused(join, one, (unsigned)refused.code,
				refused.error);
	}
	if (one)
		finish_if_all(join);
}

static void
on_death(struct errand *errand, unsigned slot)
{
	struct join_errand *join = join_of(errand);
	bool has_news = false;

	for (size_t i = 0; i < join->count; i++) {
		struct enlisted *one = waiting(join, i);

		if (!one || one->slot != slot)
			continue;
		note_refused(join, one, CODE_NOT_FOUND,
			TEXT_LITERAL("the client has gone"));
		has_news = true;
	}
	if (has_news)
		finish_if_all(join);
}

static void
on_late(struct errand *errand)
{
	struct join_errand *join = join_of(errand);

	for (size_t i = 0; i < join->count; i++) {
		struct enlisted *one = waiting(join, i);

		if (one)
			note_refused(join, one, CODE_UNAVAILABLE,
				TEXT_LITERAL(ERRAND_LATE));
	}
	finish_if_all(join);
}

static void
send_enlists(struct join_errand *join, const struct mover *mover,
	const struct buffer *all, uint64_t flags)
{
	for (size_t i = 0; i < join->count; i++) {
		const struct moved *moved = moved_at(all, i);

		join->each[i].slot = moved->slot;
		enlist_pack(edge_letter(mover->edge, LETTER_ENLIST),
			&(struct enlist){
				.request = join->errand.request,
				.connection = i,
				.place = moved->place,
				.secret = moved->secret,
				.room = mover->room,
				.flags = flags,
			});
		edge_send(mover->edge, moved->slot);
	}
}

static uint64_t
read_flags(struct arguments *data)
{
	bool events = arguments_flag(data, "events", true);
	bool presence = arguments_flag(data, "presence", true);

	return (events ? JOIN_EVENTS : 0U) | (presence ? JOIN_PRESENCE : 0U);
}

void
moves_answer_join(struct exchange *exchange)
{
	static const struct errand_hooks hooks = {
		.on_letter = on_join,
		.on_death = on_death,
		.on_late = on_late,
	};
	struct mover mover = read_mover(exchange, true);
	uint64_t flags = read_flags(&exchange->data);
	struct buffer all = { 0 };
	struct join_errand *join;

	if (exchange->data.code != CODE_OK) {
		reply_refuse_data(exchange);
		return;
	}
	if (!find(exchange, &mover, &all))
		return;
	join = errand_begin(exchange->scene->errands, exchange,
		sizeof(*join) + count_of(&all) * sizeof(join->each[0]), &hooks);
	if (join) {
		join->count = join->missing = count_of(&all);
		join->room = mover.room;
		join->code = CODE_OK;
		send_enlists(join, &mover, &all, flags);
	}
	buffer_fini(&all);
}
