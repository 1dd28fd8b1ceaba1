/*
 * What comes in: bytes into frames, frames to the owner, until the lane gets
 * blocked.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "shared/base.h"
#include "shared/config.h"
#include "shared/scoreboard.h"
#include "shared/tls.h"
#include "worker/gateway/lane.h"
#include "worker/gateway/lane_inside.h"

static const char only_text[] = "text frames only";

/* What came in before the lane was blocked. */
struct stash {
	size_t length;
	uint8_t bytes[];
};

static void
send_pong(struct lane *lane, const struct frame *frame)
{
	struct buffer *pong = lane_scratch(lane);

	frame_add_pong(pong, frame->data, frame->length);
	lane_queue(lane, pong);
}

static void
on_text(struct lane *lane, const struct lane_style *style,
	const struct frame *frame)
{
	if (!style->beats)
		lane->commanded_ms = lane->lanes->now_ms;
	lane->lanes->hooks->on_text(lane,
		(struct text){ (const char *)frame->data, frame->length });
}

/* What a bad frame closes with is said in RFC 6455, section 7.4.1. */
static void
on_frame(struct lane *lane, const struct lane_style *style,
	enum frame_event event, const struct frame *frame)
{
	switch (event) {
	case FRAME_TEXT:
		on_text(lane, style, frame);
		break;
	case FRAME_BINARY:
		if (style->takes_binary)
			on_text(lane, style, frame);
		else
			lane_close_with(
				lane, CLOSE_UNSUPPORTED, only_text, only_text);
		break;
	case FRAME_PING:
		send_pong(lane, frame);
		break;
	case FRAME_CLOSE:
		lane->is_left = true;
		lane_close_with(lane, frame->close_code, "", "by the client");
		break;
	case FRAME_BAD:
		lane_close_with(lane, frame->close_code, "", "a bad frame");
		break;
	case FRAME_PONG:
	case FRAME_NEED_MORE:
		break;
	}
}

static void
stash(struct lane *lane, const uint8_t *at, size_t length)
{
	must(lane->stash == NULL);
	lane->stash = base_alloc(sizeof(*lane->stash) + length);
	lane->stash->length = length;
	memcpy(lane->stash->bytes, at, length);
	lane_note(lane->lanes, lane);
}

/* Takes what came in; keeps the rest for later when the lane gets blocked. */
static void
take(struct lane *lane, uint8_t *at, size_t length)
{
	const struct lane_style style = lane->lanes->hooks->style(lane);
	const struct frame_rules rules = { style.message_bytes_max,
		style.takes_any_text };
	uint8_t *end = at + length;
	enum frame_event event;
	struct frame frame;

	do {
		if (lane_is_blocked(lane)) {
			if (at < end)
				stash(lane, at, (size_t)(end - at));
			lane_note(lane->lanes, lane);
			return;
		}
		event = frame_read(&lane->reader, &at, end, &rules, &frame);
		on_frame(lane, &style, event, &frame);
	} while (event != FRAME_NEED_MORE && lane->state == LANE_OPEN);
}

void
lane_take_stash(struct lane *lane)
{
	struct stash *kept = lane->stash;

	lane->stash = NULL;
	take(lane, kept->bytes, kept->length);
	free(kept);
}

void
lane_feed(struct lane *lane, struct text early)
{
	uint8_t *copy;

	if (early.length == 0)
		return;
	copy = base_alloc(early.length);
	memcpy(copy, early.at, early.length);
	row_count(lane->lanes->row, COUNTER_BYTES_IN, (int64_t)early.length);
	take(lane, copy, early.length);
	free(copy);
}

/* What TLS answers of itself has to be written too. */
static ssize_t
receive_by_tls(struct lane *lane)
{
	ssize_t got =
		tls_recv(lane->tls, lane->lanes->input, LANES_INPUT_BYTES);

	if (tls_waiting(lane->tls)) {
		lane->is_full = true;
		lane_note(lane->lanes, lane);
	}
	return got;
}

static ssize_t
receive(struct lane *lane)
{
	if (lane->tls)
		return receive_by_tls(lane);
	return recv(
		lane->fd, lane->lanes->input, LANE_READ_BYTES, MSG_DONTWAIT);
}

void
lane_read_some(struct lane *lane)
{
	struct lanes *lanes = lane->lanes;
	ssize_t got;

	/* What was kept back in this turn comes first. */
	if (lane->stash)
		return;
	got = receive(lane);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		lane_die(lane);
		return;
	}
	if (lane->state != LANE_OPEN)
		return;
	row_count(lanes->row, COUNTER_BYTES_IN, got);
	lane->heard_ms = lanes->now_ms;
	lane->is_pinged = false;
	take(lane, lanes->input, (size_t)got);
}
