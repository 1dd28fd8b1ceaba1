#include "master/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "master/handover.h"
#include "shared/base.h"
#include "shared/clock.h"
#include "shared/heritage.h"
#include "shared/line.h"
#include "shared/log.h"

#define MAY(state) (1u << (state))

static const unsigned may_follow[] = {
	[CHILD_ABSENT] = MAY(CHILD_STARTING),
	[CHILD_STARTING] =
		MAY(CHILD_SERVING) | MAY(CHILD_DRAINING) | MAY(CHILD_RESTING),
	[CHILD_SERVING] = MAY(CHILD_DRAINING) | MAY(CHILD_RESTING),
	[CHILD_DRAINING] = MAY(CHILD_ABSENT),
	[CHILD_RESTING] = MAY(CHILD_STARTING) | MAY(CHILD_ABSENT),
};

static void
child_become(struct child *child, enum child_state next)
{
	must(may_follow[child->state] & MAY(next));
	log_debug("%s: %s after %s", child->name, child_state_name(next),
		child_state_name(child->state));
	child->state = next;
	child->since_ms = clock_ms();
	atomic_store(&child->row->since_ms, child->since_ms);
	atomic_store(&child->row->state, next);
}

void
child_init(struct child *child, struct row *row, unsigned slot)
{
	*child = (struct child){ .row = row, .slot = slot, .line = -1 };
	snprintf(child->name, sizeof(child->name), "%s %u",
		role_name(row->role), row->number);
}

void
child_adopt(struct child *child, const struct handover_child *from)
{
	child->pid = from->pid;
	child->life = from->life;
	child->state = (enum child_state)from->state;
	child->was_healthy = from->was_healthy;
	child->line = from->pid != 0 ? from->line : -1;
	child->since_ms = from->since_ms;
	child->started_ms = from->started_ms;
	if (child->line >= 0)
		fcntl(child->line, F_SETFD, FD_CLOEXEC);
}

void
child_want(struct child *child, bool is_wanted)
{
	atomic_store(&child->row->is_wanted, is_wanted);
}

bool
child_is_wanted(const struct child *child)
{
	return atomic_load(&child->row->is_wanted) != 0;
}

_Noreturn static void
begin_life(
	const struct heritage *heritage, void (*shed)(void *self), void *self)
{
	log_set_listener(NULL, NULL); /* the notes are the master's */
	shed(self);
	exit(worker_main(heritage));
}

static void
rest(struct child *child, bool was_healthy)
{
	uint64_t now_ms = clock_ms();
	uint64_t rest_ms = backoff_rest_ms(
		&child->backoff, was_healthy, now_ms - child->started_ms);

	child_become(child, CHILD_RESTING);
	child->due_ms = now_ms + rest_ms;
	log_debug("%s: rests for %llu ms", child->name,
		(unsigned long long)rest_ms);
}

void
child_hang_up(struct child *child)
{
	if (child->line >= 0)
		close(child->line);
	child->line = -1;
}

void
child_start(struct child *child, struct heritage *heritage,
	void (*shed)(void *self), void *self)
{
	sigset_t all, before;
	int ends[2];
	pid_t pid;

	child->life++;
	child->was_healthy = false;
	child->is_replaced = false;
	child->started_ms = clock_ms();
	heritage->slot = child->slot;
	heritage->life = child->life;
	atomic_store(&child->row->life, child->life);
	child_become(child, CHILD_STARTING);
	if (line_pair(ends) < 0) {
		log_error("%s: cannot make its line: %s", child->name,
			strerror(errno));
		rest(child, false);
		return;
	}
	child->line = ends[0];
	heritage->line = ends[1];

	/* A signal that reached the child before it has its own handlers would
	 * count as the master's. */
	fflush(NULL);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0)
		begin_life(heritage, shed, self);
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(ends[1]);
	if (pid < 0) {
		child_hang_up(child);
		log_error("%s: cannot start a process: %s", child->name,
			strerror(errno));
		rest(child, false);
		return;
	}
	child->pid = pid;
	atomic_store(&child->row->pid, (uint32_t)pid);
}

bool
child_notice_ready(struct child *child)
{
	if (child->state != CHILD_STARTING ||
		atomic_load(&child->row->ready_life) != child->life)
		return false;
	child->was_healthy = true;
	child_become(child, CHILD_SERVING);
	if (child->life > 1)
		log_info("%s: serves, pid %d, life %u", child->name,
			(int)child->pid, child->life);
	return true;
}

void
child_ask_to_end(struct child *child, int signal)
{
	if (child->state != CHILD_STARTING && child->state != CHILD_SERVING)
		return;
	kill(child->pid, signal);
	child_become(child, CHILD_DRAINING);
}

void
child_replace(struct child *child)
{
	child_ask_to_end(child, SIGTERM);
	child->is_replaced = child->state == CHILD_DRAINING;
}

void
child_press(struct child *child, int signal)
{
	if (child->state == CHILD_DRAINING && child->pid != 0)
		kill(child->pid, signal);
}

void
child_kill(struct child *child)
{
	if (child->pid != 0)
		kill(child->pid, SIGKILL);
}

/* Did it end as it was asked to? One that is still starting has no handler for
 * the signal that asks. */
static bool
has_obeyed(const struct child *child, int status)
{
	if (child->state != CHILD_DRAINING)
		return false;
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGTERM;
	return WEXITSTATUS(status) == 0;
}

static void
log_end(const struct child *child, int status)
{
	if (WIFSIGNALED(status))
		log_error("%s: pid %d was ended by signal %d (%s)%s",
			child->name, (int)child->pid, WTERMSIG(status),
			strsignal(WTERMSIG(status)),
			WCOREDUMP(status) ? ", core dumped" : "");
	else
		log_error("%s: pid %d ended by itself with code %d",
			child->name, (int)child->pid, WEXITSTATUS(status));
}

void
child_on_end(struct child *child, int status, bool is_wanted)
{
	bool was_asked = child->state == CHILD_DRAINING;

	child_hang_up(child);
	child_notice_ready(child);
	if (!has_obeyed(child, status))
		log_end(child, status);
	child->pid = 0;
	if (was_asked)
		child_become(child, CHILD_ABSENT);
	else
		rest(child, child->was_healthy);
	atomic_store(&child->row->pid, 0);
	if (!was_asked)
		atomic_fetch_add(&child->row->restarts, 1);
	if (!is_wanted)
		child_cancel(child);
}

void
child_cancel(struct child *child)
{
	if (child->state == CHILD_RESTING)
		child_become(child, CHILD_ABSENT);
}
