#include "tests/unit/journal_fixture.h"

#include "shared/buffer.h"
#include "shared/records.h"
#include "worker/api/follower.h"

/* The fixture's directory stands for journal-0: data_dir is a directory beside
 * it, with a link. */
static char data_dir[128], followed[192];

/* What was told: "1:a 2:b " */
static char told[512];

static void
on_told(void *self, unsigned ledger, uint64_t end,
	const struct message *message)
{
	size_t length = strlen(told);

	(void)self;
	assert_int_equal(ledger, 0);
	assert_true(end > 0);
	snprintf(told + length, sizeof(told) - length, "%d:%.*s ",
		(int)message->offset, TEXT_ARGS(message->body));
}

static void
assert_told(const char *what)
{
	assert_string_equal(told, what);
	told[0] = 0;
}

static int
set_up(void **state)
{
	char path[192];

	assert_int_equal(make_directory(state), 0);
	snprintf(data_dir, sizeof(data_dir), "%s.data", directory);
	snprintf(path, sizeof(path), "%s/journal-0", data_dir);
	snprintf(followed, sizeof(followed), "%s/followed", data_dir);
	assert_int_equal(mkdir(data_dir, 0700), 0);
	assert_int_equal(symlink(directory, path), 0);
	told[0] = 0;
	return 0;
}

static int
tear_down(void **state)
{
	char command[192];

	snprintf(command, sizeof(command), "rm -r %s", data_dir);
	assert_int_equal(system(command), 0);
	return remove_directory(state);
}

static struct follower *
made(void)
{
	return follower_new(data_dir, followed, 1, on_told, NULL);
}

static void
keep(struct journal *journal, uint64_t offset, const char *body, uint64_t flags)
{
	struct message message = {
		.kind = STREAM_ROOM,
		.tenant = TEXT_LITERAL("t"),
		.stream = TEXT_LITERAL("r"),
		.offset = offset,
		.body = text_of(body),
		.flags = flags,
	};
	struct buffer record = { 0 };

	message_pack(&record, &message);
	journal_add(journal, buffer_text(&record));
	assert_int_equal(journal_commit(journal, ARENA), JOURNAL_OK);
	buffer_fini(&record);
}

static bool
step(struct follower *follower, const struct journal *journal)
{
	uint64_t end = journal_end(journal);

	return follower_step(follower, &end);
}

static void
without_a_file_it_begins_at_the_end(void **state)
{
	struct journal *journal = opened();
	struct follower *follower;

	(void)state;
	keep(journal, 1, "before", 0);
	follower = made();
	assert_false(step(follower, journal));
	assert_told("");
	keep(journal, 2, "after", 0);
	keep(journal, 3, "mark", MESSAGE_MARK);
	keep(journal, 4, "edit", MESSAGE_EDIT);
	assert_false(step(follower, journal));
	assert_told("2:after 4:edit ");
	assert_int_equal(follower_position(follower, 0), journal_end(journal));
	follower_free(&follower);
	journal_close(&journal);
}

static void
it_tells_nothing_of_a_ledger_that_does_not_serve(void **state)
{
	const uint64_t unknown = FOLLOWER_UNKNOWN;
	struct journal *journal = opened();
	struct follower *follower = made();

	(void)state;
	keep(journal, 1, "a", 0);
	assert_false(follower_step(follower, &unknown));
	assert_told("");
	step(follower, journal);
	assert_told("1:a ");
	follower_free(&follower);
	journal_close(&journal);
}

static void
another_life_begins_where_this_one_was_held(void **state)
{
	struct journal *journal = opened();
	struct follower *follower = made();
	uint64_t held;

	(void)state;
	keep(journal, 1, "a", 0);
	step(follower, journal);
	held = follower_position(follower, 0);
	keep(journal, 2, "b", 0);
	step(follower, journal);
	assert_told("1:a 2:b ");
	follower_free(&follower); /* as after a kill: nothing was saved */
	follower = made();
	step(follower, journal);
	assert_told("1:a 2:b ");
	follower_hold(follower, 0, held);
	follower_save(follower);
	follower_free(&follower);
	follower = made();
	step(follower, journal);
	assert_told("2:b ");
	follower_free(&follower);
	journal_close(&journal);
}

static void
a_journal_that_ends_earlier_is_followed_from_its_end(void **state)
{
	struct journal *journal = opened();
	struct follower *follower = made();
	uint64_t end = 0;

	(void)state;
	keep(journal, 1, "a", 0);
	step(follower, journal);
	assert_told("1:a ");
	follower_step(follower, &end);
	assert_true(is_logged("ends before what was told of it"));
	step(follower, journal);
	assert_told("1:a ");
	follower_free(&follower);
	journal_close(&journal);
}

static void
what_was_dropped_is_passed_over_and_said(void **state)
{
	struct journal *journal = opened();
	struct follower *follower = made();

	(void)state;
	journal_set_segment_bytes(journal, 1);
	keep(journal, 1, "a", 0);
	step(follower, journal);
	assert_told("1:a ");
	for (uint64_t i = 2; i <= 4; i++)
		keep(journal, i, "a", 0);
	journal_forget(journal, journal_end(journal), 0);
	step(follower, journal);
	assert_told("4:a ");
	assert_true(is_logged("are told to no webhook"));
	keep(journal, 5, "b", 0);
	step(follower, journal);
	assert_told("5:b ");
	follower_free(&follower);
	journal_close(&journal);
}

static void
damage_is_passed_over_and_said(void **state)
{
	struct journal *journal = opened();
	struct follower *follower = made();
	char path[PATH_MAX];
	int fd;

	(void)state;
	keep(journal, 1, "a", 0);
	segment_path(path, directory, 0);
	fd = open(path, O_RDWR);
	assert_int_equal(pwrite(fd, "x", 1, SEGMENT_HEAD_BYTES + 60), 1);
	close(fd);
	assert_false(step(follower, journal));
	assert_true(is_logged("are told to no webhook"));
	keep(journal, 2, "b", 0);
	step(follower, journal);
	assert_told("2:b ");
	follower_free(&follower);
	journal_close(&journal);
}

static void
much_is_told_in_steps(void **state)
{
	static char body[1024 * 1024];
	struct journal *journal = opened();
	struct follower *follower = made();
	unsigned steps = 1;

	(void)state;
	memset(body, 'x', sizeof(body) - 1);
	for (uint64_t i = 1; i <= 10; i++)
		keep(journal, i, body, 0);
	while (step(follower, journal))
		steps++;
	assert_true(steps > 1);
	assert_int_equal(follower_position(follower, 0), journal_end(journal));
	follower_free(&follower);
	journal_close(&journal);
}

static void
a_file_that_makes_no_sense_counts_for_nothing(void **state)
{
	struct journal *journal = opened();
	struct follower *follower;
	FILE *file = fopen(followed, "we");

	(void)state;
	fputs("99 7\nnonsense", file);
	fclose(file);
	keep(journal, 1, "before", 0);
	follower = made();
	step(follower, journal);
	assert_told("");
	follower_free(&follower);
	journal_close(&journal);
}

#undef TEST
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_a_file_it_begins_at_the_end),
		TEST(it_tells_nothing_of_a_ledger_that_does_not_serve),
		TEST(another_life_begins_where_this_one_was_held),
		TEST(a_journal_that_ends_earlier_is_followed_from_its_end),
		TEST(what_was_dropped_is_passed_over_and_said),
		TEST(damage_is_passed_over_and_said),
		TEST(much_is_told_in_steps),
		TEST(a_file_that_makes_no_sense_counts_for_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
