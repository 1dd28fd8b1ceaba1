/*
 * What goes out: at once where nothing waits before it, else through the
 * outbox, which is written when the socket takes more.
 */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "shared/base.h"
#include "shared/config.h"
#include "shared/scoreboard.h"
#include "shared/tls.h"
#include "worker/gateway/lane.h"
#include "worker/gateway/lane_inside.h"

void
lane_queue(struct lane *lane, const struct buffer *frames)
{
	outbox_add(&lane->outbox, frames->data, frames->length);
	lane_note(lane->lanes, lane);
}

void
lane_answer(struct lane *lane, struct text payload)
{
	uint8_t head[FRAME_HEAD_MAX];

	if (lane->state != LANE_OPEN)
		return;
	outbox_add(&lane->outbox, head, frame_write_head(head, payload.length));
	outbox_add(&lane->outbox, payload.at, payload.length);
	lane_note(lane->lanes, lane);
}

/* What TLS took may wait for the socket all the same. */
static size_t
send_by_tls(struct lane *lane, const uint8_t *data, size_t length)
{
	size_t total = 0;
	ssize_t took = 0;

	while (total < length && took >= 0) {
		took = tls_send(lane->tls, data + total, length - total);
		if (took >= 0)
			total += (size_t)took;
		else if (errno != EAGAIN)
			lane->is_broken = true;
	}
	row_count(lane->lanes->row, COUNTER_BYTES_OUT, (int64_t)total);
	if (tls_waiting(lane->tls)) {
		lane->is_full = lane->is_behind = true;
		lane_note(lane->lanes, lane);
	}
	return total;
}

/* Returns how many bytes the socket took. */
static size_t
send_now(struct lane *lane, const uint8_t *data, size_t length)
{
	ssize_t took;

	if (lane->tls)
		return send_by_tls(lane, data, length);
	do
		took = send(
			lane->fd, data, length, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (took < 0 && errno == EINTR);
	if (took < 0 && errno != EAGAIN && errno != ENOBUFS)
		lane->is_broken = true;
	if (took <= 0)
		return 0;
	row_count(lane->lanes->row, COUNTER_BYTES_OUT, took);
	return (size_t)took;
}

bool
lane_has_output(const struct lane *lane)
{
	return lane->outbox.queue || (lane->tls && tls_waiting(lane->tls));
}

void
lane_write_waiting(struct lane *lane)
{
	enum outbox_result result;
	size_t written;

	if (!lane_has_output(lane) || lane->is_full)
		return;
	if (lane->tls)
		result = outbox_write_tls(&lane->outbox, lane->tls, &written);
	else
		result = outbox_write(&lane->outbox, lane->fd, &written);
	row_count(lane->lanes->row, COUNTER_BYTES_OUT, (int64_t)written);
	lane->is_full = lane->is_behind = result == OUTBOX_WAITS;
	/* Who takes what waited for him is alive, though we do not listen. */
	if (written > 0 && lane->interest & EPOLLOUT)
		lane->heard_ms = lane->lanes->now_ms;
	lane->is_broken |= result == OUTBOX_BROKEN;
}

/* Behind what waits. Much that comes in one turn alone is not slow. */
static void
queue_push(struct lane *lane, const struct push *push, size_t from)
{
	size_t limit = (size_t)lane->lanes->config->outbox_bytes;
	size_t length = push->bundle->length - from;
	uint64_t dropped;

	if (!lane->is_behind && outbox_waiting(&lane->outbox) + length > limit)
		lane_write_waiting(lane);
	if (lane->is_broken)
		return;
	lane->is_slow = !outbox_push(
		&lane->outbox, push, from, lane->is_behind, limit, &dropped);
	row_count(lane->lanes->row, COUNTER_DROPPED_SLOW, (int64_t)dropped);
	if (lane->is_behind || dropped > 0)
		lane->lanes->hooks->on_behind(lane, dropped);
}

static void
push_from(struct lane *lane, const struct push *push, size_t from)
{
	const struct bundle *bundle = push->bundle;

	if (lane->state != LANE_OPEN || lane->is_broken || lane->is_slow)
		return;
	if (!lane->outbox.queue) {
		from += send_now(
			lane, bundle->data + from, bundle->length - from);
		if (from == bundle->length)
			return;
		lane->is_full = lane->is_behind = true;
	}
	queue_push(lane, push, from);
	lane_note(lane->lanes, lane);
}

void
lane_push_later(struct lane *lane, struct bundle *bundle)
{
	const struct push push = { .bundle = bundle };

	if (lane->state != LANE_OPEN || lane->is_broken || lane->is_slow)
		return;
	queue_push(lane, &push, 0);
	lane_note(lane->lanes, lane);
}

void
lane_push_room(struct lane *lane, const struct push *push)
{
	push_from(lane, push, 0);
}

void
lane_push(struct lane *lane, struct bundle *bundle, size_t from)
{
	push_from(lane, &(struct push){ .bundle = bundle }, from);
}
