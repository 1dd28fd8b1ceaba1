/* The archive as another host gets what it lacks of it. */
#include "tests/unit/store_fixture.h"

#include "shared/mail.h"
#include "shared/message.h"
#include "worker/historian/store_haul.h"

#define HERE 1
#define BEGAN 1700000000000ULL

static struct buffer items;
static struct store_haul *haul;

/* At offset n stands what was said n seconds after the begin. */
static struct message
own_at(uint64_t offset)
{
	struct message message = message_at(offset);

	message.id_time = message_time_of(BEGAN + 1000 * offset);
	message.id_origin = message_origin(HERE, 3);
	return message;
}

static void
put_range(struct place *place, struct text room, uint64_t from, uint64_t to)
{
	assert_int_equal(store_begin(place->store), 0);
	for (uint64_t i = from; i <= to; i++) {
		struct message message = own_at(i);

		message.stream = room;
		assert_int_equal(store_add(place->store, &message), 0);
	}
	assert_int_equal(store_commit(place->store), 0);
}

static int
open_haul(void **state)
{
	struct place *place;

	if (set_up(state) < 0)
		return -1;
	place = *state;
	haul = store_haul_open(place->path);
	return haul ? 0 : -1;
}

static int
close_haul(void **state)
{
	store_haul_close(&haul);
	buffer_fini(&items);
	return tear_down(state);
}

static struct archive_wanted
wanted_of(uint64_t after_seconds, uint64_t to_seconds)
{
	return (struct archive_wanted){
		.host = HERE,
		.epoch = EPOCH,
		.clock = message_time_of(BEGAN + 1000 * after_seconds),
		.archived = message_time_of(BEGAN + 1000 * to_seconds),
		.ledgers_there = 1,
	};
}

/* Reads on from where wanted stands; returns how many items, the last one in
 * *last, borrowed. */
static size_t
read_on(struct archive_wanted *wanted, size_t bytes, size_t message_bytes,
	struct message *last, bool *is_end)
{
	const struct store_haul_bounds bounds = { 1, bytes, message_bytes };
	struct unpack in;
	size_t count = 0;
	uint64_t to;

	assert_int_equal(
		store_haul_read(haul, wanted, &bounds, &items, &to, is_end), 0);
	in = unpack_of(buffer_text(&items));
	while (in.at < in.end) {
		struct unpack one = unpack_of(unpack_text(&in));
		struct haul_item item;

		assert_true(haul_item_unpack(&one, &item));
		assert_true(item.position > wanted->after);
		assert_true(item.position <= to);
		one = unpack_of(item.message);
		assert_true(message_unpack(&one, last));
		assert_int_equal(last->epoch, EPOCH);
		count++;
	}
	assert_true(*is_end || to > wanted->after);
	wanted->after = to;
	return count;
}

static size_t
read_all(struct archive_wanted *wanted, size_t bytes, struct message *last)
{
	bool is_end = false;
	size_t count = 0;

	while (!is_end)
		count += read_on(wanted, bytes, BIG, last, &is_end);
	return count;
}

static void
a_range_of_clocks_is_read_in_all_streams(void **state)
{
	struct archive_wanted wanted = wanted_of(10, 20);
	struct message last;

	put_range(*state, TEXT_LITERAL("a"), 1, 30);
	put_range(*state, TEXT_LITERAL("b"), 15, 40);
	put_range(*state, TEXT_LITERAL("c"), 1, 10);
	assert_int_equal(read_all(&wanted, BIG, &last), 10 + 6);
	assert_true(text_equal(last.stream, TEXT_LITERAL("b")));
	assert_int_equal(last.offset, 20);
	wanted = wanted_of(0, 100);
	assert_int_equal(read_all(&wanted, BIG, &last), 30 + 26 + 10);
}

static void
pages_are_bounded_and_miss_nothing(void **state)
{
	struct archive_wanted wanted = wanted_of(0, 10000);
	struct message last;
	bool is_end;

	put_range(*state, TEXT_LITERAL("a"), 1, 5000);
	put_range(*state, TEXT_LITERAL("b"), 1, 10);
	assert_int_equal(read_on(&wanted, 1, BIG, &last, &is_end), 1);
	assert_int_equal(last.offset, 1);
	assert_false(is_end);
	assert_in_range(read_on(&wanted, 1000, BIG, &last, &is_end), 2, 20);
	assert_true(items.length <= 1000);
	wanted.after = 0;
	assert_int_equal(read_all(&wanted, BIG, &last), 5010);
}

