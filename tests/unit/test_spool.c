#include "tests/unit/journal_fixture.h"

#include <signal.h>
#include <sys/resource.h>

#include "worker/api/spool.h"

#define KEEP (1024U * 1024)

static char spool_path[80];

static struct spool *
spool_opened_keeping(uint64_t keep_bytes)
{
	const struct spool_options options = {
		.directory = directory,
		.keep_bytes = keep_bytes,
	};
	struct spool *spool = spool_open(&options);

	assert_non_null(spool);
	return spool;
}

static struct spool *
spool_opened(void)
{
	return spool_opened_keeping(KEEP);
}

static void
reopen(struct spool **spool)
{
	spool_close(spool);
	*spool = spool_opened();
}

static void
keep(struct spool *spool, const char *members)
{
	spool_add(spool, 1000 + spool_last(spool), text_of(members));
	assert_true(spool_commit(spool, ARENA));
}

/* Takes so many, and notes what they are. */
struct reading {
	size_t most, count;
	uint64_t first, last, last_time;
	char members[64];
};

static bool
show(void *self, const struct spool_event *event)
{
	struct reading *reading = self;

	if (reading->count == reading->most)
		return false;
	if (reading->count++ == 0)
		reading->first = event->number;
	else
		assert_int_equal(event->number, reading->last + 1);
	reading->last = event->number;
	reading->last_time = event->time_ms;
	snprintf(reading->members, sizeof(reading->members), "%.*s",
		TEXT_ARGS(event->members));
	return true;
}

static struct reading
read_after(struct spool *spool, uint64_t after, size_t most)
{
	struct reading reading = { .most = most };

	assert_true(spool_read(spool, after, show, &reading));
	return reading;
}

static void
events_are_numbered_from_one_and_read_in_order(void **state)
{
	struct spool *spool = spool_opened();
	struct reading reading;

	(void)state;
	assert_int_equal(spool_last(spool), 0);
	assert_int_equal(spool_first(spool), 1);
	assert_int_equal(read_after(spool, 0, 10).count, 0);
	keep(spool, "one");
	spool_add(spool, 5, TEXT_LITERAL("two"));
	spool_add(spool, 6, TEXT_LITERAL("three"));
	assert_int_equal(spool_pending(spool), 2);
	assert_int_equal(spool_last(spool), 1);
	assert_true(spool_commit(spool, ARENA));
	reading = read_after(spool, 0, 10);
	assert_int_equal(reading.count, 3);
	assert_int_equal(reading.first, 1);
	assert_int_equal(reading.last_time, 6);
	assert_string_equal(reading.members, "three");
	reading = read_after(spool, 1, 1);
	assert_int_equal(reading.first, 2);
	assert_string_equal(reading.members, "two");
	assert_int_equal(read_after(spool, 3, 10).count, 0);
	spool_close(&spool);
	assert_null(spool);
}

static void
another_life_goes_on_where_the_last_one_was(void **state)
{
	struct spool *spool = spool_opened();

	(void)state;
	assert_int_equal(spool_arena(spool), 0);
	spool_set_cursor(spool, 3, 70);
	keep(spool, "one");
	spool_set_cursor(spool, 9, 90);
	keep(spool, "two");
	spool_set_delivered(spool, 1);
	spool_set_cursor(spool, 3, 71); /* of a batch that is never written */
	assert_int_equal(spool_cursor(spool, 3), 70);
	reopen(&spool);
	assert_int_equal(spool_last(spool), 2);
	assert_int_equal(spool_delivered(spool), 1);
	assert_int_equal(spool_arena(spool), ARENA);
	assert_int_equal(spool_cursor(spool, 3), 70);
	assert_int_equal(spool_cursor(spool, 9), 90);
	assert_int_equal(spool_cursor(spool, 4), 0);
	keep(spool, "three");
	assert_int_equal(read_after(spool, 1, 10).first, 2);
	assert_int_equal(read_after(spool, 1, 10).last, 3);
	spool_close(&spool);
}

static void
append_to_last_segment(const char *bytes, size_t length)
{
	char path[PATH_MAX];
	uint64_t *bases;
	size_t count;
	int fd;

	assert_int_equal(segment_list(directory, &bases, &count), 0);
	segment_path(path, directory, bases[count - 1]);
	fd = open(path, O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, bytes, length), length);
	close(fd);
	free(bases);
}

static void
a_torn_tail_is_cut_and_its_number_given_again(void **state)
{
	struct spool *spool = spool_opened();

	(void)state;
	keep(spool, "one");
	spool_close(&spool);
	append_to_last_segment("cCfB half a batch", 17);
	spool = spool_opened();
	assert_int_equal(spool_last(spool), 1);
	keep(spool, "two");
	assert_int_equal(read_after(spool, 0, 10).last, 2);
	spool_close(&spool);
}

