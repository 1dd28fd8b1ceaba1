#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "master/child.h"
#include "master/ending.h"
#include "shared/heritage.h"
#include "shared/log.h"

enum {
	GATEWAY,
	LEDGER,
	HISTORIAN,
	CHILDREN,
};

static const enum role roles[CHILDREN] = {
	[GATEWAY] = ROLE_GATEWAY,
	[LEDGER] = ROLE_LEDGER,
	[HISTORIAN] = ROLE_HISTORIAN,
};

static struct row *rows;
static struct child children[CHILDREN];
static struct heritage heritage;
static struct ending ending;
static bool is_deaf; /* what starts next ignores TERM and QUIT */
static int news[2];

int
worker_main(const struct heritage *inherited)
{
	sigset_t none;

	alarm(30);
	signal(SIGTERM, is_deaf ? SIG_IGN : SIG_DFL);
	signal(SIGQUIT, is_deaf ? SIG_IGN : SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	atomic_store(&rows[inherited->slot].ready_life, inherited->life);
	if (write(news[1], "r", 1) == 1)
		for (;;)
			pause();
	return 0;
}

static void
shed(void *self)
{
	(void)self;
}

static void
start(unsigned which, bool deaf)
{
	char byte;

	is_deaf = deaf;
	child_start(&children[which], &heritage, shed, NULL);
	assert_int_equal(read(news[0], &byte, 1), 1);
	assert_true(child_notice_ready(&children[which]));
}

static int
set_up(void **state)
{
	(void)state;
	assert_int_equal(pipe(news), 0);
	rows = mmap(NULL, CHILDREN * sizeof(*rows), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(rows, MAP_FAILED);
	for (unsigned i = 0; i < CHILDREN; i++) {
		rows[i].role = roles[i];
		child_init(&children[i], &rows[i], i);
	}
	ending = (struct ending){ .children = children, .count = CHILDREN };
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	for (unsigned i = 0; i < CHILDREN; i++)
		if (children[i].pid != 0) {
			kill(children[i].pid, SIGKILL);
			waitpid(children[i].pid, NULL, 0);
		}
	close(news[0]);
	close(news[1]);
	return munmap(rows, CHILDREN * sizeof(*rows));
}

/* Waits for the process and does what the supervisor does at a death. */
static void
reap(unsigned which)
{
	struct child *child = &children[which];
	int status;

	assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
	child_on_end(child, status, ending_wants(&ending, child));
	ending_advance(&ending);
}

static void
an_end_goes_along_the_way_of_a_message(void **state)
{
	(void)state;
	for (unsigned i = 0; i < CHILDREN; i++)
		start(i, false);
	ending_begin(&ending, 10000);
	assert_int_equal(children[GATEWAY].state, CHILD_DRAINING);
	assert_int_equal(children[LEDGER].state, CHILD_SERVING);
	reap(GATEWAY);
	assert_int_equal(children[LEDGER].state, CHILD_DRAINING);
	assert_int_equal(children[HISTORIAN].state, CHILD_SERVING);
	reap(LEDGER);
	assert_int_equal(children[HISTORIAN].state, CHILD_DRAINING);
	assert_false(ending_is_over(&ending));
	reap(HISTORIAN);
	assert_true(ending_is_over(&ending));
}

static void
a_keeper_that_dies_while_edges_end_is_still_wanted(void **state)
{
	(void)state;
	for (unsigned i = 0; i < CHILDREN; i++)
		start(i, false);
	assert_true(ending_wants(&ending, &children[GATEWAY]));
	ending_begin(&ending, 10000);
	assert_false(ending_wants(&ending, &children[GATEWAY]));
	child_kill(&children[LEDGER]);
	reap(LEDGER);
	assert_int_equal(children[LEDGER].state, CHILD_RESTING);
	reap(GATEWAY);
	assert_int_equal(children[LEDGER].state, CHILD_ABSENT);
	assert_int_equal(children[HISTORIAN].state, CHILD_DRAINING);
}

static void
an_edge_that_stands_still_costs_only_itself(void **state)
{
	(void)state;
	start(GATEWAY, true);
	start(LEDGER, false);
	ending_begin(&ending, 10000);
	ending_look(&ending, ending.began_ms + 5999);
	assert_int_equal(waitpid(children[GATEWAY].pid, NULL, WNOHANG), 0);
	ending_look(&ending, ending.began_ms + 6000);
	reap(GATEWAY);
	assert_int_equal(children[LEDGER].state, CHILD_DRAINING);
	reap(LEDGER);
	assert_true(ending_is_over(&ending));
}

static void
a_hurry_waits_for_nobody(void **state)
{
	(void)state;
	for (unsigned i = 0; i < CHILDREN; i++)
		start(i, true);
	ending_begin(&ending, 10000);
	ending_hurry(&ending);
	for (unsigned i = 0; i < CHILDREN; i++)
		reap(i);
	assert_true(ending_is_over(&ending));
}

static void
with_nobody_left_it_is_over_at_once(void **state)
{
	(void)state;
	assert_false(ending_is_over(&ending));
	ending_begin(&ending, 10000);
	assert_true(ending_is_over(&ending));
	ending_advance(&ending);
	ending_look(&ending, ending.began_ms + 20000);
	assert_true(ending_is_over(&ending));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static void
a_drain_comes_before_the_stop(void **state)
{
	(void)state;
	for (unsigned i = 0; i < CHILDREN; i++)
		start(i, false);
	ending_drain(&ending, 60000, 10000);
	assert_int_equal(ending.phase, ENDING_DRAIN);
	assert_int_equal(children[GATEWAY].state, CHILD_DRAINING);
	assert_int_equal(children[LEDGER].state, CHILD_SERVING);
	assert_false(ending_wants(&ending, &children[GATEWAY]));
	assert_true(ending_wants(&ending, &children[LEDGER]));

	reap(GATEWAY);
	assert_true(ending.phase > ENDING_DRAIN);
	reap(LEDGER);
	reap(HISTORIAN);
	assert_true(ending_is_over(&ending));
}

static void
a_drain_has_its_time_and_some_more(void **state)
{
	(void)state;
	start(GATEWAY, true);
	start(LEDGER, false);
	ending_drain(&ending, 60000, 10000);
	ending_look(&ending, ending.began_ms + 60000);
	assert_int_equal(waitpid(children[GATEWAY].pid, NULL, WNOHANG), 0);
	ending_look(&ending, ending.began_ms + 80000);
	assert_int_equal(ending.phase, ENDING_EDGES);
	assert_int_equal(waitpid(children[GATEWAY].pid, NULL, WNOHANG), 0);
	ending_look(&ending, ending.began_ms + 10000);
	reap(GATEWAY);
	assert_true(ending.phase > ENDING_EDGES);
}

static void
a_stop_cuts_a_drain_short(void **state)
{
	(void)state;
	assert_false(ending_cut_drain(&ending));
	start(GATEWAY, true);
	start(LEDGER, false);
	ending_drain(&ending, 60000, 10000);
	assert_true(ending_cut_drain(&ending));
	assert_int_equal(ending.phase, ENDING_EDGES);
	assert_false(ending_cut_drain(&ending));
	ending_hurry(&ending);
	reap(GATEWAY);
	reap(LEDGER);
	assert_true(ending_is_over(&ending));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_end_goes_along_the_way_of_a_message),
		TEST(a_keeper_that_dies_while_edges_end_is_still_wanted),
		TEST(an_edge_that_stands_still_costs_only_itself),
		TEST(a_hurry_waits_for_nobody),
		TEST(with_nobody_left_it_is_over_at_once),
		TEST(a_drain_comes_before_the_stop),
		TEST(a_drain_has_its_time_and_some_more),
		TEST(a_stop_cuts_a_drain_short),
	};

	log_set_level(LOG_LEVEL_ERROR);
	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
