/*
 * What is as JSON the same wherever it stands.
 */
#include "worker/edge/confab_json.h"

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/clock.h"
#include "shared/json.h"
#include "shared/mail.h"
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

/* A direct message as its sender sees it names all who got it. */
static void
add_recipients(struct buffer *out, struct text others)
{
	struct unpack in = unpack_of(others);
	struct mail_side side;
	const char *before = ",\"users\":[";

	while (mail_next_side(&in, &side)) {
		confab_add_text(out, before, side.user);
		before = ",";
	}
	buffer_add_byte(out, ']');
}

static void
add_recipient(struct buffer *out, const struct message *message)
{
	struct unpack in = unpack_of(message->others);
	struct mail_side side, next;

	if (!mail_is_own(message) || !mail_next_side(&in, &side))
		confab_add_text(out, ",\"to\":", message->stream);
	else if (!mail_next_side(&in, &next))
		confab_add_text(out, ",\"to\":", side.user);
	else
		add_recipients(out, message->others);
}

/* Where it was said. */
static void
add_target(struct buffer *out, const struct message *message)
{
	if (message->kind == STREAM_INBOX)
		add_recipient(out, message);
	else if (message->kind == STREAM_CLIENT)
		buffer_add_string(out, ",\"client\":true");
	else if (message->kind == STREAM_TENANT)
		buffer_add_string(out, ",\"all\":true");
	else
		confab_add_text(out, ",\"room\":", message->stream);
	if (message->only_platform)
		confab_add_number(
			out, ",\"only\":", message->only_platform - 1);
	if (message->offset)
		confab_add_number(out, ",\"offset\":", message->offset);
}

/* What it changes, or when it was changed. */
static void
add_change(struct buffer *out, const struct message *message)
{
	char id[MESSAGE_ID_LENGTH + 1];

	if (message->flags & MESSAGE_CHANGES) {
		message_id_write(id, message->of_time, message->of_origin);
		confab_add_text(out, ",\"of\":", text_of(id));
		if (message->of_offset)
			confab_add_number(
				out, ",\"of_offset\":", message->of_offset);
	}
	if (message->flags & MESSAGE_DELETED)
		confab_add_number(out, ",\"deleted\":", message->changed);
	else if (message->flags & MESSAGE_EDITED)
		confab_add_number(out, ",\"edited\":", message->changed);
}

static void
add_content(struct buffer *out, const struct message *message, bool with_key)
{
	confab_add_text(out, ",\"type\":", message->type);
	if (with_key && message->key.length > 0)
		confab_add_text(out, ",\"key\":", message->key);
	buffer_add_string(out, ",\"body\":");
	if (message->flags & MESSAGE_DELETED)
		buffer_add_string(out, "null");
	else
		buffer_add_text(out, message->body);
}

static void
add_message(struct buffer *out, const struct message *message, bool with_key)
{
	buffer_add_byte(out, '{');
	confab_add_id(out, message->id_time, message->id_origin);
	confab_add_text(out, ",\"from\":", message->from);
	confab_add_number(out, ",\"platform\":", message->platform);
	add_target(out, message);
	add_change(out, message);
	if (!(message->flags & MESSAGE_DELETE))
		add_content(out, message, with_key);
	buffer_add_byte(out, '}');
}

void
confab_add_messages(struct buffer *out, struct text messages, uint64_t count,
	struct text user)
{
	struct unpack in = unpack_of(messages);
	uint64_t now_ms = clock_unix_ms();
	const char *before = "";

	for (uint64_t i = 0; i < count; i++) {
		struct unpack one = unpack_of(unpack_text(&in));
		struct message message;

		if (in.failed || !message_unpack(&one, &message))
			break;
		if (message_is_over(message.until, now_ms))
			continue;
		buffer_add_string(out, before);
		add_message(out, &message, text_equal(message.from, user));
		before = ",";
	}
}

void
confab_write_message(
	struct buffer *out, const struct message *message, bool with_key)
{
	buffer_add_string(out, message->flags & MESSAGE_EDIT
				       ? "{\"cmd\":\"edit\",\"data\":"
			       : message->flags & MESSAGE_DELETE
				       ? "{\"cmd\":\"delete\",\"data\":"
				       : "{\"cmd\":\"msg\",\"data\":");
	add_message(out, message, with_key);
	buffer_add_byte(out, '}');
}

void
confab_add_page(struct buffer *out, const struct page *page, struct text user)
{
	confab_add_epoch(out, "\"epoch\":", page->epoch);
	confab_add_number(out, ",\"first\":", page->first);
	confab_add_number(out, ",\"last\":", page->last);
	buffer_add_string(
		out, page->more ? ",\"more\":true" : ",\"more\":false");
	buffer_add_string(out, ",\"messages\":[");
	confab_add_messages(out, page->messages, page->count, user);
	buffer_add_byte(out, ']');
}

static void
add_member(struct buffer *out, const struct member *member)
{
	struct unpack in = unpack_of(member->platforms);
	const char *before = "";

	confab_add_text(out, "{\"user\":", member->user);
	buffer_add_string(out, ",\"platforms\":[");
	while (in.at < in.end && !in.failed) {
		confab_add_number(out, before, unpack_number(&in));
		before = ",";
	}
	confab_add_number(out, "],\"since\":", member->since);
	if (member->info.length > 0) {
		buffer_add_string(out, ",\"info\":");
		buffer_add_text(out, member->info);
	}
	buffer_add_byte(out, '}');
}

void
confab_add_members(struct buffer *out, const struct members_page *page)
{
	struct unpack in = unpack_of(page->members);
	struct member member = { 0 };

	confab_add_number(out, "\"users\":", page->users);
	confab_add_number(out, ",\"connections\":", page->connections);
	buffer_add_string(out, ",\"members\":[");
	for (uint64_t i = 0; i < page->count; i++) {
		struct unpack one = unpack_of(unpack_text(&in));

		if (in.failed || !member_unpack(&one, &member))
			break;
		if (i > 0)
			buffer_add_byte(out, ',');
		add_member(out, &member);
	}
	buffer_add_byte(out, ']');
	if (page->more && member.user.length > 0)
		confab_add_text(out, ",\"next\":", member.user);
}
