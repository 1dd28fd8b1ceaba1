/*
 * The log: how lines look, what is counted instead of repeated, and what
 * happens to a log that nobody takes.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/json.h"
#include "shared/log.h"
#include "shared/log_line.h"
#include "shared/log_repeat.h"
#include "shared/text.h"

static char path[] = "/tmp/confab-log-XXXXXX";

static char content[1 << 20];

static const char *
read_all(const char *from)
{
	int fd = open(from, O_RDONLY);
	ssize_t length = read(fd, content, sizeof(content) - 1);

	assert_true(length >= 0);
	content[length] = 0;
	close(fd);
	return content;
}

static size_t
lines_with(const char *words)
{
	size_t count = 0;

	for (const char *at = read_all(path); (at = strstr(at, words)); at++)
		count++;
	return count;
}

static int
begin(void **state)
{
	(void)state;
	memcpy(path + sizeof(path) - 7, "XXXXXX", 6);
	close(mkstemp(path));
	log_set_name("gateway 1");
	return log_open(path, LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
}

static int
end(void **state)
{
	(void)state;
	log_finish();
	log_open(NULL, LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
	return unlink(path);
}

static struct log_line line;

static const char *
made(enum log_format format, bool is_for_journal, const char *message)
{
	log_line_make(&line, &(struct log_facts){
				     .level = LOG_LEVEL_WARNING,
				     .format = format,
				     .is_for_journal = is_for_journal,
				     .process = "ledger 1",
				     .pid = 7,
				     .message = message,
			     });
	assert_int_equal(line.bytes[line.length - 1], '\n');
	line.bytes[line.length - 1] = 0;
	return line.bytes;
}

static void
assert_ends(const char *text, const char *with)
{
	assert_true(strlen(text) >= strlen(with));
	assert_string_equal(text + strlen(text) - strlen(with), with);
}

static void
a_line_of_text_has_time_level_process_and_pid(void **state)
{
	const char *text = made(LOG_FORMAT_TEXT, false, "hello");
	int year, millisecond, at = 0;

	(void)state;
	assert_int_equal(sscanf(text, "%d-%*d-%*dT%*d:%*d:%*d.%dZ%n", &year,
				 &millisecond, &at),
		2);
	assert_true(year >= 2024);
	assert_string_equal(text + at, " warning ledger 1[7]: hello");
}

static void
a_line_of_json_is_one_object_with_these_fields(void **state)
{
	const char *text = made(LOG_FORMAT_JSON, false, "say \"hello\"");

	(void)state;
	assert_memory_equal(text, "{\"time\":\"", 9);
	assert_ends(text, "Z\",\"level\":\"warning\",\"process\":\"ledger "
			  "1\",\"pid\":7,\"message\":\"say \\\"hello\\\"\"}");
}

static void
journald_gets_a_priority_and_no_time(void **state)
{
	(void)state;
	assert_string_equal(
		made(LOG_FORMAT_TEXT, true, "hello"), "<4>ledger 1[7]: hello");
	assert_string_equal(made(LOG_FORMAT_JSON, true, "hello"),
		"<4>{\"level\":\"warning\",\"process\":\"ledger 1\",\"pid\":7,"
		"\"message\":\"hello\"}");
}

static void
what_could_forge_a_line_is_escaped(void **state)
{
	(void)state;
	assert_ends(made(LOG_FORMAT_TEXT, false, "a\nb\x1b[2J\x7f\\"),
		": a\\x0ab\\x1b[2J\\x7f\\\\");
	assert_ends(made(LOG_FORMAT_JSON, false, "a\nb\x1b[2J\x7f\\"),
		"a\\u000ab\\u001b[2J\\u007f\\\\\"}");
}

static void
what_is_no_utf8_is_escaped_and_what_is_stays(void **state)
{
	static const char words[] = "Grüße 世界 😀 \xff \xc3 \xc2\x9b[ \xe4\xb8";

	(void)state;
	assert_ends(made(LOG_FORMAT_TEXT, false, words),
		": Grüße 世界 😀 \\xff \\xc3 \\xc2\\x9b[ \\xe4\\xb8");
	assert_ends(made(LOG_FORMAT_JSON, false, words),
		"\"Grüße 世界 😀 \\\\xff \\\\xc3 \\\\xc2\\\\x9b[ "
		"\\\\xe4\\\\xb8\"}");
}

static void
any_bytes_make_one_line_of_json_that_can_be_read(void **state)
{
	static char message[9000];

	(void)state;
	srandom(1);
	for (unsigned round = 0; round < 2000; round++) {
		size_t length = (size_t)random() % sizeof(message);
		const char *text;
		json_t *object;

		for (size_t i = 0; i < length; i++)
			message[i] = (char)(1 + random() % 255);
		message[length] = 0;
		text = made(LOG_FORMAT_JSON, round % 2 == 0, message);
		assert_null(strchr(text, '\n'));
		assert_true(strlen(text) < LOG_LINE_BYTES);
		object = json_read_object(text_of(strchr(text, '{')));
		assert_non_null(object);
		json_decref(object);
	}
}

static void
a_long_message_is_cut_at_the_end_of_a_character(void **state)
{
	char words[3001];

	(void)state;
	for (unsigned shift = 0; shift < 3; shift++) {
		memset(words, 'a', sizeof(words) - 1);
		for (size_t i = shift; i + 3 < sizeof(words); i += 3)
			memcpy(words + i, "世", 3);
		words[sizeof(words) - 1] = 0;
		log_info("%s", words);
		assert_ends(read_all(path), "世…\n");
		assert_null(strstr(content, "\\x"));
	}
}

static void
few_lines_of_a_kind_are_all_written(void **state)
{
	(void)state;
	for (int i = 0; i < LOG_REPEAT_LINES; i++)
		log_warning("number %d", i);
	log_finish();
	assert_int_equal(lines_with("number"), LOG_REPEAT_LINES);
	assert_int_equal(lines_with("more"), 0);
}

static void
many_lines_of_a_kind_are_counted(void **state)
{
	(void)state;
	for (int i = 0; i < LOG_REPEAT_LINES + 1234; i++)
		log_warning("from a client: %d", i);
	log_warning("another kind");
	assert_int_equal(lines_with("from a client"), LOG_REPEAT_LINES);
	assert_int_equal(lines_with("another kind"), 1);
	log_finish();
	assert_int_equal(lines_with("warning gateway 1"), LOG_REPEAT_LINES + 2);
	assert_int_equal(
		lines_with("… and 1234 more of this kind: from a client: 20"),
		1);
}

static void
events_are_never_counted(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++)
		log_event("event %d", i);
	assert_int_equal(lines_with("event"), 100);
}

static void
a_new_process_does_not_tell_what_its_parent_counted(void **state)
{
	(void)state;
	for (int i = 0; i < LOG_REPEAT_LINES + 5; i++)
		log_warning("again %d", i);
	log_set_name("gateway 2");
	log_finish();
	assert_int_equal(lines_with("more"), 0);
}

static void
the_count_is_told_when_the_time_is_over(void **state)
{
	struct log_repeated told;
	const char *kind = "kind";

	(void)state;
	log_repeat_forget();
	for (int i = 0; i < LOG_REPEAT_LINES + 3; i++)
		assert_int_equal(log_repeat_may(kind, LOG_LEVEL_ERROR, "words",
					 1000, &told),
			i < LOG_REPEAT_LINES);
	assert_false(log_repeat_next(1000 + LOG_REPEAT_MS - 1, false, &told));
	assert_true(log_repeat_next(1000 + LOG_REPEAT_MS, false, &told));
	assert_int_equal(told.count, 3);
	assert_int_equal(told.level, LOG_LEVEL_ERROR);
	assert_string_equal(told.example, "words");
	assert_false(log_repeat_next(1000 + LOG_REPEAT_MS, false, &told));
}

/* 20 lines, then one and a count every ten seconds. */
static void
who_goes_on_is_told_less(void **state)
{
	struct log_repeated told;
	unsigned written = 0, counts = 0;
	uint64_t hidden = 0;

	(void)state;
	log_repeat_forget();
	for (uint64_t ms = 0; ms < 100000; ms++) {
		written +=
			log_repeat_may("kind", LOG_LEVEL_INFO, "", ms, &told);
		counts += told.count > 0;
		hidden += told.count;
	}
	assert_int_equal(written, LOG_REPEAT_LINES + 9);
	assert_int_equal(counts, 9);
	while (log_repeat_next(100000, true, &told))
		hidden += told.count;
	assert_int_equal(written + hidden, 100000);
}

