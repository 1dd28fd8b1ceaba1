/*
 * What users have not read, as the ledger sees it: who joins gets what came
 * after his mark, and of the inbox, after the receipt of his platform.
 */
#include "tests/unit/ledger_lives.h"

#include "shared/receipt.h"

#define UNREAD (JOIN_RECOVER | JOIN_UNREAD)

static void
show_mail(uint64_t request)
{
	SHOW(SAY, message, GATEWAY_A, 1, .kind = STREAM_INBOX,
		.tenant = TEXT_LITERAL("t"), .stream = TEXT_LITERAL("ann"),
		.from = TEXT_LITERAL("ann"), .body = TEXT_LITERAL("1"),
		.request = request, .connection = 100 + request);
}

static void
show_receipt(uint64_t platform, uint64_t offset)
{
	char with[RECEIPT_BYTES_MAX];

	SHOW(READ, mark, GATEWAY_A, 1, .kind = STREAM_INBOX,
		.tenant = TEXT_LITERAL("t"), .stream = TEXT_LITERAL("ann"),
		.user = TEXT_LITERAL("ann"),
		.with = receipt_with(with, platform), .offset = offset);
}

static void
show_read(const char *user, uint64_t offset)
{
	SHOW(READ, mark, GATEWAY_A, 1, .kind = STREAM_ROOM,
		.tenant = TEXT_LITERAL("t"), .stream = TEXT_LITERAL("r"),
		.user = text_of(user), .offset = offset);
}

static void
expect_missed(uint64_t request, uint64_t read, uint64_t count)
{
	NEXT(JOINED, joined, GATEWAY_A);
	assert_int_equal(joined.request, request);
	assert_int_equal(joined.recovery, RECOVERY_WHOLE);
	assert_int_equal(joined.read, read);
	assert_int_equal(joined.count, count);
	assert_int_equal(joined.offset, read + count);
}

static void
expect_all_is_missed(void)
{
	fixture_forget_sent();
	show_join(GATEWAY_A, 1, "r", "ann", UNREAD);
	show_join(GATEWAY_A, 2, "r", "bob", UNREAD);
	show_join(GATEWAY_A, 3, "ann", "ann", UNREAD | JOIN_INBOX);
	SHOW(JOIN, join, GATEWAY_A, 1, .request = 4, .connection = 104,
		.tenant = TEXT_LITERAL("t"), .room = TEXT_LITERAL("ann"),
		.user = TEXT_LITERAL("ann"), .platform = 7,
		.flags = UNREAD | JOIN_INBOX);
	end_turn();
	expect_missed(1, 1, 2);
	expect_missed(2, 0, 3);
	expect_missed(3, 2, 1);
	expect_missed(4, 0, 3);
	assert_no_more();
}

static void
script_reads(void)
{
	settle();
	for (unsigned i = 0; i < 3; i++) {
		show_say(GATEWAY_A, 1, "r", "\"m\"");
		show_mail(2);
		end_turn();
	}
	show_read("ann", 1);
	end_turn();
	fixture_forget_sent();
	show_receipt(101, 2);
	end_turn();
	assert_no_more(); /* nobody is told of receipts */
	expect_all_is_missed();
}

static void
script_again(void)
{
	settle();
	expect_all_is_missed();
}

static void
who_joins_gets_what_came_after_his_mark(void **state)
{
	(void)state;
	play(script_reads);
}

static void
marks_and_receipts_survive_a_kill(void **state)
{
	(void)state;
	play(script_reads);
	play_next(script_again);
}

static void
script_beyond(void)
{
	settle();
	show_say(GATEWAY_A, 1, "r", "\"m\"");
	end_turn();
	fixture_forget_sent();
	show_read("ann", 2);
	show_receipt(101, 1);
	end_turn();
	assert_no_more();
	assert_int_equal(row_read(worker_row(&fake), COUNTER_LETTERS_BAD), 0);
}

static void
one_that_cannot_be_is_passed_over_without_a_word(void **state)
{
	(void)state;
	play(script_beyond);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_joins_gets_what_came_after_his_mark),
		TEST(marks_and_receipts_survive_a_kill),
		TEST(one_that_cannot_be_is_passed_over_without_a_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
