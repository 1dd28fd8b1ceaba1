#include "worker/relay/forward.h"

#include <stdlib.h>

#include "shared/config.h"
#include "shared/index.h"
#include "shared/letter.h"
#include "shared/mail.h"
#include "shared/message.h"
#include "worker/edge/entries.h"
#include "worker/edge/ledgers.h"
#include "worker/edge/numbers.h"
#include "worker/edge/pass.h"
#include "worker/relay/forward_inside.h"

#define KEEP_BYTES 65536
#define REASON_BYTES_MAX 1024

/* A message is packed anew, with numbers that may be longer. */
#define MARGIN_BYTES 64

struct forward *
forward_new(struct edge *edge, struct directory *directory, forward_say *say_it,
	void *self)
{
	struct forward *forward = base_alloc_zeroed(1, sizeof(*forward));

	forward->edge = edge;
	forward->directory = directory;
	forward->say = say_it;
	forward->self = self;
	forward->numbers = numbers_new(edge->life);
	return forward;
}

void
forward_free(struct forward **forward)
{
	if (*forward == NULL)
		return;
	forward_join_end(*forward);
	numbers_free(&(*forward)->numbers);
	buffer_fini(&(*forward)->record);
	buffer_fini(&(*forward)->targets);
	free(*forward);
	*forward = NULL;
}

/* Out */

struct buffer *
forward_record(struct forward *forward)
{
	buffer_clear(&forward->record, KEEP_BYTES);
	return &forward->record;
}

void
forward_say_item(struct forward *forward, enum letter_kind kind, unsigned host,
	unsigned slot)
{
	const struct wire_live_item item = {
		.kind = kind,
		.to_host = host,
		.to_slot = slot,
		.record = buffer_text(&forward->record),
	};

	row_count(forward->edge->row, COUNTER_FORWARDED, 1);
	forward->say(forward->self, &item);
}

/* What another host has said may be longer than our rings take. */
bool
forward_send(struct forward *forward, unsigned slot)
{
	struct edge *edge = forward->edge;

	if (edge->letter.length > ledgers_letter_max(edge))
		return false;
	edge_send(edge, slot);
	return true;
}

bool
forward_is_gateway(const struct forward *forward, uint64_t slot)
{
	struct edge_gateways all = edge_gateways(forward->edge);

	return slot >= all.first && slot < all.end;
}

/* Messages */

static int
by_gateway(const void *a, const void *b)
{
	const struct remote_place *left = a, *right = b;

	if (left->host != right->host)
		return left->host < right->host ? -1 : 1;
	return left->slot < right->slot ? -1 : left->slot > right->slot;
}

static void
find_targets(struct forward *forward, const struct message *message)
{
	struct unpack in = unpack_of(message->others);

	buffer_clear(&forward->targets, KEEP_BYTES);
	while (in.at < in.end && !in.failed) {
		uint64_t place = unpack_number(&in);
		uint64_t secret = unpack_number(&in);
		struct remote_place found;

		if (!in.failed &&
			directory_at(forward->directory, place, secret, &found))
			buffer_add(&forward->targets, &found, sizeof(found));
	}
}

/* Those of one gateway in one item. */
static void
say_to_clients(struct forward *forward, struct message *message)
{
	struct remote_place *all = (void *)forward->targets.data;
	size_t count = forward->targets.length / sizeof(*all), end;
	struct buffer others = { 0 };

	if (count > 1)
		qsort(all, count, sizeof(*all), by_gateway);
	for (size_t at = 0; at < count; at = end) {
		buffer_clear(&others, KEEP_BYTES);
		for (end = at;
			end < count && by_gateway(&all[at], &all[end]) == 0;
			end++) {
			pack_number(&others, all[end].place);
			pack_number(&others, all[end].secret);
		}
		message->others = buffer_text(&others);
		message_pack(forward_record(forward), message);
		forward_say_item(
			forward, LETTER_DELIVER, all[at].host, all[at].slot);
	}
	buffer_fini(&others);
}

/* Who waits for its answer here is nobody there. */
static void
forget_asker(struct message *message)
{
	message->asker_slot = UINT32_MAX;
	message->asker_life = 0;
	message->connection = 0;
	message->request = 0;
}

static bool
is_remembered(const struct message *message)
{
	return message->offset != 0 || message->epoch != 0 ||
	       message->flags & (MESSAGE_NOTES | MESSAGE_CHANGES);
}

static bool
letter_deliver(struct forward *forward, struct unpack *in)
{
	struct message message;

	if (!message_unpack(in, &message) || is_remembered(&message))
		return false;
	forget_asker(&message);
	if (message.kind == STREAM_CLIENT) {
		find_targets(forward, &message);
		say_to_clients(forward, &message);
		return true;
	}
	message_pack(forward_record(forward), &message);
	forward_say_item(forward, LETTER_DELIVER, 0, 0);
	return true;
}

static bool
has_good_names(const struct message *message)
{
	return message->tenant.length <= TENANT_BYTES_MAX &&
	       message->stream.length <= ROOM_BYTES_MAX &&
	       message->from.length <= USER_BYTES_MAX &&
	       message->type.length <= TYPE_BYTES_MAX &&
	       message->key.length <= KEY_BYTES_MAX &&
	       (message->kind != STREAM_INBOX ||
		       message->stream.length <= USER_BYTES_MAX);
}

