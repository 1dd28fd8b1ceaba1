#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "master/child.h"
#include "shared/clock.h"
#include "shared/heritage.h"
#include "shared/log.h"

/* What the process of this test does in place of a role. */
static enum script {
	SCRIPT_SERVE,
	SCRIPT_FAIL,
} script;

static struct row *row;
static struct child child;
static struct heritage heritage;
static int news[2]; /* the child writes a letter at each step */

int
worker_main(const struct heritage *inherited)
{
	alarm(30);
	signal(SIGTERM, SIG_DFL);
	if (script == SCRIPT_FAIL)
		return 1;
	atomic_store(&row->ready_life, inherited->life);
	if (write(news[1], "r", 1) == 1) {
		sigset_t none;

		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		pause();
	}
	return 0;
}

static void
shed(void *self)
{
	if (write(*(int *)self, "s", 1) < 0)
		_exit(9);
}

static int
set_up(void **state)
{
	(void)state;
	row = mmap(NULL, sizeof(*row), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(row, MAP_FAILED);
	row->role = ROLE_LEDGER;
	row->number = 3;
	child_init(&child, row, 7);
	assert_int_equal(pipe(news), 0);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	if (child.pid != 0) {
		kill(child.pid, SIGKILL);
		waitpid(child.pid, NULL, 0);
	}
	close(news[0]);
	close(news[1]);
	return munmap(row, sizeof(*row));
}

static void
start(enum script what)
{
	script = what;
	child_start(&child, &heritage, shed, &news[1]);
	assert_true(child.pid > 0);
}

static void
expect_news(char expected)
{
	char got = 0;

	assert_int_equal(read(news[0], &got, 1), 1);
	assert_int_equal(got, expected);
}

static void
start_and_serve(void)
{
	start(SCRIPT_SERVE);
	expect_news('s');
	expect_news('r');
	assert_true(child_notice_ready(&child));
}

/* The end of the process, as the master hears of it. */
static void
let_end(bool is_wanted)
{
	int status;

	assert_int_equal(waitpid(child.pid, &status, 0), child.pid);
	child_on_end(&child, status, is_wanted);
}

static void
a_new_slot_is_absent_and_has_its_name(void **state)
{
	(void)state;
	assert_int_equal(child.state, CHILD_ABSENT);
	assert_string_equal(child.name, "ledger 3");
}

static void
a_start_writes_the_row(void **state)
{
	(void)state;
	start(SCRIPT_SERVE);
	assert_int_equal(child.state, CHILD_STARTING);
	assert_int_equal(atomic_load(&row->state), CHILD_STARTING);
	assert_int_equal(atomic_load(&row->pid), child.pid);
	assert_int_equal(atomic_load(&row->life), 1);
	assert_int_equal(heritage.slot, 7);
	assert_int_equal(heritage.life, 1);
}

static void
the_child_sheds_before_it_works(void **state)
{
	(void)state;
	start(SCRIPT_SERVE);
	expect_news('s');
	expect_news('r');
}

static void
it_serves_once_its_own_life_is_ready(void **state)
{
	(void)state;
	atomic_store(&row->ready_life, 99);
	start(SCRIPT_FAIL);
	expect_news('s');
	assert_false(child_notice_ready(&child));
	let_end(true);
	start_and_serve();
	assert_int_equal(child.state, CHILD_SERVING);
	assert_int_equal(atomic_load(&row->state), CHILD_SERVING);
	assert_false(child_notice_ready(&child));
}

static void
one_that_served_and_was_killed_is_due_within_100_ms(void **state)
{
	uint64_t before_ms = clock_ms();

	(void)state;
	start_and_serve();
	child_kill(&child);
	let_end(true);
	assert_int_equal(child.state, CHILD_RESTING);
	assert_int_equal(child.pid, 0);
	assert_int_equal(atomic_load(&row->pid), 0);
	assert_int_equal(atomic_load(&row->restarts), 1);
	assert_true(child.due_ms <= clock_ms() + BACKOFF_FIRST_MS);
	assert_true(child.due_ms >= before_ms);
}

static void
one_that_died_unnoticed_after_it_served_counts_as_healthy(void **state)
{
	(void)state;
	start(SCRIPT_SERVE);
	expect_news('s');
	expect_news('r');
	child_kill(&child);
	let_end(true);
	assert_true(child.was_healthy);
	assert_int_equal(child.backoff.failures, 0);
}

static void
one_that_never_served_rests_longer_each_time(void **state)
{
	uint64_t expected_ms = BACKOFF_FIRST_MS;

	(void)state;
	for (unsigned i = 1; i <= 4; i++) {
		start(SCRIPT_FAIL);
		let_end(true);
		assert_int_equal(child.state, CHILD_RESTING);
		assert_int_equal(child.due_ms - child.since_ms, expected_ms);
		assert_int_equal(atomic_load(&row->life), i);
		expected_ms *= 2;
	}
}

static void
one_that_was_asked_to_end_is_absent_and_no_restart(void **state)
{
	(void)state;
	start_and_serve();
	child_ask_to_end(&child, SIGTERM);
	assert_int_equal(child.state, CHILD_DRAINING);
	let_end(true);
	assert_int_equal(child.state, CHILD_ABSENT);
	assert_int_equal(atomic_load(&row->state), CHILD_ABSENT);
	assert_int_equal(atomic_load(&row->restarts), 0);
}

static void
one_that_is_not_wanted_again_is_absent(void **state)
{
	(void)state;
	start_and_serve();
	child_kill(&child);
	let_end(false);
	assert_int_equal(child.state, CHILD_ABSENT);
}

static void
a_rest_can_be_cancelled(void **state)
{
	(void)state;
	start(SCRIPT_FAIL);
	let_end(true);
	child_cancel(&child);
	assert_int_equal(child.state, CHILD_ABSENT);
	child_cancel(&child);
	assert_int_equal(child.state, CHILD_ABSENT);
}

static void
asking_one_that_rests_does_nothing(void **state)
{
	(void)state;
	start(SCRIPT_FAIL);
	let_end(true);
	child_ask_to_end(&child, SIGTERM);
	child_kill(&child);
	assert_int_equal(child.state, CHILD_RESTING);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_new_slot_is_absent_and_has_its_name),
		TEST(a_start_writes_the_row),
		TEST(the_child_sheds_before_it_works),
		TEST(it_serves_once_its_own_life_is_ready),
		TEST(one_that_served_and_was_killed_is_due_within_100_ms),
		TEST(one_that_died_unnoticed_after_it_served_counts_as_healthy),
		TEST(one_that_never_served_rests_longer_each_time),
		TEST(one_that_was_asked_to_end_is_absent_and_no_restart),
		TEST(one_that_is_not_wanted_again_is_absent),
		TEST(a_rest_can_be_cancelled),
		TEST(asking_one_that_rests_does_nothing),
	};

	log_set_level(LOG_LEVEL_ERROR);
	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