static void
who_was_quiet_may_speak_again(void **state)
{
	struct log_repeated told;
	uint64_t ms = 0;

	(void)state;
	log_repeat_forget();
	for (int i = 0; i < 100; i++)
		log_repeat_may("kind", LOG_LEVEL_INFO, "", ms, &told);
	assert_true(log_repeat_next(ms += LOG_REPEAT_MS, false, &told));
	assert_false(log_repeat_next(ms += LOG_REPEAT_MS, false, &told));
	for (int i = 0; i < LOG_REPEAT_LINES; i++)
		assert_true(
			log_repeat_may("kind", LOG_LEVEL_INFO, "", ms, &told));
}

static void
the_oldest_of_many_kinds_gives_way_and_is_told(void **state)
{
	static const char kinds[LOG_REPEAT_KINDS + 1];
	struct log_repeated told;

	(void)state;
	log_repeat_forget();
	for (int i = 0; i < LOG_REPEAT_LINES + 7; i++)
		log_repeat_may(&kinds[0], LOG_LEVEL_INFO, "first", 1, &told);
	for (int i = 1; i <= LOG_REPEAT_KINDS; i++) {
		assert_true(log_repeat_may(
			&kinds[i], LOG_LEVEL_INFO, "", 2, &told));
		assert_int_equal(told.count, i == LOG_REPEAT_KINDS ? 7 : 0);
	}
	assert_string_equal(told.example, "first");
}

