#include "master/supervisor.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>

#include "master/activation.h"
#include "master/acts.h"
#include "master/announce.h"
#include "master/child.h"
#include "master/ending.h"
#include "master/handover.h"
#include "master/listeners.h"
#include "master/notify.h"
#include "master/premises.h"
#include "master/reload.h"
#include "master/renewal.h"
#include "master/signals.h"
#include "master/status.h"
#include "master/supervisor_inside.h"
#include "master/upgrade.h"
#include "master/watch.h"
#include "master/wishes.h"
#include "master/words.h"
#include "master/words_context.h"
#include "shared/arena.h"
#include "shared/base.h"
#include "shared/bell.h"
#include "shared/clock.h"
#include "shared/config.h"
#include "shared/heritage.h"
#include "shared/index.h"
#include "shared/log.h"
#include "shared/notes.h"
#include "shared/tickets.h"

/* Between two looks at the children: while some are not up yet, and else. */
#define BUSY_TICK_MS 20
#define TICK_MS 250

/* A master that comes this late to its own tick was not running, so neither
 * need its children have been. */
#define LATE_MS 1500

/* Children of a master that died end within ten seconds; longer is not waited.
 */
#define TAKE_OVER_MS 20000

/* At least one more gateway than the configuration says is possible. */
static unsigned
slots_of(enum role role, unsigned wanted)
{
	return role == ROLE_GATEWAY ? 2 * wanted + 1 : wanted;
}

void
supervisor_shape(const struct config *config, struct arena_shape *shape,
	bool is_on[SLOTS_MAX])
{
	const unsigned counts[] = {
#define ROLE(symbol, name, entry, count) [ROLE_##symbol] = (unsigned)(count),
#include "shared/roles.def"
#undef ROLE
	};

	*shape = (struct arena_shape){
		.ring_bytes = (uint32_t)config->ring_bytes,
		.index_connections = (uint32_t)config->max_connections,
		.index_rooms = (uint32_t)config->max_connections,
	};
	for (unsigned role = 0; role < ROLE_COUNT; role++) {
		unsigned slots = slots_of((enum role)role, counts[role]);

		for (unsigned i = 0; i < slots; i++) {
			must(shape->slots < SLOTS_MAX);
			is_on[shape->slots] = i < counts[role];
			shape->roles[shape->slots++] = (uint8_t)role;
		}
	}
}

/* Is there to be one at a time here, also while a server before us still ends:
 * does it write below data_dir, or hold the ports of the relay? */
static bool
is_writer(const struct supervisor *supervisor, unsigned slot)
{
	uint32_t role = supervisor->children[slot].row->role;

	return role == ROLE_LEDGER || role == ROLE_HISTORIAN ||
	       role == ROLE_RELAY;
}

/* In a fresh child. The loop's epoll is shared with the master until reinit, so
 * nothing may be taken out of it before. */
static void
shed(void *self)
{
	struct supervisor *supervisor = self;

	if (event_reinit(supervisor->base) < 0)
		fatal("cannot leave the master's loop: %s", strerror(errno));
	status_shed(supervisor->status);
	notify_shed();
	activation_shed();
	event_base_free(supervisor->base);
	premises_shed(supervisor->needs.premises,
		is_writer(supervisor, supervisor->heritage.slot));
	for (unsigned i = 0; i < supervisor->count; i++)
		child_hang_up(&supervisor->children[i]);
}

static void
set_tick(struct supervisor *supervisor, unsigned ms)
{
	const struct timeval delay = { .tv_usec = (suseconds_t)ms * 1000 };

	event_add(supervisor->tick, &delay);
}

void
supervisor_start(struct supervisor *supervisor, struct child *child)
{
	child_start(child, &supervisor->heritage, shed, supervisor);
	set_tick(supervisor, BUSY_TICK_MS);
}

void
supervisor_ring_all_bells(const struct supervisor *supervisor)
{
	for (unsigned i = 0; i < supervisor->count; i++)
		bell_ring(arena_bell(supervisor->needs.arena, i));
}

struct reload
supervisor_reload(struct supervisor *supervisor)
{
	return (struct reload){
		.config = supervisor->needs.config,
		.listening = supervisor->needs.listening,
		.shape = arena_shape(supervisor->needs.arena),
		.children = supervisor->children,
		.count = supervisor->count,
		.generation = &supervisor->heritage.generation,
	};
}