/* 1 is ours; 2 is of another host; 3 changes 1; 4 is over; 5 is ours. */
static void
only_what_was_said_here_and_is_not_over(void **state)
{
	struct archive_wanted wanted = wanted_of(0, 100);
	struct message messages[5], last;

	for (uint64_t i = 0; i < 5; i++)
		messages[i] = own_at(i + 1);
	messages[1].placed = messages[1].id_time;
	messages[1].id_origin = message_origin(HERE + 1, 3);
	messages[2].flags = MESSAGE_EDIT;
	messages[2].of_time = messages[0].id_time;
	messages[2].of_origin = messages[0].id_origin;
	messages[2].of_offset = 1;
	messages[2].body = TEXT_LITERAL("\"new\"");
	messages[3].until = BEGAN;
	for (int i = 0; i < 5; i++)
		put(*state, &messages[i]);
	assert_int_equal(read_all(&wanted, BIG, &last), 3);
	assert_int_equal(last.offset, 5);
	wanted = wanted_of(0, 1);
	assert_int_equal(read_all(&wanted, BIG, &last), 1);
	assert_true(text_equal(last.body, TEXT_LITERAL("\"new\"")));
	assert_true(last.flags & MESSAGE_EDITED);
}

static void
a_direct_message_crosses_once_as_its_sender_has_it(void **state)
{
	struct archive_wanted wanted = wanted_of(0, 100);
	struct message mail = own_at(1), last;
	struct buffer others = { 0 };

	mail_add_side(&others, &(struct mail_side){ TEXT_LITERAL("bob"), 1 });
	mail.kind = STREAM_INBOX;
	mail.stream = mail.from;
	mail.others = buffer_text(&others);
	put(*state, &mail);
	assert_int_equal(read_all(&wanted, BIG, &last), 1);
	assert_true(text_equal(last.stream, mail.from));
	assert_true(text_equal(last.others, buffer_text(&others)));
	buffer_fini(&others);
}

static void
other_epochs_and_ledgers_are_left_out(void **state)
{
	struct archive_wanted wanted = wanted_of(0, 100);
	struct message last;
	size_t count;

	put_range(*state, TEXT_LITERAL("a"), 1, 10);
	wanted.epoch++;
	assert_int_equal(read_all(&wanted, BIG, &last), 0);
	wanted = wanted_of(0, 100);
	wanted.ledgers_there = 2;
	count = read_all(&wanted, BIG, &last);
	wanted.after = 0;
	wanted.ledger_there = 1;
	assert_int_equal(count + read_all(&wanted, BIG, &last), 10);
	assert_true(count == 0 || count == 10);
}

static void
one_that_is_too_large_goes_without_its_body(void **state)
{
	struct archive_wanted wanted = wanted_of(0, 100);
	struct message message = own_at(1), last;
	static char body[5000];
	bool is_end;

	memset(body, '1', sizeof(body));
	message.body = (struct text){ body, sizeof(body) };
	put(*state, &message);
	assert_int_equal(read_on(&wanted, BIG, 4000, &last, &is_end), 1);
	assert_true(last.flags & MESSAGE_DELETED);
	assert_true(text_equal(last.body, TEXT_LITERAL("null")));
}

static void
note(struct place *place, const char *reader, const char *room, uint64_t flags,
	uint64_t offset)
{
	const struct message message = {
		.kind = STREAM_ROOM,
		.tenant = TEXT_LITERAL("default"),
		.stream = text_of(room),
		.epoch = EPOCH,
		.from = text_of(reader),
		.flags = flags,
		.of_offset = offset,
	};

	assert_int_equal(store_begin(place->store), 0);
	if (flags & MESSAGE_TRIM)
		assert_int_equal(store_trim(place->store, &message), 0);
	else
		assert_int_equal(store_mark(place->store, &message), 0);
	assert_int_equal(store_commit(place->store), 0);
}

/* Of the page read last, the only item of this kind; its other texts too. */
static struct message
noted_of(const char *reader, const char *room)
{
	struct unpack in = unpack_of(buffer_text(&items));
	struct message message, found = { 0 };

	while (in.at < in.end) {
		struct unpack one = unpack_of(unpack_text(&in));
		struct haul_item item;

		assert_true(haul_item_unpack(&one, &item));
		one = unpack_of(item.message);
		assert_true(message_unpack(&one, &message));
		if (message.flags & MESSAGE_NOTES &&
			text_equal(message.from, text_of(reader)) &&
			text_equal(message.stream, text_of(room))) {
			assert_int_equal(found.flags, 0);
			found = message;
		}
	}
	return found;
}

