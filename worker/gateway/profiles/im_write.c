#include "worker/gateway/profiles/im_write.h"

#include <stdio.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/clock.h"
#include "shared/gojson.h"
#include "shared/message.h"
#include "shared/records.h"
#include "shared/stream.h"
#include "worker/gateway/profiles/gochat.h"

#define ENTER "哈喽~"
#define EXIT "用户已经离开~"

static void
add(struct buffer *out, const char *before, struct text text)
{
	buffer_add_string(out, before);
	gojson_write_string(out, text);
}

/* What clients get without having asked. */
struct im_push {
	struct text seq;
	const char *cmd;
	struct text type, msg, from;
};

static void
write_push(struct buffer *out, const struct im_push *push)
{
	add(out, "{\"seq\":", push->seq);
	add(out, ",\"cmd\":", text_of(push->cmd));
	buffer_add_string(out,
		",\"response\":{\"code\":200,\"codeMsg\":\"Ok\",\"data\":{"
		"\"target\":\"\"");
	add(out, ",\"type\":", push->type);
	add(out, ",\"msg\":", push->msg);
	add(out, ",\"from\":", push->from);
	buffer_add_string(out, "}}}");
}

/* The nanoseconds of the clock, as a number of an order. */
static struct text
order_of_now(char words[24])
{
	snprintf(words, 24, "%u", (unsigned)(clock_ns() % 1000000000));
	return text_of(words);
}

/* What was said by HTTP to one user, by nobody, comes from himself. */
static struct text
sender_of(const struct message *message)
{
	bool is_nobody = message->kind == STREAM_INBOX &&
			 message->flags & MESSAGE_SHARED_KEY &&
			 text_equal(message->from, TEXT_LITERAL(IM_NOBODY));

	return is_nobody ? message->stream : message->from;
}

/* A msgID is there for all to see; the keys of others are theirs. Who has said
 * it does not get it. */
void
im_write_message(struct buffer *out, const struct message *message, bool is_own)
{
	char id[MESSAGE_ID_LENGTH + 1];
	json_t *body;

	if (is_own || message->flags & MESSAGE_CHANGES)
		return;
	message_id_write(id, message->id_time, message->id_origin);
	body = gojson_read(message->body, false);
	write_push(out, &(struct im_push){
				.seq = message->flags & MESSAGE_SHARED_KEY
					       ? message->key
					       : text_of(id),
				.cmd = "msg",
				.type = message->type,
				.msg = gochat_words_of(body, message->body),
				.from = sender_of(message),
			});
	json_decref(body);
}

void
im_write_presence(struct buffer *out, const struct presence *presence)
{
	char order[24];

	if (presence->user.length == 0)
		return;
	write_push(
		out, &(struct im_push){
			     .seq = order_of_now(order),
			     .cmd = presence->entered ? "enter" : "exit",
			     .type = TEXT_LITERAL("text"),
			     .msg = text_of(presence->entered ? ENTER : EXIT),
			     .from = presence->user,
		     });
}

/* Unknown to clients of old, which pass over it. */
void
im_write_kick(struct buffer *out, const struct kick *kick)
{
	char order[24];

	if (kick->room.length > 0)
		return;
	write_push(out, &(struct im_push){
				.seq = order_of_now(order),
				.cmd = "kick",
				.type = TEXT_LITERAL("text"),
				.msg = kick->reason,
				.from = TEXT_LITERAL("system"),
			});
}
