/* Messages as JSON, wherever they stand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "shared/buffer.h"
#include "shared/clock.h"
#include "shared/mail.h"
#include "shared/message.h"
#include "shared/records.h"
#include "worker/edge/confab_json.h"

#define WHO "\"time\":5,\"from\":\"ann\",\"platform\":7"

static struct message
message_of(unsigned kind, const char *stream)
{
	return (struct message){
		.id_time = UINT64_C(5) << 16,
		.kind = kind,
		.tenant = TEXT_LITERAL("default"),
		.stream = text_of(stream),
		.from = TEXT_LITERAL("ann"),
		.platform = 7,
		.type = TEXT_LITERAL("t"),
		.body = TEXT_LITERAL("{\"a\":1}"),
		.key = TEXT_LITERAL("k"),
	};
}

/* The push, without its id, which comes first. */
static void
expect_push(const struct message *message, bool with_key, const char *wanted)
{
	struct buffer out = { 0 };
	const char *from;

	confab_write_message(&out, message, with_key);
	buffer_add_byte(&out, 0);
	from = strstr((const char *)out.data, "\"time\"");
	assert_non_null(from);
	assert_string_equal(from, wanted);
	buffer_fini(&out);
}

/* In a page that user reads, without the id of the first one. */
static void
expect_page(const struct message *messages, size_t count, const char *user,
	const char *wanted)
{
	struct buffer row = { 0 }, one = { 0 }, out = { 0 };
	const char *from;

	for (size_t i = 0; i < count; i++) {
		buffer_clear(&one, SIZE_MAX);
		message_pack(&one, &messages[i]);
		pack_text(&row, buffer_text(&one));
	}
	confab_add_messages(&out, buffer_text(&row), count, text_of(user));
	buffer_add_byte(&out, 0);
	from = strstr((const char *)out.data, "\"time\"");
	assert_string_equal(from ? from : "", wanted);
	buffer_fini(&row);
	buffer_fini(&one);
	buffer_fini(&out);
}

static void
each_way_of_a_message_is_named(void **state)
{
	struct message room = message_of(STREAM_ROOM, "r");
	struct message client = message_of(STREAM_CLIENT, "");
	struct message all = message_of(STREAM_TENANT, "");

	(void)state;
	room.offset = 9;
	expect_push(&room, true,
		WHO ",\"room\":\"r\",\"offset\":9,\"type\":\"t\",\"key\":\"k\","
		    "\"body\":{\"a\":1}}}");
	expect_push(&client, false,
		WHO ",\"client\":true,\"type\":\"t\",\"body\":{\"a\":1}}}");
	expect_push(&all, false,
		WHO ",\"all\":true,\"type\":\"t\",\"body\":{\"a\":1}}}");
}

static void
a_direct_message_names_its_recipients(void **state)
{
	struct message mail = message_of(STREAM_INBOX, "ann");
	struct buffer others = { 0 };

	(void)state;
	expect_page(&mail, 1, "bob",
		WHO ",\"to\":\"ann\",\"type\":\"t\",\"body\":{\"a\":1}}");
	mail_add_side(&others, &(struct mail_side){ TEXT_LITERAL("bob"), 3 });
	mail.others = buffer_text(&others);
	mail.only_platform = 1 + 0;
	expect_page(&mail, 1, "ann",
		WHO ",\"to\":\"bob\",\"only\":0,\"type\":\"t\",\"key\":\"k\","
		    "\"body\":{\"a\":1}}");
	mail_add_side(&others, &(struct mail_side){ TEXT_LITERAL("\"x"), 3 });
	mail.others = buffer_text(&others);
	mail.only_platform = 0;
	expect_page(&mail, 1, "bob",
		WHO ",\"users\":[\"bob\",\"\\\"x\"],\"type\":\"t\","
		    "\"body\":{\"a\":1}}");
	mail.from = TEXT_LITERAL("ann");
	mail.stream = TEXT_LITERAL("bob");
	expect_page(&mail, 1, "bob",
		WHO ",\"to\":\"bob\",\"type\":\"t\",\"body\":{\"a\":1}}");
	buffer_fini(&others);
}

static void
a_page_says_what_became_of_a_message(void **state)
{
	struct message message = message_of(STREAM_ROOM, "r");

	(void)state;
	message.changed = 77;
	message.flags = MESSAGE_EDITED;
	expect_page(&message, 1, "bob",
		WHO ",\"room\":\"r\",\"edited\":77,\"type\":\"t\","
		    "\"body\":{\"a\":1}}");
	message.flags = MESSAGE_EDITED | MESSAGE_DELETED;
	expect_page(&message, 1, "bob",
		WHO ",\"room\":\"r\",\"deleted\":77,\"type\":\"t\","
		    "\"body\":null}");
}

static void
a_change_names_what_it_changes(void **state)
{
	struct message change = message_of(STREAM_ROOM, "r");
	char id[MESSAGE_ID_LENGTH + 1], wanted[256];

	(void)state;
	change.of_time = 4;
	change.of_origin = 3;
	change.of_offset = 2;
	change.offset = 8;
	message_id_write(id, 4, 3);
	change.flags = MESSAGE_EDIT;
	snprintf(wanted, sizeof(wanted),
		WHO ",\"room\":\"r\",\"offset\":8,\"of\":\"%s\","
		    "\"of_offset\":2,\"type\":\"t\",\"body\":{\"a\":1}}",
		id);
	expect_page(&change, 1, "bob", wanted);
	change.flags = MESSAGE_DELETE;
	snprintf(wanted, sizeof(wanted),
		WHO ",\"room\":\"r\",\"offset\":8,\"of\":\"%s\","
		    "\"of_offset\":2}",
		id);
	expect_page(&change, 1, "bob", wanted);
}

static void
what_is_over_is_left_out_of_a_page(void **state)
{
	struct message messages[3];

	(void)state;
	for (int i = 0; i < 3; i++)
		messages[i] = message_of(STREAM_ROOM, "r");
	messages[0].until = clock_unix_ms();
	messages[1].until = clock_unix_ms() + 60000;
	messages[2].until = 1;
	expect_page(messages, 3, "bob",
		WHO ",\"room\":\"r\",\"type\":\"t\",\"body\":{\"a\":1}}");
	expect_page(messages, 1, "bob", "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_way_of_a_message_is_named),
		cmocka_unit_test(a_direct_message_names_its_recipients),
		cmocka_unit_test(a_page_says_what_became_of_a_message),
		cmocka_unit_test(a_change_names_what_it_changes),
		cmocka_unit_test(what_is_over_is_left_out_of_a_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
