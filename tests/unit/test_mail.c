#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "shared/buffer.h"
#include "shared/mail.h"
#include "shared/records.h"

static const struct mail_side ben = { { "ben", 3 }, 7 };
static const struct mail_side cleo = { { "cleo", 4 }, 300 };

static void
sides_come_back_in_their_order(void **state)
{
	struct buffer others = { 0 };
	struct mail_side side;
	struct unpack in;

	(void)state;
	mail_add_side(&others, &ben);
	mail_add_side(&others, &cleo);
	in = unpack_of(buffer_text(&others));
	assert_true(mail_next_side(&in, &side));
	assert_true(text_equal(side.user, ben.user));
	assert_true(mail_next_side(&in, &side));
	assert_true(text_equal(side.user, cleo.user));
	assert_int_equal(side.offset, 300);
	assert_false(mail_next_side(&in, &side));
	assert_true(mail_find_side(buffer_text(&others), cleo.user, &side));
	assert_int_equal(side.offset, 300);
	assert_false(
		mail_find_side(buffer_text(&others), text_of("ad"), &side));
	buffer_fini(&others);
}

static void
what_makes_no_sense_ends_the_list(void **state)
{
	struct mail_side side;
	struct unpack in = unpack_of(TEXT_LITERAL("\x03"
						  "be"));

	(void)state;
	assert_false(mail_next_side(&in, &side));
	assert_false(mail_find_side(
		TEXT_LITERAL("\xff\xff"), text_of("ben"), &side));
}

static void
a_recipient_sees_the_sender_as_the_other_side(void **state)
{
	struct buffer others = { 0 }, scratch = { 0 };
	struct message message = {
		.kind = STREAM_INBOX,
		.stream = text_of("ada"),
		.from = text_of("ada"),
		.offset = 42,
		.body = text_of("1"),
		.of_offset = 41,
	};
	struct message view;
	struct mail_side side;

	(void)state;
	mail_add_side(&others, &ben);
	mail_add_side(&others, &cleo);
	message.others = buffer_text(&others);
	assert_true(mail_is_own(&message));
	mail_view(&message, &cleo, &view, &scratch);
	assert_true(text_equal(view.stream, cleo.user));
	assert_int_equal(view.offset, 300);
	assert_int_equal(view.of_offset, 0);
	assert_false(mail_is_own(&view));
	assert_true(mail_find_side(view.others, text_of("ada"), &side));
	assert_int_equal(side.offset, 42);
	assert_false(mail_find_side(view.others, ben.user, &side));
	buffer_fini(&others);
	buffer_fini(&scratch);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sides_come_back_in_their_order),
		cmocka_unit_test(what_makes_no_sense_ends_the_list),
		cmocka_unit_test(a_recipient_sees_the_sender_as_the_other_side),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
