/*
 * What comes before the first request. A connection gets its descriptor from
 * evhttp right after gate_open(); before the loop looks at that for the first
 * time, its arrival is seen here, so that nothing is read without us.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <event2/bufferevent.h>
#include <event2/event.h>

#include "shared/base.h"
#include "shared/proxy_line.h"
#include "worker/api/curtain.h"
#include "worker/api/gate.h"
#include "worker/api/gate_inside.h"

/* Too many of his address are here. Who does not speak plainly would have to be
 * shaken hands with first, to be told. */
static void
turn_away(struct gate *gate)
{
	gate_count(gate, COUNTER_REFUSED_IP_CONNECTIONS);
	if (gate->approach.is_shaking) {
		gate->approach.is_shaking = false;
		gate_drop(gate);
	} else {
		gate_refuse(gate, 503,
			"too many connections of this address are open");
	}
}

/* Those who have just gone count no more. */
static bool
is_crowded(struct gate *gate)
{
	if (!approach_is_crowded(&gate->approach))
		return false;
	gates_forget_gone(gate->gates);
	return approach_is_crowded(&gate->approach);
}

bool
gate_take_line(struct gate *gate, struct buffer *bytes)
{
	enum approach_step step =
		approach_take_line(&gate->approach, gate->gates->manners,
			bufferevent_getfd(gate->bufferevent), bytes);

	if (step == APPROACH_BAD) {
		gate_count(gate, COUNTER_PROXY_FAILED);
		gate->approach.is_shaking = false;
		gate_drop(gate);
	}
	if (step != APPROACH_PASSED)
		return false;
	gate->since_ms = 0;
	if (!is_crowded(gate))
		return true;
	turn_away(gate);
	return false;
}

/* What comes before TLS; false with errno: it has not come whole. */
static bool
read_line(struct gate *gate)
{
	struct buffer *raw = &gate->raw;
	ssize_t got = recv(bufferevent_getfd(gate->bufferevent),
		buffer_reserve(raw, PROXY_LINE_BYTES), PROXY_LINE_BYTES, 0);

	if (got == 0)
		errno = ECONNRESET;
	if (got <= 0)
		return false;
	raw->length += (size_t)got;
	if (gate_take_line(gate, raw))
		return true;
	errno = gate->state == GATE_DROPS ? EPROTO : EAGAIN;
	return false;
}

/* As tls_source. */
static ssize_t
read_raw(void *self, void *at, size_t length)
{
	struct gate *gate = self;
	struct approach *approach = &gate->approach;
	struct buffer *raw = &gate->raw;
	size_t kept;

	errno = EPROTO;
	if (gate->state == GATE_DROPS)
		return -1;
	if (approach->wants_proxy && !read_line(gate))
		return -1;
	if (approach->is_shaking &&
		!approach_may_shake(
			approach, bufferevent_get_base(gate->bufferevent))) {
		errno = EAGAIN;
		return -1;
	}
	if (raw->length == 0)
		return recv(
			bufferevent_getfd(gate->bufferevent), at, length, 0);
	kept = MIN_OF(raw->length, length);
	memcpy(at, raw->data, kept);
	buffer_drop_front(raw, kept);
	if (raw->length == 0)
		buffer_fini(raw);
	return (ssize_t)kept;
}

/* The first bytes tell that TLS is through with its handshake. */
void
gate_note_shake(struct gate *gate)
{
	gate->approach.is_shaking = false;
	gate->since_ms = 0;
	gate_count(gate, COUNTER_TLS_HANDSHAKES);
	if (curtain_open(gate->bufferevent))
		gate_count(gate, COUNTER_TLS_RESUMED);
}

/* It has its descriptor, and nothing has been read from that yet. */
static void
on_arrival(evutil_socket_t none, short what, void *self)
{
	struct gate *gate = self;
	int fd = bufferevent_getfd(gate->bufferevent);

	(void)none;
	(void)what;
	event_free(gate->arrival);
	gate->arrival = NULL;
	if (fd < 0 || gate_is_let_go(gate))
		return;
	curtain_read_by(gate->bufferevent, read_raw, gate);
	if (gate->approach.wants_proxy)
		return;
	approach_join(&gate->approach, gate->gates->manners, fd);
	if (!is_crowded(gate))
		return;
	turn_away(gate);
	if (gate->state == GATE_WAITS)
		gate_wake_evhttp(gate);
}

/* evhttp hangs the descriptor in behind this, and what is active comes before
 * the loop looks at descriptors again. */
void
gate_expect_arrival(struct gate *gate)
{
	gate->arrival = event_new(bufferevent_get_base(gate->bufferevent), -1,
		0, on_arrival, gate);
	must(gate->arrival != NULL);
	event_active(gate->arrival, EV_TIMEOUT, 1);
}
