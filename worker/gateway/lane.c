#include "worker/gateway/lane.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shared/base.h"
#include "shared/config.h"
#include "shared/hash.h"
#include "shared/log.h"
#include "shared/scoreboard.h"
#include "shared/table.h"
#include "shared/tls.h"
#include "worker/gateway/lane_inside.h"

/* How long a client may take to answer our close. */
#define CLOSE_MS 5000

/*
 * What the kernel may hold for one client. By default that is 2.7 MB of a
 * stalled reader. A small SO_SNDBUF alone is no cure: below 128K it holds less
 * than two segments of the loopback, where a proxy may stand, and each waits
 * for the delayed acknowledgement of the one before: 400 pages of history (13
 * MB) took 7 s with 64K, with 128K and more 25 ms. So SO_SNDBUF bounds who
 * takes and does not acknowledge (230 kB), and TCP_NOTSENT_LOWAT what waits
 * unsent for who does not take (54 kB); the rest waits in the outbox, shared.
 */
#define SEND_BUFFER_BYTES 131072
#define UNSENT_BYTES 32768

#define SCRATCH_KEEP_BYTES 65536

/* Who was closed by a drain comes back after this to this long. */
#define RETURN_MS_MIN 100
#define RETURN_MS_SPREAD 900

void
lane_note(struct lanes *lanes, struct lane *lane)
{
	if (lane->is_dirty)
		return;
	lane->is_dirty = true;
	lane->next_dirty = NULL;
	*lanes->dirty_end = lane;
	lanes->dirty_end = &lane->next_dirty;
}

void
lane_die(struct lane *lane)
{
	struct lanes *lanes = lane->lanes;
	bool was_open = lane->state == LANE_OPEN;

	if (lane->state == LANE_DEAD)
		return;
	lane->state = LANE_DEAD;
	if (was_open)
		lanes->hooks->on_end(lane, 0, "the connection is lost");
	wheel_cancel(&lane->timer);
	tls_free(&lane->tls);
	close(lane->fd);
	lane->fd = -1;
	outbox_fini(&lane->outbox);
	frame_reader_fini(&lane->reader);
	free(lane->stash);
	lane->stash = NULL;
	DL_DELETE2(lanes->all, lane, previous, next);
	lanes->count--;
	row_count(lanes->row, COUNTER_CONNECTIONS, -1);
	row_count(lanes->row, COUNTER_CLOSED, 1);
	lane_note(lanes, lane);
}

void
lane_drop(struct lane *lane)
{
	lane_die(lane);
}

static void
watch(struct lane *lane, uint8_t interest)
{
	struct epoll_event event = { .events = interest, .data.ptr = lane };

	if (lane->interest == interest)
		return;
	lane->interest = interest;
	must(epoll_ctl(lane->lanes->epoll, EPOLL_CTL_MOD, lane->fd, &event) ==
		0);
}

/* When the lane is to be looked at next: never too late for any limit. */
static void
set_timer(struct lane *lane)
{
	const struct lane_style style = lane->lanes->hooks->style(lane);
	uint64_t at_ms = UINT64_MAX;

	if (style.ping_ms)
		at_ms = lane->heard_ms +
			style.ping_ms * (lane->is_pinged ? 2 : 1);
	if (style.idle_ms)
		at_ms = MIN_OF(at_ms, lane->commanded_ms + style.idle_ms);
	if (at_ms != UINT64_MAX)
		wheel_set(lane->lanes->wheel, &lane->timer, at_ms);
}

/* Who was never to be pinged may have no timer; one too many does no harm. */
void
lane_renew(struct lane *lane)
{
	if (lane->state == LANE_OPEN && !lane->is_leaving)
		set_timer(lane);
}

static void
limit_kernel(int fd)
{
	int bytes = SEND_BUFFER_BYTES, unsent = UNSENT_BYTES;

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)) < 0)
		log_debug("SO_SNDBUF: %s", strerror(errno));
	if (setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent,
		    sizeof(unsent)) < 0)
		log_debug("TCP_NOTSENT_LOWAT: %s", strerror(errno));
}

