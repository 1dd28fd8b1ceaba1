/*
 * Joins that backends ask for, and their answers.
 */
#include <stdlib.h>

#include "shared/codes.h"
#include "shared/config.h"
#include "shared/letter.h"
#include "shared/message.h"
#include "worker/edge/numbers.h"
#include "worker/relay/forward.h"
#include "worker/relay/forward_inside.h"

#define ASKED_MAX 10000
#define ASKED_MS 25000 /* less than who asks us waits himself */

static const char no_such_client[] = "there is no such client";
static const char too_much[] = "the server is too busy, try again";
static const char no_answer[] =
	"the host of the client does not answer; it may be done or not";

static void
asked_free(struct forward *forward, struct asked **asked)
{
	numbers_drop(forward->numbers, (*asked)->number);
	DL_DELETE(forward->asked, *asked);
	forward->asked_count--;
	free(*asked);
	*asked = NULL;
}

/* NULL: too many wait. */
static struct asked *
asked_new(struct forward *forward, uint64_t request, uint64_t connection)
{
	struct asked *asked;

	if (forward->asked_count == ASKED_MAX)
		return NULL;
	asked = base_alloc_zeroed(1, sizeof(*asked));
	asked->number = numbers_give(forward->numbers, asked);
	asked->request = request;
	asked->connection = connection;
	asked->late_ms = forward->now_ms + ASKED_MS;
	DL_APPEND(forward->asked, asked);
	forward->asked_count++;
	return asked;
}

static void
refuse_here(struct forward *forward, unsigned slot, uint64_t request,
	uint64_t connection, unsigned code, const char *error)
{
	refused_pack(edge_letter(forward->edge, LETTER_REFUSED),
		&(struct refused){
			.request = request,
			.connection = connection,
			.code = code,
			.error = text_of(error),
		});
	edge_send(forward->edge, slot);
}

static void
refuse_there(struct forward *forward, unsigned host, uint64_t request,
	uint64_t connection, unsigned code, const char *error)
{
	refused_pack(forward_record(forward), &(struct refused){
						      .request = request,
						      .connection = connection,
						      .code = code,
						      .error = text_of(error),
					      });
	forward_say_item(forward, LETTER_REFUSED, host, 0);
}

bool
forward_letter_enlist(
	struct forward *forward, const struct letter *letter, struct unpack *in)
{
	struct remote_place found;
	struct enlist enlist;
	struct asked *asked;

	if (!enlist_unpack(in, &enlist))
		return false;
	if (!directory_at(
		    forward->directory, enlist.place, enlist.secret, &found)) {
		refuse_here(forward, letter->from, enlist.request,
			enlist.connection, CODE_NOT_FOUND, no_such_client);
		return true;
	}
	asked = asked_new(forward, enlist.request, enlist.connection);
	if (asked == NULL) {
		refuse_here(forward, letter->from, enlist.request,
			enlist.connection, CODE_UNAVAILABLE, too_much);
		return true;
	}
	asked->slot = letter->from;
	asked->host = found.host;
	enlist.request = asked->number;
	enlist.connection = 0;
	enlist.place = found.place;
	enlist_pack(forward_record(forward), &enlist);
	forward_say_item(forward, LETTER_ENLIST, found.host, found.slot);
	return true;
}

bool
forward_item_enlist(struct forward *forward, unsigned host,
	const struct wire_live_item *item)
{
	struct unpack in = unpack_of(item->record);
	struct enlist enlist;
	struct asked *asked;

	if (!enlist_unpack(&in, &enlist) || enlist.room.length == 0 ||
		enlist.room.length > ROOM_BYTES_MAX ||
		enlist.info.length > INFO_BYTES_MAX ||
		!forward_is_gateway(forward, item->to_slot))
		return false;
	asked = asked_new(forward, enlist.request, enlist.connection);
	if (asked == NULL) {
		refuse_there(forward, host, enlist.request, enlist.connection,
			CODE_UNAVAILABLE, too_much);
		return true;
	}
	asked->is_foreign = true;
	asked->host = host;
	enlist.request = asked->number;
	enlist_pack(edge_letter(forward->edge, LETTER_ENLIST), &enlist);
	return forward_send(forward, (unsigned)item->to_slot);
}

