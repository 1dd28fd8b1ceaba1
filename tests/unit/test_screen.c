/* The screen of confabctl top: what two snapshots look like. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "master/ctl/screen.h"
#include "master/ctl/snapshot.h"
#include "shared/base.h"
#include "shared/buffer.h"

static struct snapshot before, now;
static struct buffer out;

static void
answer(struct snapshot *snapshot, enum snapshot_question question,
	const char *text)
{
	snapshot_read(snapshot, question, text_of(text));
}

#define INFO                                                                   \
	"version: 0.1.0\npid: 42\nuptime: 93784\nstate: serving\n"             \
	"news: from a newer server\nconnections: 12\nsessions: 11\n"           \
	"users: 10\nrooms: 9\n"

#define WORKERS                                                                \
	"slot\trole\tnews\tpid\tstate\tsince\tconnections\tnumber\t"           \
	"letters_in\tletters_out\toverflow_bytes\trestarts\n"

static int
set_up(void **state)
{
	(void)state;
	now.at_ms = 5000;
	answer(&now, ASK_INFO, INFO);
	answer(&now, ASK_COUNTERS,
		"counter\tvalue\tkind\tmeaning\nmessages\t700\ttotal\tx\n"
		"dropped_slow\t7\ttotal\tx\nunheard_of\t1\ttotal\tx\n");
	answer(&now, ASK_WORKERS,
		WORKERS "0\tgateway\tx\t100\tserving\t60\t4\t0\t90\t10\t0\t0\n"
			"1\tgateway\tx\t101\tserving\t61\t8\t1\t50\t20\t0\t3\n"
			"2\tledger\tx\t102\tserving\t62\t0\t0\t10\t30\t5\t0\n");
	before.at_ms = 3000;
	answer(&before, ASK_INFO, INFO);
	answer(&before, ASK_COUNTERS, "counter\tvalue\nmessages\t100\n");
	answer(&before, ASK_WORKERS,
		WORKERS "0\tgateway\tx\t100\tserving\t60\t4\t0\t80\t10\t0\t0\n"
			"1\tgateway\tx\t101\tserving\t61\t8\t1\t10\t20\t0\t3\n"
			"2\tledger\tx\t102\tserving\t62\t0\t0\t10\t10\t5\t0\n");
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	snapshot_clear(&before);
	snapshot_clear(&now);
	buffer_fini(&out);
	out = (struct buffer){ 0 };
	return 0;
}

static const char *
draw(const struct snapshot *former, const struct screen_view *view)
{
	out.length = 0;
	screen_draw(&out, former, &now, view);
	buffer_add_byte(&out, 0);
	return (const char *)out.data;
}

static void
assert_shows(const char *screen, const char *words)
{
	if (!strstr(screen, words))
		fail_msg("no \"%s\" in:\n%s", words, screen);
}

static void
what_is_stands_there(void **state)
{
	const char *screen = draw(&before, &(struct screen_view){ 0 });

	(void)state;
	assert_shows(screen, "confab 0.1.0  serving  up 1d 02:03:04  pid 42\n");
	assert_shows(screen, "connections 12  logged in 11  users 10  rooms 9");
	assert_shows(screen, "dropped 7");
	assert_shows(screen, "   1 gateway 1        101 serving         8 ");
}

static void
rates_are_per_second(void **state)
{
	const char *screen = draw(&before, &(struct screen_view){ 0 });

	(void)state;
	assert_shows(screen, "messages 300 ");
	assert_shows(screen, "serving         8     20      0");
}

static void
one_snapshot_has_no_rates(void **state)
{
	(void)state;
	assert_shows(draw(NULL, &(struct screen_view){ 0 }), "messages - ");
}

static void
a_server_that_began_anew_has_no_rates_yet(void **state)
{
	(void)state;
	before.pid = 41;
	assert_shows(draw(&before, &(struct screen_view){ 0 }), "messages - ");
}

static void
a_counter_that_fell_has_the_rate_0(void **state)
{
	(void)state;
	before.counters[COUNTER_MESSAGES] = 1000;
	assert_shows(draw(&before, &(struct screen_view){ 0 }), "messages 0 ");
}

/* The slots in the order of the table. */
static void
assert_order(char key, bool is_reversed, const char *expected)
{
	struct screen_view view = { .is_reversed = is_reversed };
	char order[8] = "";
	const char *line;

	assert_true(screen_read_key(key, &view.sort));
	line = strstr(draw(&before, &view), "SLOT");
	assert_non_null(line);
	for (size_t i = 0; i < 3; i++) {
		line = strchr(line, '\n') + 1;
		order[i] = line[3];
	}
	assert_string_equal(order, expected);
}

static void
keys_sort_the_table(void **state)
{
	unsigned sort = 0;

	(void)state;
	assert_order('s', false, "012");
	assert_order('s', true, "210");
	assert_order('c', false, "102");
	assert_order('c', true, "201");
	assert_order('i', false, "102");
	assert_order('o', false, "201");
	assert_order('w', false, "201");
	assert_order('r', false, "102");
	assert_false(screen_read_key('x', &sort));
}

