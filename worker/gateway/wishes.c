#include "worker/gateway/wishes.h"

#include "shared/buffer.h"
#include "shared/config.h"
#include "shared/index.h"
#include "shared/json.h"
#include "shared/log.h"
#include "shared/mail.h"
#include "shared/records.h"
#include "worker/edge/entries.h"
#include "worker/edge/ledgers.h"
#include "worker/edge/pass.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/kick.h"
#include "worker/gateway/tracer.h"

#define KEEP_BYTES 65536

/* As whom an operator speaks. */
#define SYSTEM_USER TEXT_LITERAL("system")

/* No request of a client has this number. */
#define WISH_REQUEST UINT64_MAX

static bool
is_meant(const struct wish *wish, const struct index_entry *entry)
{
	return wish->only_platform == 0 ||
	       wish->only_platform == (uint64_t)entry->platform + 1;
}

/* Who is closed leaves the index, so all are written down before. */
static void
kick_user(struct gateway *gateway, const struct wish *wish)
{
	struct buffer kicks = { 0 };
	size_t count;
	const struct index_entry *found = entries_of_user(&gateway->edge,
		gateway->slot, wish->tenant, wish->user, &count);

	for (size_t i = 0; i < count; i++) {
		const struct kick kick = {
			.place = found[i].place,
			.secret = found[i].secret,
			.room = wish->room,
			.why = KICK_BY_OPERATOR,
			.reason = wish->words,
		};

		if (is_meant(wish, &found[i]))
			buffer_add(&kicks, &kick, sizeof(kick));
	}
	for (size_t i = 0; i < kicks.length; i += sizeof(struct kick))
		kick_take(gateway, (const void *)(kicks.data + i));
	buffer_fini(&kicks);
}

static void
kick_client(struct gateway *gateway, const struct wish *wish)
{
	kick_take(gateway, &(struct kick){ .place = wish->place,
				   .secret = wish->secret,
				   .why = KICK_BY_OPERATOR,
				   .reason = wish->words });
}

/* The body is in gateway->body. */
static struct message
message_of(struct gateway *gateway, const struct wish *wish)
{
	buffer_clear(&gateway->body, KEEP_BYTES);
	json_write_string(&gateway->body, wish->words);
	return (struct message){
		.tenant = wish->tenant,
		.from = SYSTEM_USER,
		.type = TEXT_LITERAL("text"),
		.body = buffer_text(&gateway->body),
		.flags = MESSAGE_ECHO,
		.asker_slot = gateway->slot,
		.asker_life = gateway->life,
		.request = WISH_REQUEST,
	};
}

/* It may wait outside a full ring, but must fit into one. */
static void
remember(
	struct gateway *gateway, const struct message *message, unsigned ledger)
{
	struct buffer *letter = edge_letter(&gateway->edge, LETTER_SAY);

	message_pack(letter, message);
	if (letter->length + MAIL_PLACE_BYTES <=
		ledgers_letter_max(&gateway->edge))
		ledgers_send(&gateway->edge, ledger);
	else
		log_warning("what the operator says is too long");
}

static void
say_room(struct gateway *gateway, const struct wish *wish)
{
	struct message message = message_of(gateway, wish);

	message.kind = STREAM_ROOM;
	message.stream = wish->room;
	if (config_room_class(gateway->config, wish->room)->history)
		remember(gateway, &message,
			ledgers_of_room(
				&gateway->edge, wish->tenant, wish->room));
	else
		pass_to_room(&gateway->edge, &message);
	tracer_said(gateway, NULL, &message);
}

/* What is not there is changed by nobody; then only the change is told. */
static void
change(struct gateway *gateway, const struct wish *wish)
{
	struct message message = message_of(gateway, wish);
	bool is_edit = wish->what == WISH_EDIT;

	message.kind = STREAM_ROOM;
	message.stream = wish->room;
	message.type = TEXT_LITERAL("");
	message.flags |= MESSAGE_MODERATED;
	message.flags |= is_edit ? MESSAGE_EDIT : MESSAGE_DELETE;
	message.of_time = wish->of_time;
	message.of_origin = wish->of_origin;
	if (!is_edit)
		message.body = TEXT_LITERAL("null");
	remember(gateway, &message,
		ledgers_of_room(&gateway->edge, wish->tenant, wish->room));
	tracer_said(gateway, NULL, &message);
}

static void
say_user(struct gateway *gateway, const struct wish *wish)
{
	struct message message = message_of(gateway, wish);

	message.kind = STREAM_INBOX;
	message.stream = message.from;
	buffer_clear(&gateway->edge.sides, KEEP_BYTES);
	if (!text_equal(wish->user, message.from))
		mail_add_side(&gateway->edge.sides,
			&(struct mail_side){ wish->user, 0 });
	message.others = buffer_text(&gateway->edge.sides);
	remember(gateway, &message,
		ledgers_of_inbox(
			&gateway->edge, message.tenant, message.stream));
	tracer_said(gateway, NULL, &message);
}

void
wishes_take(struct gateway *gateway, struct text packed)
{
	struct unpack in = unpack_of(packed);
	struct wish wish;

	if (!wish_unpack(&in, &wish))
		wish.what = 0;
	switch (wish.what) {
	case WISH_KICK_USER:
	case WISH_KICK_MEMBER:
		kick_user(gateway, &wish);
		break;
	case WISH_KICK_CLIENT:
		kick_client(gateway, &wish);
		break;
	case WISH_SAY_ROOM:
		say_room(gateway, &wish);
		break;
	case WISH_SAY_USER:
		say_user(gateway, &wish);
		break;
	case WISH_EDIT:
	case WISH_DELETE:
		change(gateway, &wish);
		break;
	case WISH_TRACE:
		tracer_begin(gateway, &wish);
		break;
	case WISH_TRACE_END:
		tracer_end(gateway, wish.trace);
		break;
	default:
		log_error("a wish of the master makes no sense here");
	}
}

bool
wishes_are_refused(const struct refused *refused)
{
	if (refused->request != WISH_REQUEST)
		return false;
	log_warning("what the operator said is refused: %.*s",
		TEXT_ARGS(refused->error));
	return true;
}
