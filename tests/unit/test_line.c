#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/line.h"

static int ends[2];

static int
set_up(void **state)
{
	(void)state;
	return line_pair(ends);
}

static int
tear_down(void **state)
{
	(void)state;
	if (ends[0] >= 0)
		close(ends[0]);
	close(ends[1]);
	return 0;
}

static void
words_come_in_their_order(void **state)
{
	const struct line_word listen = { LINE_LISTEN, 3 };
	const struct line_word apply = { LINE_APPLY, 7 };
	struct line_word word;
	int fd;

	(void)state;
	assert_int_equal(line_hear(ends[1], &word, &fd), LINE_NOTHING);
	assert_true(line_say(ends[0], &listen, -1));
	assert_true(line_say(ends[0], &apply, -1));
	assert_int_equal(line_hear(ends[1], &word, &fd), LINE_WORD);
	assert_int_equal(word.kind, LINE_LISTEN);
	assert_int_equal(word.number, 3);
	assert_int_equal(fd, -1);
	assert_int_equal(line_hear(ends[1], &word, &fd), LINE_WORD);
	assert_int_equal(word.kind, LINE_APPLY);
	assert_int_equal(line_hear(ends[1], &word, &fd), LINE_NOTHING);
}

static void
a_descriptor_comes_along(void **state)
{
	const struct line_word config = { LINE_CONFIG, 0 };
	struct stat ours, theirs;
	struct line_word word;
	int fds[2], fd;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_true(line_say(ends[0], &config, fds[0]));
	assert_int_equal(line_hear(ends[1], &word, &fd), LINE_WORD);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fds[0], &ours), 0);
	assert_int_equal(fstat(fd, &theirs), 0);
	assert_int_equal(ours.st_ino, theirs.st_ino);
	close(fd);
	close(fds[0]);
	close(fds[1]);
}

static void
the_end_of_the_master_is_heard(void **state)
{
	struct line_word word;
	int fd;

	(void)state;
	close(ends[0]);
	ends[0] = -1;
	assert_int_equal(line_hear(ends[1], &word, &fd), LINE_GONE);
}

static void
noise_is_not_the_master(void **state)
{
	const struct line_word unknown = { 99, 0 };
	struct line_word word;
	int fd;

	(void)state;
	assert_true(line_say(ends[0], &unknown, 0));
	assert_int_equal(line_hear(ends[1], &word, &fd), LINE_GONE);
	assert_int_equal(fd, -1);
	assert_int_equal(send(ends[0], "abc", 3, 0), 3);
	assert_int_equal(line_hear(ends[1], &word, &fd), LINE_GONE);
}

static void
a_child_that_does_not_listen_is_noticed(void **state)
{
	const struct line_word apply = { LINE_APPLY, 1 };
	int said = 0;

	(void)state;
	while (line_say(ends[0], &apply, -1) && said < 1000000)
		said++;
	assert_in_range(said, 10, 999999);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(words_come_in_their_order),
		TEST(a_descriptor_comes_along),
		TEST(the_end_of_the_master_is_heard),
		TEST(noise_is_not_the_master),
		TEST(a_child_that_does_not_listen_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