static void
no_line_and_no_screen_is_too_large(void **state)
{
	(void)state;
	for (unsigned width = 1; width < 120; width += 7)
		for (unsigned height = 1; height < 24; height++) {
			struct screen_view view = { .width = width,
				.height = height,
				.trouble = "gone" };
			const char *line = draw(&before, &view);
			unsigned lines = 0;

			for (; *line; lines++) {
				size_t length = strcspn(line, "\n");

				assert_true(length <= width);
				line += length + 1;
			}
			assert_true(lines <= height);
		}
}

static void
all_of_it_fits_80_by_24(void **state)
{
	struct screen_view view = { .width = 80, .height = 24 };
	struct screen_view any = { 0 };
	struct buffer whole = { 0 };

	(void)state;
	for (unsigned i = 0; i < COUNTER_COUNT; i++)
		now.counters[i] = 123456789;
	answer(&now, ASK_LEDGERS,
		"ledger\tjournal\tdelivered\tarchived\n0\t900\t850\t-\n"
		"1\t100000\t100000\t300\n");
	answer(&now, ASK_RINGS,
		"ring\tused\tcapacity\n0-1\t10\t1000\n1-0\t370\t1000\n");
	for (unsigned i = 0; i < HISTOGRAM_COUNT; i++)
		now.latency[i].buckets[HISTOGRAM_BOUNDS - 1] =
			now.latency[i].count = 7;
	now.knows_latency = true;
	screen_draw(&whole, &before, &now, &any);
	assert_int_equal(strlen(draw(&before, &view)), whole.length);
	assert_shows((char *)out.data, "undelivered 50 B  unarchived 99700 B");
	assert_shows((char *)out.data, "fullest ring 37%");
	buffer_fini(&whole);
}

#define TRAFFIC "room\ttenant\tgateways\tmessages\tpushes\tbytes\tseconds\n"
#define SLOW                                                                   \
	"client\tuser\tslot\tstate\twaiting_"                                  \
	"bytes\tdropped\tseconds\taddress\n"
#define LATENCY "latency\tcount\tbuckets\n"

static void
lists_come_one_behind_the_other_and_a_key_turns_them(void **state)
{
	struct screen_view view = { 0 };
	const char *screen;

	(void)state;
	answer(&now, ASK_TRAFFIC,
		TRAFFIC "大厅\tdefault\t2\t10\t50\t5000\t5\n"
			"b\tother\t1\t1\t1\t100\t5\n");
	answer(&now, ASK_SLOW,
		SLOW "x\tann\t1\tbehind\t70000\t3\t9\t127.0.0.1:5\n");
	screen = draw(&before, &view);
	assert_shows(
		screen, "   2.0     10   1000    2 default          大厅\n");
	assert_shows(screen, "   0.2    0.2     20    1 other            b\n");
	assert_shows(screen, "   1 behind    70000       3      9 127.0.0.1:5  "
			     "         ann\n");
	assert_true(strstr(screen, "SLOT ROLE") < strstr(screen, "MSGS/S"));
	assert_true(strstr(screen, "MSGS/S") < strstr(screen, "SLOT SLOW"));
	view.first = 3;
	screen = draw(&before, &view);
	assert_true(strstr(screen, "SLOT SLOW") < strstr(screen, "SLOT ROLE"));
	assert_true(strstr(screen, "SLOT ROLE") < strstr(screen, "MSGS/S"));
}

static void
each_other_host_has_a_line(void **state)
{
	const char *screen;

	(void)state;
	answer(&now, ASK_PEERS,
		"host\taddress\tstate\tsince\tlag_frames\tlag_bytes\tlag_ms\t"
		"news\tholes\treason\n"
		"2\ttcp://10.0.0.2:7100\tup\t77\t3\t123456\t12\tx\t1\t\n"
		"\ttcp://10.0.0.3:7100\trefused\t5\t0\t0\t0\tx\t0\t"
		"does not know the secret\n");
	screen = draw(&before, &(struct screen_view){ 0 });
	assert_shows(screen, "HOST LINK     LAG MS  BYTES FRAMES HOLES  SINCE "
			     "ADDRESS\n");
	assert_shows(screen, "   2 up           12   123k      3     1     77 "
			     "tcp://10.0.0.2:7100\n");
	assert_shows(screen, "   - refused       0      0      0     0      5 "
			     "tcp://10.0.0.3:7100: does not know the secret\n");
	assert_true(strstr(screen, "SLOT ROLE") < strstr(screen, "HOST LINK"));
}