static void
damage_is_set_aside_and_no_number_is_given_twice(void **state)
{
	struct spool_options options = { .directory = directory,
		.keep_bytes = KEEP };
	struct spool *spool = spool_opened();
	char path[PATH_MAX], command[PATH_MAX + 16];
	uint64_t before;
	int fd;

	(void)state;
	for (int i = 0; i < 3; i++)
		keep(spool, "an event");
	spool_set_delivered(spool, 2);
	before = spool_last(spool);
	spool_close(&spool);
	segment_path(path, directory, 0);
	fd = open(path, O_RDWR);
	assert_int_equal(pwrite(fd, "x", 1, SEGMENT_HEAD_BYTES + 50), 1);
	close(fd);
	assert_null(spool_open(&options));
	options.may_set_aside = true;
	spool = spool_open(&options);
	assert_non_null(spool);
	assert_true(is_logged("is damaged; it is kept as"));
	assert_true(spool_last(spool) > before);
	assert_int_equal(spool_delivered(spool), spool_last(spool));
	keep(spool, "another");
	assert_int_equal(read_after(spool, 0, 10).count, 1);
	spool_close(&spool);
	snprintf(command, sizeof(command), "rm -r %s.damaged-*", directory);
	assert_int_equal(system(command), 0);
}

static void
one_spool_has_one_writer(void **state)
{
	struct spool_options options = { .directory = directory,
		.keep_bytes = KEEP,
		.may_set_aside = true };
	struct spool *spool = spool_opened();

	(void)state;
	keep(spool, "one");
	assert_null(spool_open(&options));
	assert_int_equal(read_after(spool, 0, 9).count, 1);
	spool_close(&spool);
}

/* Events of about a kilobyte, twenty to a batch. */
static void
keep_many(struct spool *spool, unsigned count)
{
	char members[1000];

	memset(members, 'm', sizeof(members) - 1);
	members[sizeof(members) - 1] = 0;
	for (unsigned i = 0; i < count; i++) {
		spool_add(spool, i, text_of(members));
		if (spool_pending(spool) == 20)
			assert_true(spool_commit(spool, ARENA));
	}
	assert_true(spool_commit(spool, ARENA));
}

static void
the_oldest_give_way_and_count_if_not_delivered(void **state)
{
	struct spool *spool = spool_opened();
	uint64_t first, dropped;

	(void)state;
	keep_many(spool, 900);
	assert_int_equal(spool_first(spool), 1);
	assert_int_equal(spool_dropped(spool), 0);
	spool_set_delivered(spool, 100);
	keep_many(spool, 1000);
	first = spool_first(spool);
	dropped = spool_dropped(spool);
	assert_true(first > 800 && first < 1000);
	assert_int_equal(dropped, first - 1 - 100);
	assert_int_equal(spool_delivered(spool), first - 1);
	assert_int_equal(read_after(spool, 0, 1).first, first);
	assert_int_equal(read_after(spool, 0, 5000).last, 1900);
	spool_set_delivered(spool, 1900);
	keep_many(spool, 900);
	assert_int_equal(spool_dropped(spool), dropped);
	reopen(&spool);
	assert_true(spool_first(spool) > 1700);
	assert_int_equal(read_after(spool, 0, 5000).last, 2800);
	spool_close(&spool);
}

static void
a_smaller_bound_counts_from_the_next_batch_on(void **state)
{
	struct spool *spool = spool_opened();

	(void)state;
	keep_many(spool, 900);
	spool_set_keep(spool, 300 * 1000);
	keep_many(spool, 20);
	assert_true(spool_first(spool) > 500);
	spool_close(&spool);
}

static void
any_number_is_found_however_readers_went_before(void **state)
{
	static const uint64_t wanted[] = { 0, 450, 449, 899, 17, 18, 19, 20, 21,
		450, 880, 3, 500, 499, 501, 898 };
	struct spool *spool = spool_opened();

	(void)state;
	keep_many(spool, 900);
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
		struct reading reading = read_after(spool, wanted[i], 1 + i);

		assert_int_equal(reading.first, wanted[i] + 1);
		assert_int_equal(reading.count, MIN_OF(1 + i, 900 - wanted[i]));
	}
	spool_close(&spool);
}

