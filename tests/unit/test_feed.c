#include "tests/unit/journal_fixture.h"

#include "shared/buffer.h"
#include "shared/records.h"
#include "worker/relay/feed.h"

#define LOT (1U << 20)

static struct buffer packed;

/* A message with this body; via: it came from there. */
static struct text
said(const char *body, uint64_t via, uint64_t flags)
{
	struct message message = { .kind = STREAM_ROOM,
		.tenant = TEXT_LITERAL("t"),
		.stream = TEXT_LITERAL("room"),
		.body = text_of(body),
		.flags = flags,
		.via = via };

	buffer_clear(&packed, SIZE_MAX);
	message_pack(&packed, &message);
	return buffer_text(&packed);
}

static void
commit(struct journal *journal)
{
	assert_int_equal(journal_commit(journal, ARENA), JOURNAL_OK);
}

/* A batch of one message for each letter; those in upper case came from
 * elsewhere. */
static void
commit_row(struct journal *journal, const char *letters)
{
	for (; *letters; letters++) {
		char body[2] = { *letters, 0 };
		bool is_from_elsewhere = *letters >= 'A' && *letters <= 'Z';

		journal_add(journal, said(body, is_from_elsewhere, 0));
	}
	commit(journal);
}

/* The bodies of a piece; each item lies behind the one before it. */
static const char *
bodies(const struct piece *piece)
{
	static char row[64];
	struct unpack in = unpack_of(piece->items);
	struct point last = piece->from;
	size_t length = 0;

	while (in.at < in.end) {
		struct unpack inside = unpack_of(unpack_text(&in));
		struct haul_item item;
		struct message message;
		struct point behind;

		assert_true(haul_item_unpack(&inside, &item));
		assert_ptr_equal(inside.at, inside.end);
		behind = (struct point){ item.position, item.index };
		assert_true(point_is_before(last, behind));
		assert_false(point_is_before(piece->to, behind));
		last = behind;
		inside = unpack_of(item.message);
		assert_true(message_unpack(&inside, &message));
		assert_int_equal(message.via, 0);
		assert_int_equal(message.body.length, 1);
		assert_true(length + 1 < sizeof(row));
		row[length++] = message.body.at[0];
	}
	assert_false(in.failed);
	row[length] = 0;
	return row;
}

static struct piece
assert_piece(struct feed *feed, struct point from, uint64_t limit, size_t bytes,
	enum piece_state state, const char *row)
{
	struct piece piece;

	assert_int_equal(feed_read(feed, from, limit, bytes, &piece), state);
	assert_true(point_is_same(piece.from, from));
	assert_string_equal(bodies(&piece), row);
	return piece;
}

static void
assert_point(struct point point, uint64_t position, uint64_t index)
{
	assert_int_equal(point.position, position);
	assert_int_equal(point.index, index);
}

static const struct point start = { 0, 0 };

static void
what_was_said_here_crosses_and_nothing_else(void **state)
{
	struct journal *journal = opened();
	struct feed *feed = feed_new(directory);
	struct piece piece;

	(void)state;
	commit_row(journal, "aBc");
	journal_add(journal, said("x", 0, MESSAGE_HAUL));
	journal_add(journal, said("d", 0, MESSAGE_BAN));
	journal_add(journal, said("e", 0, MESSAGE_MARK));
	commit(journal);
	commit_row(journal, "FG");
	piece = assert_piece(
		feed, start, journal_end(journal), LOT, PIECE_END, "acde");
	assert_point(piece.to, journal_end(journal), 0);
	assert_int_equal(feed_bad_records(feed), 0);
	feed_free(&feed);
	assert_null(feed);
	journal_close(&journal);
}

static void
it_goes_on_where_it_was_and_stops_at_the_limit(void **state)
{
	struct journal *journal = opened();
	struct feed *feed = feed_new(directory);
	struct piece piece;
	uint64_t first;

	(void)state;
	commit_row(journal, "ab");
	first = journal_end(journal);
	commit_row(journal, "cd");
	piece = assert_piece(feed, start, first, LOT, PIECE_END, "ab");
	assert_point(piece.to, first, 0);
	piece = assert_piece(feed, piece.to, first, LOT, PIECE_END, "");
	assert_point(piece.to, first, 0);
	piece = assert_piece(
		feed, piece.to, journal_end(journal), LOT, PIECE_END, "cd");
	commit_row(journal, "e");
	assert_piece(feed, piece.to, journal_end(journal), LOT, PIECE_END, "e");
	feed_free(&feed);
	journal_close(&journal);
}