static void
more_hosts_than_fit_are_left_out(void **state)
{
	const struct text line = TEXT_LITERAL("9\tup\n");
	struct buffer many = { 0 };

	(void)state;
	buffer_add_string(&many, "host\tstate\n");
	for (unsigned i = 0; i < SNAPSHOT_ROWS + 5; i++)
		buffer_add_text(&many, line);
	snapshot_read(&now, ASK_PEERS, buffer_text(&many));
	assert_int_equal(now.peer_count, SNAPSHOT_ROWS);
	buffer_fini(&many);
}

static void
an_empty_list_takes_no_line(void **state)
{
	const char *screen = draw(&before, &(struct screen_view){ 0 });

	(void)state;
	answer(&now, ASK_TRAFFIC, TRAFFIC);
	assert_null(strstr(screen, "MSGS/S"));
	assert_null(strstr(screen, "\n\n\n"));
	assert_true(screen[strlen(screen) - 2] != '\n');
}

static void
a_long_line_is_not_cut_inside_a_character(void **state)
{
	(void)state;
	answer(&now, ASK_TRAFFIC, TRAFFIC "大厅大厅\td\t2\t1\t5\t5\t5\n");
	for (unsigned width = 40; width < 60; width++) {
		struct screen_view view = { .width = width, .first = 2 };

		assert_true(text_is_utf8(text_of(draw(&before, &view))));
	}
}

static void
latency_is_that_of_the_time_between(void **state)
{
	(void)state;
	assert_null(strstr(draw(&before, &(struct screen_view){ 0 }), "50/99"));
	answer(&before, ASK_LATENCY,
		LATENCY "delivery\t9\t0,0,0,0,0,0,0,0,0,9\n");
	answer(&now, ASK_LATENCY,
		LATENCY "delivery\t13\t4,0,0,0,0,0,0,0,0,9\n"
			"journal_commit\t0\t0\nnews\t1\t1\n");
	assert_shows(draw(&before, &(struct screen_view){ 0 }),
		"ms 50/99% delivery 0.03/0.05  journal -/-  archive -/-\n");
	assert_shows(draw(NULL, &(struct screen_view){ 0 }),
		"delivery 32/50  journal");
}

static void
old_numbers_are_said_to_be_old(void **state)
{
	struct screen_view view = { .trouble = "status.sock: gone" };

	(void)state;
	assert_shows(draw(&before, &view), "OLD: status.sock: gone\n");
	assert_shows(draw(&before, &view), "connections 12");
	out.length = 0;
	screen_draw(&out, NULL, NULL, &view);
	assert_int_equal(out.length, strlen("status.sock: gone\n"));
}

static void
help_takes_the_place_of_the_table(void **state)
{
	struct screen_view view = { .shows_help = true };

	(void)state;
	assert_shows(draw(&before, &view), "q quits");
	assert_null(strstr((char *)out.data, "SLOT"));
}

static void
nothing_of_a_server_steers_the_terminal(void **state)
{
	(void)state;
	answer(&now, ASK_INFO, "version: \033[31mred\nstate: \t\x7f\x80\n");
	answer(&now, ASK_WORKERS, WORKERS "7\t\033]0;x\x07\n");
	answer(&now, ASK_TRAFFIC, TRAFFIC "\033[2J\t\xc2\x9b\t1\n");
	answer(&now, ASK_SLOW, SLOW "x\t\xff\t1\t\033c\t1\t1\t1\t\x9b\n");
	for (const char *at = draw(&before, &(struct screen_view){ 0 }); *at;
		at++)
		assert_true(*at == '\n' || (*at >= ' ' && *at <= '~'));
}

static void
answers_that_make_no_sense_are_zeros(void **state)
{
	static const char *const odd[] = { "", "\n", "\t\n\t\t\n", "slot",
		"slot\n\n\n", "slot\trole\n1\n", ":\n::\n", "pid:\n", "pid",
		"slot\n99999999999999999999999999999999\n" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(odd); i++)
		for (unsigned k = 0; k < QUESTION_COUNT; k++) {
			answer(&now, (enum snapshot_question)k, odd[i]);
			draw(&before, &(struct screen_view){ 0 });
		}
	assert_int_equal(now.pid, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_stands_there),
		TEST(rates_are_per_second),
		TEST(one_snapshot_has_no_rates),
		TEST(a_server_that_began_anew_has_no_rates_yet),
		TEST(a_counter_that_fell_has_the_rate_0),
		TEST(keys_sort_the_table),
		TEST(no_line_and_no_screen_is_too_large),
		TEST(all_of_it_fits_80_by_24),
		TEST(lists_come_one_behind_the_other_and_a_key_turns_them),
		TEST(each_other_host_has_a_line),
		TEST(more_hosts_than_fit_are_left_out),
		TEST(an_empty_list_takes_no_line),
		TEST(a_long_line_is_not_cut_inside_a_character),
		TEST(latency_is_that_of_the_time_between),
		TEST(old_numbers_are_said_to_be_old),
		TEST(help_takes_the_place_of_the_table),
		TEST(nothing_of_a_server_steers_the_terminal),
		TEST(answers_that_make_no_sense_are_zeros),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
