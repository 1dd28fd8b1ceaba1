#include "master/signals.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#include <event2/event.h>

#include "master/acts.h"
#include "master/supervisor_inside.h"
#include "shared/base.h"

static void
on_child_signal(evutil_socket_t number, short what, void *self)
{
	(void)number;
	(void)what;
	supervisor_reap(self);
}

static void
on_stop_signal(evutil_socket_t number, short what, void *self)
{
	(void)number;
	(void)what;
	acts_stop(self);
}

static void
on_drain_signal(evutil_socket_t number, short what, void *self)
{
	(void)number;
	(void)what;
	acts_drain(self);
}

static void
on_reload_signal(evutil_socket_t number, short what, void *self)
{
	(void)number;
	(void)what;
	acts_reload(self);
}

static void
on_fleet_signal(evutil_socket_t number, short what, void *self)
{
	(void)what;
	acts_fleet(self, number == SIGTTIN ? 1 : -1);
}

static bool
has_terminal(void)
{
	int fd = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* A terminal sends this signal too, when its window changes its size. */
static void
on_rest_signal(evutil_socket_t number, short what, void *self)
{
	(void)number;
	(void)what;
	if (!has_terminal())
		acts_rest(self);
}

static void
on_reopen_signal(evutil_socket_t number, short what, void *self)
{
	(void)number;
	(void)what;
	acts_reopen(self);
}

/* Signals whose work comes later must not end a server that people use. */
static void
on_upgrade_signal(evutil_socket_t number, short what, void *self)
{
	(void)number;
	(void)what;
	acts_upgrade(self);
}

static const struct {
	int number;
	event_callback_fn on_signal;
} signals[] = {
	{ SIGCHLD, on_child_signal },
	{ SIGTERM, on_stop_signal },
	{ SIGINT, on_stop_signal },
	{ SIGUSR1, on_reopen_signal },
	{ SIGHUP, on_reload_signal },
	{ SIGQUIT, on_drain_signal },
	{ SIGUSR2, on_upgrade_signal },
	{ SIGTTIN, on_fleet_signal },
	{ SIGTTOU, on_fleet_signal },
	{ SIGWINCH, on_rest_signal },
};

_Static_assert(ARRAY_LEN(signals) <= SIGNALS_MAX, "all have a place");

void
signals_watch(struct supervisor *supervisor)
{
	sigset_t none;

	for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
		struct event *event = evsignal_new(supervisor->base,
			signals[i].number, signals[i].on_signal, supervisor);

		must(event != NULL && event_add(event, NULL) == 0);
		supervisor->signals[i] = event;
	}
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

void
signals_forget(struct supervisor *supervisor)
{
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		event_free(supervisor->signals[i]);
}