void
lane_start(struct lane *lane, struct lanes *lanes, int fd, struct tls *tls)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = lane };

	lane->fd = fd;
	lane->tls = tls;
	lane->lanes = lanes;
	lane->interest = EPOLLIN;
	lane->heard_ms = lane->commanded_ms = lanes->now_ms;
	DL_APPEND2(lanes->all, lane, previous, next);
	lanes->count++;
	row_count(lanes->row, COUNTER_CONNECTIONS, 1);
	limit_kernel(fd);
	set_timer(lane);
	if (tls)
		lane_note(lanes, lane); /* of the door's answer may wait some */
	if (epoll_ctl(lanes->epoll, EPOLL_CTL_ADD, fd, &event) == 0)
		return;
	log_error("epoll_ctl: %s", strerror(errno));
	lane->is_broken = true;
	lane_note(lanes, lane);
}

struct buffer *
lane_scratch(struct lane *lane)
{
	struct buffer *buffer = &lane->lanes->scratch;

	buffer_clear(buffer, SCRATCH_KEEP_BYTES);
	return buffer;
}

void
lane_close_with(
	struct lane *lane, uint16_t code, const char *reason, const char *why)
{
	struct buffer *frame;

	if (lane->state != LANE_OPEN)
		return;
	lane->state = LANE_CLOSING;
	lane->lanes->hooks->on_end(lane, code, why);
	free(lane->stash);
	lane->stash = NULL;
	if (code != 0) {
		frame = lane_scratch(lane);
		frame_add_close(frame, code, reason);
		lane_queue(lane, frame);
	} else {
		lane_note(lane->lanes, lane);
	}
	wheel_set(lane->lanes->wheel, &lane->timer,
		lane->lanes->now_ms + CLOSE_MS);
}

void
lane_close_why(struct lane *lane, enum close_why why, const char *reason)
{
	lane_close_with(lane, lane->lanes->hooks->close_code(lane, why), reason,
		reason);
}

void
lane_leave(struct lane *lane, uint64_t after_ms)
{
	lane->is_leaving = true;
	if (lane->state == LANE_OPEN)
		wheel_set(lane->lanes->wheel, &lane->timer,
			lane->lanes->now_ms + after_ms);
}

/* The reason tells the client after how many ms to come back. */
static void
leave_now(struct lane *lane)
{
	char reason[16];
	uint16_t random;

	hash_random(&random, sizeof(random));
	snprintf(reason, sizeof(reason), "%u",
		RETURN_MS_MIN + random % RETURN_MS_SPREAD);
	lane_close_with(lane,
		lane->lanes->hooks->close_code(lane, CLOSE_WHY_DRAIN), reason,
		"a drain");
}

size_t
lane_waiting(const struct lane *lane)
{
	size_t waiting = outbox_waiting(&lane->outbox);

	return lane->tls ? waiting + tls_waiting(lane->tls) : waiting;
}

bool
lane_is_blocked(const struct lane *lane)
{
	return lane->is_held ||
	       lane_waiting(lane) >
		       (size_t)lane->lanes->config->outbox_bytes / 2;
}

void
lane_on_event(struct lane *lane, uint32_t events)
{
	if (lane->state == LANE_DEAD)
		return;
	if (events & EPOLLOUT) {
		lane->is_full = false;
		lane_note(lane->lanes, lane);
	}
	/* A reset is told even where nobody asked; recv() then says so. */
	if (events & (EPOLLERR | EPOLLHUP) && !(lane->interest & EPOLLIN))
		lane_die(lane);
	else if (events & (EPOLLIN | EPOLLERR | EPOLLHUP))
		lane_read_some(lane);
}