/* A gateway answers what a host has asked for. */
bool
forward_letter_joined(struct forward *forward, struct unpack *in)
{
	struct joined joined;
	struct asked *asked;

	if (!joined_unpack(in, &joined))
		return false;
	asked = numbers_find(forward->numbers, joined.request);
	if (asked == NULL || !asked->is_foreign)
		return true;
	joined.request = asked->request;
	joined.connection = asked->connection;
	joined_pack(forward_record(forward), &joined);
	forward_say_item(forward, LETTER_JOINED, asked->host, 0);
	asked_free(forward, &asked);
	return true;
}

bool
forward_letter_refused(struct forward *forward, struct unpack *in)
{
	struct refused refused;
	struct asked *asked;

	if (!refused_unpack(in, &refused))
		return false;
	asked = numbers_find(forward->numbers, refused.request);
	if (asked == NULL || !asked->is_foreign)
		return true;
	refused.request = asked->request;
	refused.connection = asked->connection;
	refused_pack(forward_record(forward), &refused);
	forward_say_item(forward, LETTER_REFUSED, asked->host, 0);
	asked_free(forward, &asked);
	return true;
}

/* A host answers what a process here has asked for; nobody else can. */
static struct asked *
asked_of(struct forward *forward, unsigned host, uint64_t request)
{
	struct asked *asked = numbers_find(forward->numbers, request);

	return asked && !asked->is_foreign && asked->host == host ? asked
								  : NULL;
}

bool
forward_item_joined(struct forward *forward, unsigned host,
	const struct wire_live_item *item)
{
	struct unpack in = unpack_of(item->record);
	struct joined joined;
	struct asked *asked;
	bool is_sent;

	if (!joined_unpack(&in, &joined))
		return false;
	asked = asked_of(forward, host, joined.request);
	if (asked == NULL)
		return true;
	joined.request = asked->request;
	joined.connection = asked->connection;
	joined_pack(edge_letter(forward->edge, LETTER_JOINED), &joined);
	is_sent = forward_send(forward, asked->slot);
	if (is_sent)
		asked_free(forward, &asked);
	return is_sent;
}

bool
forward_item_refused(struct forward *forward, unsigned host,
	const struct wire_live_item *item)
{
	struct unpack in = unpack_of(item->record);
	struct refused refused;
	struct asked *asked;
	bool is_sent;

	if (!refused_unpack(&in, &refused))
		return false;
	asked = asked_of(forward, host, refused.request);
	if (asked == NULL)
		return true;
	refused.request = asked->request;
	refused.connection = asked->connection;
	refused_pack(edge_letter(forward->edge, LETTER_REFUSED), &refused);
	is_sent = forward_send(forward, asked->slot);
	if (is_sent)
		asked_free(forward, &asked);
	return is_sent;
}

static void
give_up(struct forward *forward, struct asked *asked)
{
	if (!asked->is_foreign)
		refuse_here(forward, asked->slot, asked->request,
			asked->connection, CODE_UNAVAILABLE, no_answer);
	asked_free(forward, &asked);
}

void
forward_lose(struct forward *forward, unsigned host)
{
	struct asked *asked, *next;

	DL_FOREACH_SAFE(forward->asked, asked, next)
	{
		if (asked->host == host)
			give_up(forward, asked);
	}
}

void
forward_on_tick(struct forward *forward, uint64_t now_ms)
{
	forward->now_ms = now_ms;
	while (forward->asked != NULL && forward->asked->late_ms <= now_ms)
		give_up(forward, forward->asked);
}

void
forward_join_end(struct forward *forward)
{
	while (forward->asked != NULL) {
		struct asked *asked = forward->asked;

		asked_free(forward, &asked);
	}
}
