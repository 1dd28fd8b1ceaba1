#include "worker/gateway/lanes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <event2/event.h>

#include "shared/base.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "shared/table.h"
#include "worker/gateway/lane_inside.h"

/* Lanes that are served before letters and answers have their turn. */
#define EVENTS_PER_TURN 64

#define WHEEL_SLOTS 1024
#define WHEEL_TICK_MS 100

static void
on_ready(evutil_socket_t fd, short what, void *self)
{
	struct lanes *lanes = self;
	struct epoll_event events[EVENTS_PER_TURN];
	int count = epoll_wait(fd, events, EVENTS_PER_TURN, 0);

	(void)what;
	lanes->now_ms = clock_ms();
	for (int i = 0; i < count && !lanes->is_resting; i++)
		lane_on_event(events[i].data.ptr, events[i].events);
}

struct lanes *
lanes_new(struct event_base *base, const struct config *config, struct row *row,
	const struct lane_hooks *hooks)
{
	struct lanes *lanes = base_alloc_zeroed(1, sizeof(*lanes));

	lanes->config = config;
	lanes->hooks = hooks;
	lanes->row = row;
	lanes->now_ms = clock_ms();
	lanes->dirty_end = &lanes->dirty;
	lanes->input = base_alloc(LANES_INPUT_BYTES);
	lanes->wheel = wheel_new(WHEEL_SLOTS, WHEEL_TICK_MS, lanes->now_ms);
	lanes->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (lanes->epoll < 0) {
		log_error("epoll: %s", strerror(errno));
		goto fail;
	}
	lanes->event = event_new(
		base, lanes->epoll, EV_READ | EV_PERSIST, on_ready, lanes);
	if (!lanes->event || event_add(lanes->event, NULL) < 0) {
		log_error("libevent takes no event for the lanes");
		goto fail;
	}
	return lanes;

fail:
	lanes_free(&lanes);
	return NULL;
}

void
lanes_free(struct lanes **freed)
{
	struct lanes *lanes = *freed;

	*freed = NULL;
	if (!lanes)
		return;
	while (lanes->all)
		lane_drop(lanes->all);
	lanes_settle(lanes);
	if (lanes->event)
		event_free(lanes->event);
	if (lanes->epoll >= 0)
		close(lanes->epoll);
	wheel_free(&lanes->wheel);
	buffer_fini(&lanes->scratch);
	free(lanes->input);
	free(lanes);
}

static struct lane *
next_noted(struct lanes *lanes)
{
	struct lane *lane = lanes->dirty;

	if (!lane)
		return NULL;
	lanes->dirty = lane->next_dirty;
	if (!lanes->dirty)
		lanes->dirty_end = &lanes->dirty;
	lane->is_dirty = false;
	return lane;
}

void
lanes_settle(struct lanes *lanes)
{
	struct lane *lane;

	while ((lane = next_noted(lanes))) {
		lane_settle(lane);
		if (lane->state == LANE_DEAD && !lane->is_dirty)
			lanes->hooks->on_dead(lane);
	}
}

void
lanes_rest(struct lanes *lanes, bool is_on)
{
	if (lanes->is_resting == is_on)
		return;
	lanes->is_resting = is_on;
	if (is_on)
		event_del(lanes->event);
	else
		must(event_add(lanes->event, NULL) == 0);
}

void
lanes_renew(struct lanes *lanes)
{
	struct lane *lane;

	DL_FOREACH(lanes->all, lane)
	{
		lane_renew(lane);
	}
}

static void
on_timer(struct wheel_timer *timer, void *self)
{
	struct lane *lane =
		(struct lane *)(void *)((char *)timer -
					offsetof(struct lane, timer));

	(void)self;
	lane_on_timer(lane);
}

void
lanes_tick(struct lanes *lanes, uint64_t now_ms)
{
	lanes->now_ms = now_ms;
	wheel_turn(lanes->wheel, now_ms, on_timer, lanes);
}

void
lanes_close_all(struct lanes *lanes)
{
	struct lane *lane, *next;

	for (lane = lanes->all; lane; lane = next) {
		next = lane->next;
		lane_close_why(lane, CLOSE_WHY_STOP, "going away");
	}
}
