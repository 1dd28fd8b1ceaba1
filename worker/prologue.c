#include "worker/prologue.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "shared/arena.h"
#include "shared/base.h"
#include "shared/config.h"
#include "shared/heritage.h"
#include "shared/log.h"
#include "shared/notes.h"

/* SIGTERM keeps its default until the loop runs: a child that has not served
 * yet may die of it. Ctrl-C goes to all processes of the terminal, but what it
 * means is the master's to say. */
static const struct {
	int number;
	void (*action)(int);
} signals[] = {
	{ SIGTERM, SIG_DFL },
	{ SIGQUIT, SIG_IGN },
	{ SIGINT, SIG_IGN },
	{ SIGHUP, SIG_IGN },
	{ SIGUSR1, SIG_IGN },
	{ SIGUSR2, SIG_IGN },
	{ SIGPIPE, SIG_IGN },
	{ SIGCHLD, SIG_DFL },
};

static void
set_signals(void)
{
	sigset_t none;

	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		signal(signals[i].number, signals[i].action);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool
is_own(const struct heritage *heritage, const struct heritage_socket *socket)
{
	uint32_t role = arena_row(heritage->arena, heritage->slot)->role;
	const struct listener *listener =
		&heritage->config->listeners[socket->listener];

	if (socket->slot != HERITAGE_ANY_SLOT)
		return socket->slot == heritage->slot;
	return role ==
	       (listener->role == LISTENER_API ? ROLE_API : ROLE_GATEWAY);
}

static void
keep_own_sockets(struct heritage *heritage)
{
	struct heritage_socket *own =
		base_alloc_zeroed(heritage->socket_count + 1, sizeof(*own));
	size_t count = 0;

	for (size_t i = 0; i < heritage->socket_count; i++) {
		if (is_own(heritage, &heritage->sockets[i]))
			own[count++] = heritage->sockets[i];
		else
			close(heritage->sockets[i].fd);
	}
	heritage->sockets = own;
	heritage->socket_count = count;
}

/* Totals go on where the former life ended; what it held is gone with it. */
static void
clear_row(struct row *row)
{
	for (unsigned i = 0; i < COUNTER_COUNT; i++)
		if (counter_info(i)->is_gauge)
			row_set(row, i, 0);
	atomic_store(&row->stuck_slot, 0);
	atomic_store(&row->stuck_life, 0);
	atomic_store(&row->is_asleep, 0);
}

void
prologue(struct heritage *heritage, char name[PROLOGUE_NAME_BYTES])
{
	struct row *row = arena_row(heritage->arena, heritage->slot);

	snprintf(name, PROLOGUE_NAME_BYTES, "%s %u", role_name(row->role),
		row->number);
	setproctitle("%s", name);
	log_set_name(name);
	log_set_listener(
		notes_add, arena_notes(heritage->arena, heritage->slot));
	set_signals();
	keep_own_sockets(heritage);
	clear_row(row);
	atomic_store(&row->generation, heritage->generation);
}