static void
batches_are_cut_by_index_and_read_from_there(void **state)
{
	struct journal *journal = opened();
	struct feed *feed = feed_new(directory);
	struct feed *other = feed_new(directory);
	struct point at = start;
	uint64_t end;

	(void)state;
	commit_row(journal, "abCDef");
	end = journal_end(journal);
	at = assert_piece(feed, at, end, 0, PIECE_SOME, "a").to;
	assert_point(at, 0, 1);
	at = assert_piece(other, at, end, 1, PIECE_SOME, "b").to;
	assert_point(at, 0, 4);
	at = assert_piece(feed, at, end, 1, PIECE_SOME, "e").to;
	assert_point(at, 0, 5);
	at = assert_piece(other, at, end, 1, PIECE_END, "f").to;
	assert_point(at, end, 0);
	assert_piece(feed, (struct point){ 0, 2 }, end, LOT, PIECE_END, "ef");
	assert_piece(feed, (struct point){ 0, 6 }, end, LOT, PIECE_END, "");
	feed_free(&feed);
	feed_free(&other);
	journal_close(&journal);
}

static void
where_little_was_said_here_the_point_moves_alone(void **state)
{
	struct journal *journal = opened();
	struct feed *feed = feed_new(directory);
	struct piece piece;

	(void)state;
	for (int i = 0; i < 100; i++)
		commit_row(journal, "ABCDEFGH");
	commit_row(journal, "a");
	piece = assert_piece(
		feed, start, journal_end(journal), 100, PIECE_SOME, "");
	assert_true(piece.to.position > 0);
	assert_int_equal(piece.to.index, 0);
	assert_true(piece.to.position < journal_end(journal));
	while (piece.items.length == 0)
		feed_read(feed, piece.to, journal_end(journal), 100, &piece);
	assert_string_equal(bodies(&piece), "a");
	feed_free(&feed);
	journal_close(&journal);
}

/* A journal of many segments, of which the oldest are forgotten. */
static uint64_t
forget_some(struct journal *journal)
{
	journal_set_segment_bytes(journal, 300);
	for (int i = 0; i < 20; i++)
		commit_row(journal, "abc");
	journal_forget(journal, journal_end(journal) / 2, 0);
	assert_true(journal_begin(journal) > 0);
	return journal_begin(journal);
}

static void
what_is_forgotten_is_gone_up_to_the_oldest_kept(void **state)
{
	struct journal *journal = opened();
	struct feed *feed = feed_new(directory);
	uint64_t begin = forget_some(journal), end = journal_end(journal);
	struct piece piece;

	(void)state;
	assert_int_equal(feed_read(feed, start, end, LOT, &piece), PIECE_GONE);
	assert_point(piece.first, begin, 0);
	assert_int_equal(
		feed_read(feed, (struct point){ 0, 2 }, end, LOT, &piece),
		PIECE_GONE);
	assert_point(piece.first, begin, 0);
	assert_int_equal(feed_read(feed, (struct point){ begin - 1, 0 }, end,
				 LOT, &piece),
		PIECE_GONE);
	assert_piece(feed, piece.first, end, 1, PIECE_SOME, "a");
	feed_free(&feed);
	journal_close(&journal);
}

static void
what_is_forgotten_while_it_is_read_is_gone(void **state)
{
	struct journal *journal = opened();
	struct feed *feed = feed_new(directory);
	struct piece piece = { .to = start };
	enum piece_state result;

	(void)state;
	journal_set_segment_bytes(journal, 300);
	for (int i = 0; i < 20; i++)
		commit_row(journal, "abc");
	feed_read(feed, start, journal_end(journal), 1, &piece);
	journal_forget(journal, journal_end(journal) / 2, 0);
	do
		result = feed_read(
			feed, piece.to, journal_end(journal), 1, &piece);
	while (result == PIECE_SOME);
	assert_int_equal(result, PIECE_GONE);
	assert_point(piece.first, journal_begin(journal), 0);
	feed_free(&feed);
	journal_close(&journal);
}

static void
a_journal_that_is_not_ready_has_no_end(void **state)
{
	struct feed *feed = feed_new(directory);
	struct point at = { 500, 0 };
	struct piece piece;

	(void)state;
	assert_int_equal(feed_read(feed, at, 0, LOT, &piece), PIECE_END);
	assert_point(piece.to, 500, 0);
	feed_free(&feed);
}