static void
what_cannot_be_written_is_not_kept_and_leaves_no_gap(void **state)
{
	struct spool *spool = spool_opened();
	struct rlimit old, small;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	keep(spool, "one");
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 100;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	spool_set_cursor(spool, 1, 10);
	spool_add(spool, 1, TEXT_LITERAL("lost"));
	assert_false(spool_commit(spool, ARENA));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(spool_last(spool), 1);
	assert_int_equal(spool_cursor(spool, 1), 0);
	keep(spool, "two");
	assert_int_equal(spool_last(spool), 2);
	assert_string_equal(read_after(spool, 1, 9).members, "two");
	reopen(&spool);
	assert_int_equal(read_after(spool, 0, 9).count, 2);
	spool_close(&spool);
}

static void
a_torn_state_falls_back_to_the_one_before(void **state)
{
	struct spool *spool = spool_opened();
	int fd;

	(void)state;
	for (int i = 0; i < 5; i++)
		keep(spool, "an event");
	spool_set_delivered(spool, 3);
	spool_set_delivered(spool, 4);
	spool_close(&spool);
	snprintf(spool_path, sizeof(spool_path), "%s/delivered", directory);
	fd = open(spool_path, O_RDWR);
	assert_int_equal(pwrite(fd, "torn", 4, 8), 4);
	close(fd);
	spool = spool_opened();
	assert_int_equal(spool_delivered(spool), 3);
	spool_close(&spool);
}

static struct reading
peek_after(uint64_t after, size_t most, struct spool_range *range)
{
	struct reading reading = { .most = most };

	assert_true(spool_peek(directory, after, show, &reading, range));
	return reading;
}

static void
others_may_look_while_it_is_written(void **state)
{
	static const uint64_t wanted[] = { 0, 1, 63, 64, 65, 400, 898 };
	struct spool_range range;
	struct spool *spool;

	(void)state;
	assert_int_equal(peek_after(0, 9, &range).count, 0);
	assert_int_equal(range.first, 1);
	assert_int_equal(range.last, 0);
	spool = spool_opened();
	assert_int_equal(peek_after(0, 9, &range).count, 0);
	keep_many(spool, 900);
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
		struct reading reading = peek_after(wanted[i], 7, &range);

		assert_int_equal(reading.first, wanted[i] + 1);
		assert_int_equal(reading.count, MIN_OF(7, 900 - wanted[i]));
		assert_int_equal(range.first, 1);
		assert_int_equal(range.last, 900);
	}
	assert_int_equal(range.delivered, 0);
	spool_set_delivered(spool, 400);
	assert_int_equal(peek_after(900, 7, &range).count, 0);
	assert_int_equal(range.delivered, 400);
	assert_int_equal(peek_after(UINT64_MAX, 7, &range).count, 0);
	keep_many(spool, 900);
	assert_int_equal(peek_after(0, 1, &range).first, spool_first(spool));
	assert_int_equal(range.first, spool_first(spool));
	assert_int_equal(range.last, 1800);
	spool_close(&spool);
}

static void
who_has_no_spool_finds_nothing(void **state)
{
	struct spool_range range;

	(void)state;
	assert_true(spool_peek("/tmp/no/such/spool", 0, show, NULL, &range));
	assert_int_equal(range.last, 0);
}

static void
cursors_of_another_arena_are_forgotten(void **state)
{
	struct spool *spool = spool_opened();

	(void)state;
	spool_set_cursor(spool, 3, 70);
	spool_set_cursor(spool, 1000, 80);
	keep(spool, "one");
	spool_forget_cursors(spool, 999);
	assert_int_equal(spool_cursor(spool, 3), 0);
	assert_int_equal(spool_cursor(spool, 1000), 80);
	keep(spool, "two");
	reopen(&spool);
	assert_int_equal(spool_cursor(spool, 3), 0);
	assert_int_equal(spool_cursor(spool, 1000), 80);
	spool_close(&spool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(events_are_numbered_from_one_and_read_in_order),
		TEST(another_life_goes_on_where_the_last_one_was),
		TEST(a_torn_tail_is_cut_and_its_number_given_again),
		TEST(damage_is_set_aside_and_no_number_is_given_twice),
		TEST(one_spool_has_one_writer),
		TEST(the_oldest_give_way_and_count_if_not_delivered),
		TEST(a_smaller_bound_counts_from_the_next_batch_on),
		TEST(any_number_is_found_however_readers_went_before),
		TEST(what_cannot_be_written_is_not_kept_and_leaves_no_gap),
		TEST(others_may_look_while_it_is_written),
		TEST(who_has_no_spool_finds_nothing),
		TEST(cursors_of_another_arena_are_forgotten),
		TEST(a_torn_state_falls_back_to_the_one_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
