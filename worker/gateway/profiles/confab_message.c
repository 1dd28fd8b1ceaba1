/*
 * A message as JSON, the same wherever it stands.
 */
#include "worker/gateway/profiles/confab_message.h"

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/json.h"
#include "shared/message.h"
#include "shared/records.h"

void
confab_add_text(struct buffer *out, const char *before, struct text text)
{
	buffer_add_string(out, before);
	json_write_string(out, text);
}

void
confab_add_number(struct buffer *out, const char *before, uint64_t number)
{
	char digits[20];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + number % 10);
	while ((number /= 10) > 0);
	buffer_add_string(out, before);
	buffer_add(out, digits + at, sizeof(digits) - at);
}

void
confab_add_id(struct buffer *out, uint64_t time, uint64_t origin)
{
	char id[MESSAGE_ID_LENGTH + 1];

	message_id_write(id, time, origin);
	confab_add_text(out, "\"id\":", text_of(id));
	confab_add_number(out, ",\"time\":", message_unix_ms(time));
}

void
confab_add_epoch(struct buffer *out, const char *before, uint64_t value)
{
	char epoch[MESSAGE_EPOCH_LENGTH + 1];

	message_epoch_write(epoch, value);
	confab_add_text(out, before, text_of(epoch));
}

static void
add_message(struct buffer *out, const struct message *message, bool with_key)
{
	buffer_add_byte(out, '{');
	confab_add_id(out, message->id_time, message->id_origin);
	confab_add_text(out, ",\"from\":", message->from);
	confab_add_number(out, ",\"platform\":", message->platform);
	confab_add_text(out, ",\"room\":", message->stream);
	if (message->offset)
		confab_add_number(out, ",\"offset\":", message->offset);
	confab_add_text(out, ",\"type\":", message->type);
	if (with_key && message->key.length > 0)
		confab_add_text(out, ",\"key\":", message->key);
	buffer_add_string(out, ",\"body\":");
	buffer_add_text(out, message->body);
	buffer_add_byte(out, '}');
}

void
confab_add_messages(struct buffer *out, struct text messages, uint64_t count,
	struct text user)
{
	struct unpack in = unpack_of(messages);

	for (uint64_t i = 0; i < count; i++) {
		struct unpack one = unpack_of(unpack_text(&in));
		struct message message;

		if (in.failed || !message_unpack(&one, &message))
			break;
		if (i > 0)
			buffer_add_byte(out, ',');
		add_message(out, &message, text_equal(message.from, user));
	}
}

void
confab_write_message(
	struct buffer *out, const struct message *message, bool with_key)
{
	buffer_add_string(out, "{\"cmd\":\"msg\",\"data\":");
	add_message(out, message, with_key);
	buffer_add_byte(out, '}');
}