void
supervisor_take_sockets(struct supervisor *supervisor)
{
	supervisor->heritage.sockets = supervisor->needs.listening->sockets;
	supervisor->heritage.socket_count = supervisor->needs.listening->count;
}

void
supervisor_go_on_ending(struct supervisor *supervisor)
{
	ending_advance(&supervisor->ending);
	if (ending_is_over(&supervisor->ending))
		event_base_loopbreak(supervisor->base);
}

/* A process that says no before the server was ever up will say no again. */
static bool
is_hopeless(const struct supervisor *supervisor, const struct child *child,
	int status)
{
	return !supervisor->is_complete && !supervisor->ending.is_on &&
	       child->state == CHILD_STARTING && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 1;
}

static void
give_up(struct supervisor *supervisor, const char *who)
{
	log_error("cannot start: %s gave up, its reason stands above", who);
	supervisor->exit_code = 1;
	acts_stop(supervisor);
}

static bool
is_wanted(const struct supervisor *supervisor, const struct child *child)
{
	return child_is_wanted(child) &&
	       ending_wants(&supervisor->ending, child);
}

static bool
is_to_start(const struct supervisor *supervisor, const struct child *child)
{
	if (child->state == CHILD_RESTING)
		return child->due_ms <= clock_ms();
	return child->state == CHILD_ABSENT && child->is_replaced &&
	       is_wanted(supervisor, child);
}

static void
on_child_end(struct supervisor *supervisor, struct child *child, int status)
{
	bool hopeless = is_hopeless(supervisor, child, status);

	index_close(arena_partition(supervisor->needs.arena, child->slot));
	child_on_end(child, status, !hopeless && is_wanted(supervisor, child));
	supervisor_ring_all_bells(supervisor);
	if (hopeless)
		give_up(supervisor, child->name);
	else if (is_to_start(supervisor, child))
		supervisor_start(supervisor, child);
	supervisor_go_on_ending(supervisor);
}

void
supervisor_reap(struct supervisor *supervisor)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (upgrade_on_end(supervisor, pid, status)) {
			if (supervisor->upgrade.is_anew)
				acts_drain(supervisor);
			continue;
		}
		for (unsigned i = 0; i < supervisor->count; i++)
			if (supervisor->children[i].pid == pid) {
				on_child_end(supervisor,
					&supervisor->children[i], status);
				break;
			}
	}
}

static void
start_all(struct supervisor *supervisor, bool writers)
{
	for (unsigned i = supervisor->count; i-- > 0;)
		if (is_writer(supervisor, i) == writers &&
			child_is_wanted(&supervisor->children[i]))
			supervisor_start(supervisor, &supervisor->children[i]);
}

/* Edges serve at once; who writes waits for those who still write. */
static void
try_to_take_over(struct supervisor *supervisor)
{
	if (supervisor->has_taken_over || supervisor->ending.is_on)
		return;
	if (premises_take_over(supervisor->needs.premises)) {
		supervisor->has_taken_over = true;
		start_all(supervisor, true);
	} else if (supervisor->ticked_ms >
		   supervisor->started_ms + TAKE_OVER_MS) {
		log_error("processes of an earlier server still write in %s",
			supervisor->needs.config->data_dir);
		give_up(supervisor, "the master");
	}
}

static void
on_tick(evutil_socket_t fd, short what, void *self)
{
	struct supervisor *supervisor = self;
	uint64_t now_ms = clock_ms();
	bool is_busy = !supervisor->has_taken_over;

	(void)fd;
	(void)what;
	if (now_ms > supervisor->ticked_ms + TICK_MS + LATE_MS)
		supervisor->hearts_from_ms = now_ms;
	supervisor->ticked_ms = now_ms;
	is_busy |= watch_look(supervisor);
	try_to_take_over(supervisor);
	renewal_go_on(supervisor);
	is_busy |= supervisor->upgrade.is_renewing;
	ending_look(&supervisor->ending, now_ms);
	announce_tick(supervisor);
	tickets_rotate(arena_tickets(supervisor->needs.arena), now_ms);
	log_tick();
	set_tick(supervisor, is_busy ? BUSY_TICK_MS : TICK_MS);
}

