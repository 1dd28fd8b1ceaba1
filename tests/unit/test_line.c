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
static struct line_news news;

static enum line_heard
hear(void)
{
	return line_hear(ends[1], &news);
}

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

	(void)state;
	assert_int_equal(hear(), LINE_NOTHING);
	assert_true(line_say(ends[0], &listen, -1));
	assert_true(line_say(ends[0], &apply, -1));
	assert_int_equal(hear(), LINE_WORD);
	assert_int_equal(news.word.kind, LINE_LISTEN);
	assert_int_equal(news.word.number, 3);
	assert_int_equal(news.fd, -1);
	assert_int_equal(hear(), LINE_WORD);
	assert_int_equal(news.word.kind, LINE_APPLY);
	assert_int_equal(hear(), LINE_NOTHING);
}

static void
a_descriptor_comes_along(void **state)
{
	const struct line_word config = { LINE_CONFIG, 0 };
	struct stat ours, theirs;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_true(line_say(ends[0], &config, fds[0]));
	assert_int_equal(hear(), LINE_WORD);
	assert_true(news.fd >= 0);
	assert_int_equal(fstat(fds[0], &ours), 0);
	assert_int_equal(fstat(news.fd, &theirs), 0);
	assert_int_equal(ours.st_ino, theirs.st_ino);
	close(news.fd);
	close(fds[0]);
	close(fds[1]);
}

static void
the_end_of_the_master_is_heard(void **state)
{

	(void)state;
	close(ends[0]);
	ends[0] = -1;
	assert_int_equal(hear(), LINE_GONE);
}

static void
noise_is_not_the_master(void **state)
{
	const struct line_word unknown = { 99, 0 };

	(void)state;
	assert_true(line_say(ends[0], &unknown, 0));
	assert_int_equal(hear(), LINE_GONE);
	assert_int_equal(news.fd, -1);
	assert_int_equal(send(ends[0], "abc", 3, 0), 3);
	assert_int_equal(hear(), LINE_GONE);
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

static void
a_wish_comes_with_its_text(void **state)
{
	const struct line_word level = { LINE_LOG_LEVEL, 3 };
	static char large[LINE_TEXT_BYTES_MAX];

	(void)state;
	memset(large, 'x', sizeof(large));
	assert_true(line_wish(ends[0], TEXT_LITERAL("kick")));
	assert_true(line_wish(ends[0], (struct text){ large, sizeof(large) }));
	assert_true(line_say(ends[0], &level, -1));
	assert_int_equal(hear(), LINE_WORD);
	assert_int_equal(news.word.kind, LINE_WISH);
	assert_int_equal(news.text_length, 4);
	assert_memory_equal(news.text, "kick", 4);
	assert_int_equal(hear(), LINE_WORD);
	assert_int_equal(news.text_length, sizeof(large));
	assert_memory_equal(news.text, large, sizeof(large));
	assert_int_equal(hear(), LINE_WORD);
	assert_int_equal(news.word.kind, LINE_LOG_LEVEL);
	assert_int_equal(news.text_length, 0);
}

static void
only_a_wish_has_a_text(void **state)
{
	const struct line_word wish = { LINE_WISH, 0 };
	static char noise[sizeof(wish) + LINE_TEXT_BYTES_MAX + 1];

	(void)state;
	assert_true(line_say(ends[0], &wish, -1));
	assert_int_equal(hear(), LINE_GONE);
	memcpy(noise, &wish, sizeof(wish));
	assert_true(send(ends[0], noise, sizeof(noise), 0) > 0);
	assert_int_equal(hear(), LINE_GONE);
	noise[0] = LINE_APPLY;
	assert_true(send(ends[0], noise, sizeof(wish) + 1, 0) > 0);
	assert_int_equal(hear(), LINE_GONE);
}

static void
wishes_leave_room_for_a_configuration(void **state)
{
	const struct line_word listen = { LINE_LISTEN, 1 };
	int wishes = 0, words = 0;

	(void)state;
	while (line_wish(ends[0], TEXT_LITERAL("x")) && wishes < 1000000)
		wishes++;
	assert_in_range(wishes, 10, 999999);
	while (line_say(ends[0], &listen, -1) && words < 1000000)
		words++;
	assert_in_range(words, 100, 999999);
	assert_int_equal(hear(), LINE_WORD);
	while (hear() == LINE_WORD)
		continue;
	assert_true(line_wish(ends[0], TEXT_LITERAL("x")));
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
		TEST(a_wish_comes_with_its_text),
		TEST(only_a_wish_has_a_text),
		TEST(wishes_leave_room_for_a_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
