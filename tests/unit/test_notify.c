/* What a service manager hears, also one that is slow to listen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "master/notify.h"

#define TOO_MANY 5000
#define KEPT 8

static int manager = -1;
static char heard[512];

static int
set_up(void **state)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int length = snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1,
		"confab-test-notify-%d", (int)getpid());
	char variable[sizeof(name.sun_path) + 1], pid[16];

	(void)state;
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (bind(manager, (struct sockaddr *)&name,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
				(size_t)length)) < 0)
		return -1;
	snprintf(variable, sizeof(variable), "@%s", name.sun_path + 1);
	setenv("NOTIFY_SOCKET", variable, 1);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("WATCHDOG_PID", pid, 1);
	setenv("WATCHDOG_USEC", "2000000", 1);
	notify_open();
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	notify_shed();
	close(manager);
	return 0;
}

/* The next words, or "" when there are none. */
static const char *
hear(void)
{
	ssize_t got = recv(manager, heard, sizeof(heard) - 1, 0);

	heard[got > 0 ? got : 0] = 0;
	return heard;
}

static void
words_arrive_as_they_were_said(void **state)
{
	(void)state;
	assert_true(notify_is_heard());
	notify_say("READY=1\nSTATUS=serves");
	assert_string_equal(hear(), "READY=1\nSTATUS=serves");
	assert_string_equal(hear(), "");
}

static void
a_status_is_said_when_it_changes(void **state)
{
	(void)state;
	notify_status("1 client");
	notify_status("1 client");
	notify_status("2 clients");
	assert_string_equal(hear(), "STATUS=1 client");
	assert_string_equal(hear(), "STATUS=2 clients");
	assert_string_equal(hear(), "");
}

static void
a_reload_tells_its_time(void **state)
{
	unsigned long long time_us = 0;

	(void)state;
	notify_reloading();
	assert_int_equal(
		sscanf(hear(), "RELOADING=1\nMONOTONIC_USEC=%llu", &time_us),
		1);
	assert_true(time_us > 0);
}

/* Half of what is allowed may pass between two. */
static void
the_watchdog_is_told_in_time_and_not_more_often(void **state)
{
	(void)state;
	notify_watchdog(1000000);
	assert_string_equal(hear(), "WATCHDOG=1");
	notify_watchdog(1000999);
	assert_string_equal(hear(), "");
	notify_watchdog(1001000);
	assert_string_equal(hear(), "WATCHDOG=1");
}

/* The newest of them are kept, and come in their order, once. */
static void
what_a_full_socket_does_not_take_comes_later(void **state)
{
	int last = -1, count = 0, number;

	(void)state;
	for (int i = 0; i < TOO_MANY; i++) {
		char words[32];

		snprintf(words, sizeof(words), "X_NUMBER=%d", i);
		notify_say(words);
	}
	for (int round = 0; round < 3; round++) {
		while (sscanf(hear(), "X_NUMBER=%d", &number) == 1) {
			assert_true(number > last);
			last = number;
			count++;
		}
		if (round == 0)
			assert_true(count < TOO_MANY - KEPT);
		notify_retry();
	}
	assert_int_equal(last, TOO_MANY - 1);
	assert_string_equal(hear(), "");
}

static void
a_child_says_nothing(void **state)
{
	(void)state;
	notify_shed();
	assert_false(notify_is_heard());
	assert_null(getenv("NOTIFY_SOCKET"));
	assert_null(getenv("WATCHDOG_USEC"));
	notify_say("READY=1");
	notify_status("nobody is told");
	notify_watchdog(UINT64_MAX);
	assert_string_equal(hear(), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_arrive_as_they_were_said),
		cmocka_unit_test(a_status_is_said_when_it_changes),
		cmocka_unit_test(a_reload_tells_its_time),
		cmocka_unit_test(
			the_watchdog_is_told_in_time_and_not_more_often),
		cmocka_unit_test(what_a_full_socket_does_not_take_comes_later),
		cmocka_unit_test(a_child_says_nothing),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
