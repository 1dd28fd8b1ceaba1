#include "worker/gateway/profiles/groupchat_write.h"

#include <inttypes.h>
#include <stdio.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/clock.h"
#include "shared/gojson.h"
#include "shared/message.h"
#include "shared/records.h"
#include "shared/stream.h"
#include "worker/gateway/addressee.h"
#include "worker/gateway/profiles/gochat.h"

#define TYPE_USUAL TEXT_LITERAL("text")
#define GREETING TEXT_LITERAL("连接成功")
#define GONE TEXT_LITERAL("用户已经离开")

static void
add(struct buffer *out, const char *before, struct text text)
{
	buffer_add_string(out, before);
	gojson_write_string(out, text);
}

/* What clients get without having asked. */
struct groupchat_push {
	const char *action;
	struct text id, type, content, from;
	bool is_to_nobody;
	uint64_t unix_ms;
};

static void
write_push(struct buffer *out, const struct groupchat_push *push)
{
	buffer_add_string(out, "{\"code\":200,\"msg\":\"success\",\"data\":{");
	add(out, "\"action\":", text_of(push->action));
	add(out, ",\"msgId\":", push->id);
	add(out, ",\"msgType\":", push->type);
	add(out, ",\"content\":", push->content);
	add(out, ",\"from\":", push->from);
	buffer_add_string(out, ",\"to\":");
	if (push->is_to_nobody)
		buffer_add_string(out, "\"\"");
	else
		buffer_add_byte(out, ADDRESSEE_MARK);
	buffer_add_format(out, ",\"msgTimestamp\":\"%" PRIu64 "\"}}",
		push->unix_ms / 1000);
}

/* The nanoseconds of the clock, as an id. */
static struct text
id_of_now(char words[24])
{
	uint64_t rest = clock_ns() % 1000000;

	snprintf(words, 24, "%" PRIu64, clock_unix_ms() * 1000000 + rest);
	return text_of(words);
}

void
groupchat_write_greeting(struct buffer *out)
{
	char id[24];

	write_push(out, &(struct groupchat_push){
				.action = "enter",
				.id = id_of_now(id),
				.type = TYPE_USUAL,
				.content = GREETING,
				.is_to_nobody = true,
				.unix_ms = clock_unix_ms(),
			});
}

void
groupchat_write_body(struct buffer *out, struct text words, struct text id)
{
	buffer_add_string(out, "{\"msg\":");
	json_write_string(out, words);
	buffer_add_string(out, ",\"msgId\":");
	json_write_string(out, id);
	buffer_add_byte(out, '}');
}

/* The one that its client gave it, or else that of the server. */
static struct text
id_of(const json_t *body, const struct message *message,
	char bytes[MESSAGE_ID_LENGTH + 1])
{
	const json_t *id = json_object_get(body, "msgId");

	if (json_is_string(id))
		return (struct text){ json_string_value(id),
			json_string_length(id) };
	message_id_write(bytes, message->id_time, message->id_origin);
	return text_of(bytes);
}

/* Of what was said between two, who said it gets nothing, unless he was alone.
 */
void
groupchat_write_message(
	struct buffer *out, const struct message *message, bool is_own)
{
	char id[MESSAGE_ID_LENGTH + 1];
	json_t *body;

	if (message->flags & MESSAGE_CHANGES ||
		(is_own && message->kind == STREAM_INBOX &&
			message->others.length > 0))
		return;
	body = gojson_read(message->body, false);
	write_push(out, &(struct groupchat_push){
				.action = "sendmsg",
				.id = id_of(body, message, id),
				.type = message->type,
				.content = gochat_words_of(body, message->body),
				.from = message->from,
				.unix_ms = message_unix_ms(message->id_time),
			});
	json_decref(body);
}

/* Who comes is not told. */
void
groupchat_write_presence(struct buffer *out, const struct presence *presence)
{
	char id[24];

	if (presence->entered || presence->user.length == 0)
		return;
	write_push(out, &(struct groupchat_push){
				.action = "exit",
				.id = id_of_now(id),
				.type = TYPE_USUAL,
				.content = GONE,
				.from = presence->user,
				.unix_ms = clock_unix_ms(),
			});
}