/* Puts something else in the place of standard error. */
static int
instead_of_stderr(int fd)
{
	int kept = dup(STDERR_FILENO);

	dup2(fd, STDERR_FILENO);
	log_open(NULL, LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
	return kept;
}

static void
put_back_stderr(int kept)
{
	dup2(kept, STDERR_FILENO);
	close(kept);
}

static void
standard_error_is_journald_where_systemd_says_so(void **state)
{
	char name[64], got[200] = { 0 };
	struct stat what;
	int ends[2], kept;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	assert_int_equal(fstat(ends[0], &what), 0);
	snprintf(name, sizeof(name), "%llu:%llu",
		(unsigned long long)what.st_dev,
		(unsigned long long)what.st_ino);
	setenv("JOURNAL_STREAM", name, 1);
	kept = instead_of_stderr(ends[0]);
	log_info("hello");
	setenv("JOURNAL_STREAM", "1:1", 1);
	log_info("hello");
	put_back_stderr(kept);
	unsetenv("JOURNAL_STREAM");
	assert_true(read(ends[1], got, sizeof(got) - 1) > 0);
	assert_memory_equal(got, "<6>gateway 1[", 13);
	assert_memory_equal(strchr(got, '\n') + 1, "20", 2);
	close(ends[0]);
	close(ends[1]);
}

static void
a_pipe_that_nobody_reads_holds_nobody_up(void **state)
{
	static char got[1 << 20];
	int ends[2], kept;
	ssize_t length;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	kept = instead_of_stderr(ends[1]);
	for (int i = 0; i < 10000; i++)
		log_event("event number %d of many", i);
	length = read(ends[0], got, sizeof(got) - 1);
	log_event("the last one");
	length += read(ends[0], got + length, sizeof(got) - 1 - (size_t)length);
	put_back_stderr(kept);
	got[length] = 0;
	assert_non_null(strstr(got, "lines could not be written and are lost"));
	assert_non_null(strstr(got, "the last one\n"));
	close(ends[0]);
	close(ends[1]);
}

static void
a_file_that_was_moved_is_opened_again(void **state)
{
	char moved[sizeof(path) + 2];

	(void)state;
	snprintf(moved, sizeof(moved), "%s.1", path);
	log_info("before");
	assert_int_equal(rename(path, moved), 0);
	log_info("between");
	assert_int_equal(log_reopen(), 0);
	log_info("after");
	assert_int_equal(lines_with("after"), 1);
	assert_int_equal(lines_with("between"), 0);
	assert_non_null(strstr(read_all(moved), "between"));
	unlink(moved);
}

static void
what_is_below_the_level_is_not_written(void **state)
{
	(void)state;
	log_debug("small talk");
	log_set_level(LOG_LEVEL_ERROR);
	log_warning("warning");
	log_error("error");
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("details");
	assert_int_equal(lines_with("small talk"), 0);
	assert_int_equal(lines_with(": warning"), 0);
	assert_int_equal(lines_with(": error"), 1);
	assert_int_equal(lines_with(": details"), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_line_of_text_has_time_level_process_and_pid),
		TEST(a_line_of_json_is_one_object_with_these_fields),
		TEST(journald_gets_a_priority_and_no_time),
		TEST(what_could_forge_a_line_is_escaped),
		TEST(what_is_no_utf8_is_escaped_and_what_is_stays),
		TEST(any_bytes_make_one_line_of_json_that_can_be_read),
		TEST(a_long_message_is_cut_at_the_end_of_a_character),
		TEST(few_lines_of_a_kind_are_all_written),
		TEST(many_lines_of_a_kind_are_counted),
		TEST(events_are_never_counted),
		TEST(a_new_process_does_not_tell_what_its_parent_counted),
		TEST(the_count_is_told_when_the_time_is_over),
		TEST(who_goes_on_is_told_less),
		TEST(who_was_quiet_may_speak_again),
		TEST(the_oldest_of_many_kinds_gives_way_and_is_told),
		TEST(standard_error_is_journald_where_systemd_says_so),
		TEST(a_pipe_that_nobody_reads_holds_nobody_up),
		TEST(a_file_that_was_moved_is_opened_again),
		TEST(what_is_below_the_level_is_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
