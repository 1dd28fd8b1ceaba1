#include "master/fleet.h"

#include <signal.h>
#include <stddef.h>

#include "master/listeners.h"
#include "master/reload.h"
#include "master/supervisor_inside.h"
#include "shared/arena.h"
#include "shared/log.h"

static bool
is_gateway(const struct child *child)
{
	return child->row->role == ROLE_GATEWAY;
}

unsigned
fleet_count(const struct supervisor *supervisor)
{
	unsigned count = 0;

	for (unsigned i = 0; i < supervisor->count; i++)
		if (is_gateway(&supervisor->children[i]) &&
			child_is_wanted(&supervisor->children[i]))
			count++;
	return count;
}

/* A slot whose last process has gone. */
static struct child *
find_free(struct supervisor *supervisor)
{
	for (unsigned i = 0; i < supervisor->count; i++) {
		struct child *child = &supervisor->children[i];

		if (is_gateway(child) && !child_is_wanted(child) &&
			child->state == CHILD_ABSENT)
			return child;
	}
	return NULL;
}

static struct child *
find_last(struct supervisor *supervisor)
{
	struct child *last = NULL;

	for (unsigned i = 0; i < supervisor->count; i++) {
		struct child *child = &supervisor->children[i];

		if (is_gateway(child) && child_is_wanted(child))
			last = child;
	}
	return last;
}

static void
set_on(struct supervisor *supervisor, struct child *child, bool is_on)
{
	child_want(child, is_on);
	supervisor->needs.listening->is_on[child->slot] = is_on;
}

static int
share_sockets(struct supervisor *supervisor)
{
	const struct supervisor_needs *needs = &supervisor->needs;
	struct reload reload = supervisor_reload(supervisor);

	listeners_spread(
		needs->config, arena_shape(needs->arena), needs->listening);
	supervisor_take_sockets(supervisor);
	return reload_tell(&reload);
}

static int
one_more(struct supervisor *supervisor)
{
	struct child *child = find_free(supervisor);

	if (!child) {
		log_warning("there is no place for one more gateway: a restart "
			    "makes more, and those that drain leave theirs");
		return -1;
	}
	set_on(supervisor, child, true);
	if (share_sockets(supervisor) < 0) {
		set_on(supervisor, child, false);
		share_sockets(supervisor);
		return -1;
	}
	log_info("%s: one more", child->name);
	supervisor_start(supervisor, child);
	return 0;
}

static void
let_go(struct child *child)
{
	child->is_leaving = false;
	child_cancel(child);
	child_ask_to_end(
		child, child->state == CHILD_SERVING ? SIGQUIT : SIGTERM);
}

static void
one_fewer(struct supervisor *supervisor)
{
	struct child *child = find_last(supervisor);

	set_on(supervisor, child, false);
	share_sockets(supervisor);
	log_info("%s: drains, for one fewer", child->name);
	let_go(child);
}

int
fleet_set(struct supervisor *supervisor, unsigned count)
{
	int result = 0;

	if (count == 0) {
		log_warning("the last gateway stays");
		return -1;
	}
	while (result == 0 && fleet_count(supervisor) < count)
		result = one_more(supervisor);
	while (fleet_count(supervisor) > count)
		one_fewer(supervisor);
	return result;
}

static unsigned
count_old(const struct supervisor *supervisor)
{
	unsigned count = 0;

	for (unsigned i = 0; i < supervisor->count; i++) {
		const struct child *child = &supervisor->children[i];

		if (is_gateway(child) && child_is_wanted(child) &&
			child->is_old)
			count++;
	}
	return count;
}

void
fleet_start_new(struct supervisor *supervisor)
{
	for (unsigned left = count_old(supervisor); left > 0; left--)
		if (one_more(supervisor) < 0)
			break;
}

static bool
is_new(const struct child *child)
{
	return is_gateway(child) && child_is_wanted(child) && !child->is_old;
}

bool
fleet_new_serve(const struct supervisor *supervisor)
{
	unsigned count = 0;

	for (unsigned i = 0; i < supervisor->count; i++) {
		const struct child *child = &supervisor->children[i];

		if (!is_new(child))
			continue;
		if (child->state != CHILD_SERVING)
			return false;
		count++;
	}
	return count > 0 || count_old(supervisor) == 0;
}

static bool
is_old(const struct child *child)
{
	return child->is_old;
}

static bool
is_not_old(const struct child *child)
{
	return !child->is_old;
}

static void
retire(struct supervisor *supervisor, bool (*is_meant)(const struct child *))
{
	for (unsigned i = 0; i < supervisor->count; i++) {
		struct child *child = &supervisor->children[i];

		if (is_gateway(child) && child_is_wanted(child) &&
			is_meant(child)) {
			set_on(supervisor, child, false);
			child->is_leaving = true;
		}
	}
	share_sockets(supervisor);
	for (unsigned i = 0; i < supervisor->count; i++)
		if (supervisor->children[i].is_leaving)
			let_go(&supervisor->children[i]);
}

void
fleet_change_over(struct supervisor *supervisor)
{
	retire(supervisor, is_old);
}

void
fleet_give_up_new(struct supervisor *supervisor)
{
	retire(supervisor, is_not_old);
}

void
fleet_rest(struct supervisor *supervisor)
{
	log_info("all gateways drain, none serves until one is asked for");
	retire(supervisor, is_gateway);
}
