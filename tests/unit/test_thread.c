#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shared/thread.h"

static void *
look_at_mask(void *self)
{
	sigset_t *mask = self;

	pthread_sigmask(SIG_SETMASK, NULL, mask);
	return NULL;
}

static void
signals_are_the_main_thread_s_business(void **state)
{
	sigset_t theirs, ours;
	pthread_t thread;

	(void)state;
	sigemptyset(&theirs);
	assert_true(thread_start(&thread, look_at_mask, &theirs));
	pthread_join(thread, NULL);
	assert_int_equal(sigismember(&theirs, SIGTERM), 1);
	assert_int_equal(sigismember(&theirs, SIGUSR1), 1);
	pthread_sigmask(SIG_SETMASK, NULL, &ours);
	assert_int_equal(sigismember(&ours, SIGTERM), 0);
	assert_int_equal(sigismember(&ours, SIGUSR1), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signals_are_the_main_thread_s_business),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