static void
a_point_behind_the_end_is_told_the_end(void **state)
{
	struct journal *journal = opened();
	struct feed *feed = feed_new(directory);
	struct point at = { 5000, 3 };
	struct piece piece;

	(void)state;
	commit_row(journal, "abc");
	assert_int_equal(feed_read(feed, at, journal_end(journal), LOT, &piece),
		PIECE_END);
	assert_point(piece.to, journal_end(journal), 0);
	feed_free(&feed);
	journal_close(&journal);
}

static void
a_place_where_no_batch_begins_goes_on_where_one_does(void **state)
{
	struct journal *journal = opened();
	struct feed *feed = feed_new(directory);
	struct piece piece;
	uint64_t first, end;

	(void)state;
	commit_row(journal, "ab");
	first = journal_end(journal);
	commit_row(journal, "cd");
	end = journal_end(journal);
	assert_int_equal(feed_read(feed, (struct point){ first + 5, 0 }, end,
				 LOT, &piece),
		PIECE_GONE);
	assert_point(piece.first, first, 0);
	assert_int_equal(
		feed_read(feed, (struct point){ first, 3 }, end, LOT, &piece),
		PIECE_GONE);
	assert_point(piece.first, first, 0);
	assert_piece(feed, piece.first, end, LOT, PIECE_END, "cd");
	feed_free(&feed);
	journal_close(&journal);
}

/* Turns a byte over in the batch at the position. */
static void
damage(struct journal *journal, uint64_t position)
{
	uint64_t base = journal_segment_of(journal, position);
	char path[PATH_MAX], byte;
	off_t at = (off_t)(position - base + SEGMENT_HEAD_BYTES +
			   sizeof(struct batch_head));
	int fd;

	segment_path(path, directory, base);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte = (char)~byte;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

static void
behind_damage_it_goes_on_with_the_next_segment(void **state)
{
	struct journal *journal = opened();
	struct feed *feed = feed_new(directory);
	struct piece piece;
	uint64_t end;

	(void)state;
	journal_set_segment_bytes(journal, 300);
	for (int i = 0; i < 20; i++)
		commit_row(journal, "abc");
	end = journal_end(journal);
	damage(journal, 0);
	assert_int_equal(feed_read(feed, start, end, LOT, &piece), PIECE_GONE);
	assert_point(piece.first, journal_segment_base(journal, 1), 0);
	piece = assert_piece(feed, piece.first, end, 1, PIECE_SOME, "a");
	damage(journal, journal_segment_of(journal, end - 1));
	while (feed_read(feed, piece.to, end, 1, &piece) == PIECE_SOME)
		;
	assert_int_equal(
		feed_read(feed, piece.to, end, LOT, &piece), PIECE_BAD);
	assert_true(piece.to.position > 0 && piece.to.position < end);
	feed_free(&feed);
	journal_close(&journal);
}

static void
records_that_are_none_are_passed_over_and_counted(void **state)
{
	struct journal *journal = opened();
	struct feed *feed = feed_new(directory);

	(void)state;
	journal_add(journal, said("a", 0, 0));
	journal_add(journal, TEXT_LITERAL("\xff\xff nothing"));
	journal_add(journal, said("b", 0, 0));
	commit(journal);
	assert_piece(feed, start, journal_end(journal), LOT, PIECE_END, "ab");
	assert_int_equal(feed_bad_records(feed), 1);
	feed_free(&feed);
	journal_close(&journal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_said_here_crosses_and_nothing_else),
		TEST(it_goes_on_where_it_was_and_stops_at_the_limit),
		TEST(batches_are_cut_by_index_and_read_from_there),
		TEST(where_little_was_said_here_the_point_moves_alone),
		TEST(what_is_forgotten_is_gone_up_to_the_oldest_kept),
		TEST(what_is_forgotten_while_it_is_read_is_gone),
		TEST(a_journal_that_is_not_ready_has_no_end),
		TEST(a_point_behind_the_end_is_told_the_end),
		TEST(a_place_where_no_batch_begins_goes_on_where_one_does),
		TEST(behind_damage_it_goes_on_with_the_next_segment),
		TEST(records_that_are_none_are_passed_over_and_counted),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	buffer_fini(&packed);
	return failed;
}