static bool
has_good_sides(const struct message *message)
{
	struct unpack in = unpack_of(message->others);
	struct mail_side side;

	while (message->kind == STREAM_INBOX && mail_next_side(&in, &side))
		if (side.user.length > USER_BYTES_MAX)
			return false;
	return true;
}

static bool
item_deliver(struct forward *forward, const struct wire_live_item *item)
{
	struct unpack in = unpack_of(item->record);
	struct message message;

	if (!message_unpack(&in, &message) || is_remembered(&message) ||
		!has_good_names(&message) || !has_good_sides(&message) ||
		item->record.length + MARGIN_BYTES >
			ledgers_letter_max(forward->edge))
		return false;
	forget_asker(&message);
	if (message.kind != STREAM_CLIENT) {
		pass_here(forward->edge, &message);
		return true;
	}
	if (!forward_is_gateway(forward, item->to_slot))
		return false;
	message_pack(edge_letter(forward->edge, LETTER_DELIVER), &message);
	edge_send(forward->edge, (unsigned)item->to_slot);
	return true;
}

/* Kicks */

/* Who stands at this place of our partition. */
static void
kick(struct forward *forward, struct kick meant)
{
	struct remote_place found;

	if (!directory_at(
		    forward->directory, meant.place, meant.secret, &found))
		return;
	meant.place = found.place;
	kick_pack(forward_record(forward), &meant);
	forward_say_item(forward, LETTER_KICK, found.host, found.slot);
}

static bool
letter_kick(struct forward *forward, struct unpack *in)
{
	struct kick meant;

	if (!kick_unpack(in, &meant))
		return false;
	kick(forward, meant);
	return true;
}

static void
kick_user(struct forward *forward, const struct wish *wish)
{
	struct edge *edge = forward->edge;
	size_t count;
	const struct index_entry *found = entries_of_user(
		edge, edge->slot, wish->tenant, wish->user, &count);

	for (size_t i = 0; i < count; i++)
		if (wish->only_platform == 0 ||
			wish->only_platform == (uint64_t)found[i].platform + 1)
			kick(forward, (struct kick){ .place = found[i].place,
					      .secret = found[i].secret,
					      .room = wish->room,
					      .why = KICK_BY_OPERATOR,
					      .reason = wish->words });
}

bool
forward_wish(struct forward *forward, const struct wish *wish)
{
	switch (wish->what) {
	case WISH_KICK_USER:
	case WISH_KICK_MEMBER:
		kick_user(forward, wish);
		return true;
	case WISH_KICK_CLIENT:
		kick(forward, (struct kick){ .place = wish->place,
				      .secret = wish->secret,
				      .why = KICK_BY_OPERATOR,
				      .reason = wish->words });
		return true;
	default:
		return false;
	}
}

static bool
item_kick(struct forward *forward, const struct wire_live_item *item)
{
	struct unpack in = unpack_of(item->record);
	struct kick meant;

	if (!kick_unpack(&in, &meant) || meant.room.length > ROOM_BYTES_MAX ||
		meant.reason.length > REASON_BYTES_MAX ||
		!forward_is_gateway(forward, item->to_slot))
		return false;
	kick_pack(edge_letter(forward->edge, LETTER_KICK), &meant);
	return forward_send(forward, (unsigned)item->to_slot);
}

/* Who asks for a user */

static bool
letter_who(
	struct forward *forward, const struct letter *letter, struct unpack *in)
{
	struct edge *edge = forward->edge;
	struct buffer clients = { 0 };
	struct who_wanted wanted;

	if (!who_wanted_unpack(in, &wanted))
		return false;
	directory_who(forward->directory, wanted.tenant, wanted.user,
		ledgers_letter_max(edge) / 2, &clients);
	who_pack(edge_letter(edge, LETTER_WHO),
		&(struct who){
			.request = wanted.request,
			.connection = wanted.connection,
			.clients = buffer_text(&clients),
		});
	edge_send(edge, letter->from);
	buffer_fini(&clients);
	return true;
}

bool
forward_letter(struct forward *forward, const struct letter *letter)
{
	struct unpack in = letter_open(letter);

	switch (letter->kind) {
	case LETTER_DELIVER:
		return letter_deliver(forward, &in);
	case LETTER_KICK:
		return letter_kick(forward, &in);
	case LETTER_WHO_WANTED:
		return letter_who(forward, letter, &in);
	case LETTER_ENLIST:
		return forward_letter_enlist(forward, letter, &in);
	case LETTER_JOINED:
		return forward_letter_joined(forward, &in);
	case LETTER_REFUSED:
		return forward_letter_refused(forward, &in);
	default:
		return false;
	}
}

bool
forward_item(struct forward *forward, unsigned host,
	const struct wire_live_item *item)
{
	if (item->to_host != 0 &&
		item->to_host != (uint64_t)forward->edge->config->host_id)
		return true;
	switch (item->kind) {
	case LETTER_DELIVER:
		return item_deliver(forward, item);
	case LETTER_KICK:
		return item_kick(forward, item);
	case LETTER_ENLIST:
		return forward_item_enlist(forward, host, item);
	case LETTER_JOINED:
		return forward_item_joined(forward, host, item);
	case LETTER_REFUSED:
		return forward_item_refused(forward, host, item);
	default:
		return false;
	}
}