static void
watch_askers(struct supervisor *supervisor)
{
	const struct words_context context = {
		.config = supervisor->needs.config,
		.arena = supervisor->needs.arena,
		.started_ms = supervisor->started_ms,
		.stop = acts_stop,
		.drain = acts_drain,
		.drain_over = acts_drain_over,
		.reload = acts_reload,
		.reopen = acts_reopen,
		.set_gateways = acts_set_gateways,
		.upgrade = acts_upgrade,
		.wish = wishes_say,
		.hear_traced = wishes_hear_traced,
		.set_log = wishes_set_log,
		.self = supervisor,
	};

	supervisor->status = status_new(
		supervisor->base, supervisor->needs.status_fd, &context);
}

/* The program before us had all this. */
static void
go_on_from(struct supervisor *supervisor, const struct handover *handover)
{
	supervisor->started_ms = handover->started_ms;
	supervisor->heritage.started_ms = handover->started_ms;
	supervisor->has_taken_over = handover->has_taken_over;
	supervisor->is_complete = true;
	supervisor->heritage.generation = handover->generation;
	for (unsigned i = 0; i < supervisor->count; i++)
		child_adopt(&supervisor->children[i], &handover->children[i]);
}

static struct supervisor *
supervisor_new(const struct supervisor_needs *needs)
{
	unsigned count = arena_shape(needs->arena)->slots;
	struct supervisor *supervisor = base_alloc_zeroed(
		1, sizeof(*supervisor) + count * sizeof(struct child));

	supervisor->needs = *needs;
	supervisor->count = count;
	supervisor->ending = (struct ending){ .children = supervisor->children,
		.count = count };
	supervisor->configured_gateways = config_gateways(needs->config);
	supervisor->started_ms = clock_ms();
	supervisor->ticked_ms = supervisor->started_ms;
	tickets_rotate(arena_tickets(needs->arena), supervisor->started_ms);
	supervisor->heritage = (struct heritage){ .config = needs->config,
		.arena = needs->arena,
		.sockets = needs->listening->sockets,
		.socket_count = needs->listening->count,
		.generation = 1,
		.started_ms = supervisor->started_ms,
		.logs_to_stderr = needs->logs_to_stderr };
	supervisor->base = event_base_new();
	must(supervisor->base != NULL);
	supervisor->tick = evtimer_new(supervisor->base, on_tick, supervisor);
	must(supervisor->tick != NULL);
	for (unsigned i = 0; i < count; i++) {
		struct child *child = &supervisor->children[i];

		child_init(child, arena_row(needs->arena, i), i);
		child_want(child, needs->listening->is_on[i]);
	}
	if (needs->handover)
		go_on_from(supervisor, needs->handover);
	log_set_listener(notes_add, arena_notes(needs->arena, count));
	return supervisor;
}

static void
supervisor_free(struct supervisor *supervisor)
{
	log_set_listener(NULL, NULL);
	status_free(&supervisor->status);
	signals_forget(supervisor);
	event_free(supervisor->tick);
	event_base_free(supervisor->base);
	for (unsigned i = 0; i < supervisor->count; i++)
		child_hang_up(&supervisor->children[i]);
	free(supervisor);
}

static void
begin(struct supervisor *supervisor)
{
	try_to_take_over(supervisor);
	if (!supervisor->has_taken_over)
		log_info("an earlier server is still ending, taking over "
			 "from it");
	start_all(supervisor, false);
}

/* The file may say something else by now. */
static void
resume(struct supervisor *supervisor)
{
	log_info("upgrade: this is version " CONFAB_VERSION);
	supervisor_reap(supervisor);
	renewal_begin(supervisor);
	acts_reload(supervisor);
	set_tick(supervisor, BUSY_TICK_MS);
}

int
supervisor_run(const struct supervisor_needs *needs)
{
	struct supervisor *supervisor = supervisor_new(needs);
	int exit_code;

	signals_watch(supervisor);
	watch_askers(supervisor);
	if (needs->handover)
		resume(supervisor);
	else
		begin(supervisor);
	event_base_dispatch(supervisor->base);
	exit_code = supervisor->upgrade.is_anew ? SUPERVISOR_ANEW
						: supervisor->exit_code;
	supervisor_free(supervisor);
	log_info("stopped");
	log_finish();
	return exit_code;
}