static void
ping(struct lane *lane, const struct lane_style *style)
{
	struct buffer *frame = lane_scratch(lane);

	if (style->needs_no_pong)
		lane->heard_ms = lane->lanes->now_ms;
	else
		lane->is_pinged = true;
	frame_add_ping(frame, "", style->pings_zero ? 1 : 0);
	lane_queue(lane, frame);
}

void
lane_ping(struct lane *lane)
{
	const struct lane_style style = lane->lanes->hooks->style(lane);

	ping(lane, &style);
}

/* True: it was silent or idle for too long, and ends. */
static bool
ends_in_silence(struct lane *lane, const struct lane_style *style)
{
	struct lanes *lanes = lane->lanes;
	uint64_t silent_ms = lanes->now_ms - lane->heard_ms;

	if (style->ping_ms && silent_ms >= 2 * style->ping_ms &&
		!style->needs_no_pong) {
		row_count(lanes->row, COUNTER_CLOSED_SILENT, 1);
		lane_close_why(lane, CLOSE_WHY_SILENT, "nothing came");
		return true;
	}
	if (!style->idle_ms ||
		lanes->now_ms - lane->commanded_ms < style->idle_ms)
		return false;
	if (style->beats)
		lane_die(lane);
	else
		lane_close_why(lane, CLOSE_WHY_IDLE, "idle");
	return true;
}

void
lane_on_timer(struct lane *lane)
{
	const struct lane_style style = lane->lanes->hooks->style(lane);
	struct lanes *lanes = lane->lanes;

	if (lane->state != LANE_OPEN) {
		lane_die(lane);
		return;
	}
	if (lane->is_leaving) {
		leave_now(lane);
		return;
	}
	/* Silent because we do not listen. */
	if (lane->is_held && outbox_waiting(&lane->outbox) == 0)
		lane->heard_ms = lanes->now_ms;
	if (ends_in_silence(lane, &style))
		return;
	if (style.ping_ms && !lane->is_pinged &&
		lanes->now_ms - lane->heard_ms >= style.ping_ms)
		ping(lane, &style);
	set_timer(lane);
}

/* Writes what waits; false when the lane died of it. */
static bool
write_some(struct lane *lane)
{
	lane_write_waiting(lane);
	if (lane->is_broken)
		lane_die(lane);
	return !lane->is_broken;
}

static void
watch_what_matters(struct lane *lane)
{
	uint8_t interest = EPOLLIN;

	if (lane->state == LANE_OPEN && (lane->stash || lane_is_blocked(lane)))
		interest = 0;
	if (lane_has_output(lane))
		interest |= EPOLLOUT;
	watch(lane, interest);
}

/* Ends our direction, once all has gone that was said on it. */
static void
shut(struct lane *lane)
{
	if (lane->tls)
		tls_shut(lane->tls);
	if (lane_has_output(lane))
		return;
	lane->is_shut = true;
	shutdown(lane->fd, SHUT_WR);
}

/* Ends in a state where nothing is left to do until epoll or a timer speaks. */
void
lane_settle(struct lane *lane)
{
	if (lane->is_broken)
		lane_die(lane);
	if (lane->state == LANE_DEAD)
		return;
	if (lane->is_slow && lane->state == LANE_OPEN) {
		row_count(lane->lanes->row, COUNTER_CLOSED_SLOW, 1);
		lane_close_why(lane, CLOSE_WHY_SLOW, "too slow");
	}
	if (!write_some(lane))
		return;
	if (lane->state == LANE_CLOSING && !lane_has_output(lane) &&
		!lane->is_shut)
		shut(lane);
	if (lane->stash && !lane_is_blocked(lane))
		lane_take_stash(lane);
	watch_what_matters(lane);
}

void
lane_beat(struct lane *lane)
{
	lane->commanded_ms = lane->lanes->now_ms;
}

void
lane_hold(struct lane *lane)
{
	lane->is_held = true;
	lane_note(lane->lanes, lane);
}

void
lane_go_on(struct lane *lane)
{
	lane->is_held = false;
	lane_note(lane->lanes, lane);
}