/* A range without messages has the notes, too: they are of any age. */
static void
who_has_read_crosses_behind_the_messages(void **state)
{
	struct archive_wanted wanted = wanted_of(90, 100);
	struct message last;
	bool is_end = false;

	put_range(*state, TEXT_LITERAL("a"), 1, 10);
	put_range(*state, TEXT_LITERAL("b"), 1, 10);
	note(*state, "ann", "a", MESSAGE_MARK, 4);
	note(*state, "ann", "a", MESSAGE_MARK, 3);
	note(*state, "ben", "a", MESSAGE_MARK, 10);
	note(*state, "ann", "b", MESSAGE_MARK, 99);
	note(*state, "eve", "b", MESSAGE_MARK, 0);
	assert_int_equal(read_on(&wanted, BIG, BIG, &last, &is_end), 3);
	assert_true(is_end);
	last = noted_of("ann", "a");
	assert_int_equal(last.flags, MESSAGE_MARK);
	assert_int_equal(last.of_time, own_at(4).id_time);
	assert_int_equal(last.of_origin, own_at(4).id_origin);
	assert_int_equal(last.via, 0);
	assert_int_equal(noted_of("ben", "a").of_time, own_at(10).id_time);
	assert_int_equal(noted_of("ann", "b").of_time, own_at(10).id_time);
}

/* 3 is of another host, which names it by itself; 4 will be over there. */
static void
a_mark_names_what_was_said_here(void **state)
{
	struct archive_wanted wanted = wanted_of(0, 100);
	struct message third = own_at(3), fourth = own_at(4), last;
	bool is_end;

	put_range(*state, TEXT_LITERAL("a"), 1, 2);
	third.stream = fourth.stream = TEXT_LITERAL("a");
	third.placed = third.id_time;
	third.id_origin = message_origin(HERE + 1, 3);
	fourth.until = BEGAN;
	put(*state, &third);
	put(*state, &fourth);
	note(*state, "ann", "a", MESSAGE_MARK, 4);
	read_on(&wanted, BIG, BIG, &last, &is_end);
	assert_int_equal(noted_of("ann", "a").of_time, own_at(2).id_time);
}

static void
what_was_taken_away_crosses_as_the_id_of_its_last(void **state)
{
	struct archive_wanted wanted = wanted_of(90, 100);
	struct message last;
	bool is_end;

	put_range(*state, TEXT_LITERAL("a"), 1, 10);
	note(*state, "", "a", MESSAGE_TRIM, 6);
	note(*state, "", "a", MESSAGE_TRIM, 3);
	assert_int_equal(read_on(&wanted, BIG, BIG, &last, &is_end), 1);
	assert_int_equal(last.flags, MESSAGE_TRIM);
	assert_int_equal(last.of_time, own_at(5).id_time);
	assert_int_equal(last.of_origin, own_at(5).id_origin);
	assert_int_equal(last.of_offset, 0);
}

static void
notes_come_in_pages_too(void **state)
{
	struct archive_wanted wanted = wanted_of(0, 1000);
	struct message last;
	char reader[16];
	bool is_end = false;
	size_t count = 0;

	put_range(*state, TEXT_LITERAL("a"), 1, 10);
	put_range(*state, TEXT_LITERAL("b"), 1, 10);
	note(*state, "", "a", MESSAGE_TRIM, 3);
	for (unsigned i = 0; i < 300; i++) {
		snprintf(reader, sizeof(reader), "u%u", i);
		note(*state, reader, i % 2 ? "a" : "b", MESSAGE_MARK, 5);
	}
	while (!is_end)
		count += read_on(&wanted, 500, BIG, &last, &is_end);
	assert_int_equal(count, 8 + 10 + 1 + 300);
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, open_haul, close_haul)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(a_range_of_clocks_is_read_in_all_streams),
		CLAIM(pages_are_bounded_and_miss_nothing),
		CLAIM(only_what_was_said_here_and_is_not_over),
		CLAIM(a_direct_message_crosses_once_as_its_sender_has_it),
		CLAIM(other_epochs_and_ledgers_are_left_out),
		CLAIM(one_that_is_too_large_goes_without_its_body),
		CLAIM(who_has_read_crosses_behind_the_messages),
		CLAIM(a_mark_names_what_was_said_here),
		CLAIM(what_was_taken_away_crosses_as_the_id_of_its_last),
		CLAIM(notes_come_in_pages_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
