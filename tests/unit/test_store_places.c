/* Where messages stand here that marks of another host name. */
#include "tests/unit/store_fixture.h"

#include "shared/mail.h"
#include "shared/message.h"
#include "worker/historian/store_places.h"

static struct store_places *places;
static struct buffer wanted, filled;

static int
open_places(void **state)
{
	struct place *place;

	if (set_up(state) < 0)
		return -1;
	place = *state;
	places = store_places_open(place->path);
	return places ? 0 : -1;
}

static int
close_places(void **state)
{
	store_places_close(&places);
	buffer_fini(&wanted);
	buffer_fini(&filled);
	wanted = filled = (struct buffer){ 0 };
	return tear_down(state);
}

static void
want(uint64_t position, const struct message *message)
{
	struct buffer packed = { 0 }, item = { 0 };

	message_pack(&packed, message);
	haul_item_pack(&item, &(struct haul_item){ .position = position,
				      .index = 1,
				      .message = buffer_text(&packed) });
	pack_text(&wanted, buffer_text(&item));
	buffer_fini(&packed);
	buffer_fini(&item);
}

static void
fill(uint64_t epoch)
{
	const struct places_wanted letter = { .epoch = epoch,
		.items = buffer_text(&wanted) };

	assert_int_equal(store_places_fill(places, &letter, &filled), 0);
}

/* The item of that number; its message. */
static struct message
filled_at(unsigned number, uint64_t position)
{
	struct unpack in = unpack_of(buffer_text(&filled)), one;
	struct haul_item item;
	struct message message;

	for (unsigned i = 0; i < number; i++)
		unpack_text(&in);
	one = unpack_of(unpack_text(&in));
	assert_true(haul_item_unpack(&one, &item));
	assert_int_equal(item.position, position);
	assert_int_equal(item.index, 1);
	one = unpack_of(item.message);
	assert_true(message_unpack(&one, &message));
	return message;
}

static struct message
mark_of(const struct message *message)
{
	return (struct message){
		.kind = message->kind,
		.tenant = message->tenant,
		.stream = message->stream,
		.epoch = 77, /* of that host */
		.from = TEXT_LITERAL("reader"),
		.flags = MESSAGE_MARK,
		.of_time = message->id_time,
		.of_origin = message->id_origin,
		.of_offset = 4711,
	};
}

/* The second one is of another host, and its id is older. */
static void
marks_get_the_places_of_here_and_all_else_stays(void **state)
{
	struct message said = message_at(1), afar = message_at(2), mark;

	afar.placed = afar.id_time;
	afar.id_time -= 100;
	afar.id_origin++;
	put(*state, &said);
	put(*state, &afar);
	want(5, &said);
	mark = mark_of(&said);
	want(6, &mark);
	mark = mark_of(&afar);
	want(7, &mark);
	mark.of_origin++;
	want(8, &mark);
	mark = mark_of(&said);
	mark.stream = TEXT_LITERAL("nowhere");
	want(9, &mark);
	fill(EPOCH);
	assert_int_equal(filled_at(0, 5).id_time, said.id_time);
	assert_int_equal(filled_at(0, 5).of_offset, 0);
	assert_int_equal(filled_at(1, 6).of_offset, 1);
	assert_int_equal(filled_at(2, 7).of_offset, 2);
	assert_int_equal(filled_at(3, 8).of_offset, 0);
	assert_int_equal(filled_at(4, 9).of_offset, 0);
	fill(EPOCH + 1);
	assert_int_equal(filled_at(1, 6).of_offset, 0);
}

static void
of_a_direct_message_both_places_are_told(void **state)
{
	struct message mail = message_at(3), mark;
	struct buffer others = { 0 };
	struct unpack in;
	struct mail_side side;

	mail_add_side(&others, &(struct mail_side){ TEXT_LITERAL("bob"), 9 });
	mail.kind = STREAM_INBOX;
	mail.stream = mail.from;
	mail.others = buffer_text(&others);
	put(*state, &mail);
	mark = mark_of(&mail);
	mark.from = mark.stream = TEXT_LITERAL("bob");
	buffer_clear(&others, SIZE_MAX);
	mail_add_side(&others, &(struct mail_side){ mail.from, 0 });
	mark.others = buffer_text(&others);
	want(1, &mark);
	fill(EPOCH);
	mark = filled_at(0, 1);
	assert_int_equal(mark.of_offset, 9);
	in = unpack_of(mark.others);
	assert_true(mail_next_side(&in, &side));
	assert_true(text_equal(side.user, mail.from));
	assert_int_equal(side.offset, 3);
	buffer_fini(&others);
}

/* Whatever another host sends is read or left out. */
static void
what_makes_no_sense_is_left_out(void **state)
{
	struct message mark = message_at(1);

	put(*state, &mark);
	mark = mark_of(&mark);
	pack_text(&wanted, TEXT_LITERAL("nonsense"));
	want(2, &mark);
	fill(EPOCH);
	for (size_t cut = 0; cut < wanted.length; cut++) {
		const struct places_wanted letter = { .epoch = EPOCH,
			.items = { (char *)wanted.data, cut } };

		assert_int_equal(
			store_places_fill(places, &letter, &filled), 0);
		assert_int_equal(filled.length, 0);
	}
}

#define CLAIM(test)                                                            \
	cmocka_unit_test_setup_teardown(test, open_places, close_places)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(marks_get_the_places_of_here_and_all_else_stays),
		CLAIM(of_a_direct_message_both_places_are_told),
		CLAIM(what_makes_no_sense_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
