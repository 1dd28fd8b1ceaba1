#include "worker/api/gate.h"

#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include "shared/base.h"
#include "shared/clock.h"
#include "shared/manners.h"
#include "worker/api/curtain.h"
#include "worker/api/gate_inside.h"

/*
 * The gate sees what comes by a callback of the input buffer, which is called
 * before evhttp is, and empties the buffer; so evhttp finds nothing until the
 * gate puts a head back. Between two requests the gate holds whatever came too
 * early. It holds a reference of the bufferevent: evhttp says nothing when it
 * frees one that has never had a request, but it takes its callbacks away.
 */

static const char empty_request[] = "GET / HTTP/1.1\r\n"
				    "Host: refused\r\n"
				    "Connection: close\r\n\r\n";
static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";

/* Ten times what it costs to look at one: they may take that part of our time.
 */
#define LOOK_NS 1000

static struct evbuffer *
input_of(const struct gate *gate)
{
	return bufferevent_get_input(gate->bufferevent);
}

static void
weigh(struct gate *gate)
{
	const struct intake *intake = &gate->intake;
	size_t held = gate->early.length + intake->head.length +
		      intake->line.length + intake->body.length;

	gate->gates->held_bytes += held;
	gate->gates->held_bytes -= gate->held;
	gate->held = held;
}

static void
give_to_evhttp(struct gate *gate)
{
	struct text head = { empty_request, sizeof(empty_request) - 1 };

	if (gate->intake.phase == INTAKE_WHOLE)
		head = buffer_text(&gate->intake.head);
	gate->is_busy = true;
	must(evbuffer_prepend(input_of(gate), head.at, head.length) == 0);
	gate->is_busy = false;
	gate->state = GATE_WAITS;
	buffer_fini(&gate->intake.head);
	weigh(gate);
}

/* evhttp takes every end of writing for that of its last reply, so it must not
 * hear of this one; it sets its callbacks again with the reply. */
static void
say_go_on(struct gate *gate)
{
	bufferevent_data_cb on_read, on_written;
	bufferevent_event_cb on_event;
	void *self;

	gate->has_continued = true;
	bufferevent_getcb(
		gate->bufferevent, &on_read, &on_written, &on_event, &self);
	bufferevent_setcb(gate->bufferevent, on_read, NULL, on_event, self);
	bufferevent_enable(gate->bufferevent, EV_WRITE);
	bufferevent_write(gate->bufferevent, go_on, sizeof(go_on) - 1);
}

static void
take(struct gate *gate)
{
	struct gates *gates = gate->gates;
	size_t used;

	used = intake_take(
		&gate->intake, &gates->limits, buffer_text(&gate->early));
	buffer_drop_front(&gate->early, used);
	if (gate->early.length == 0)
		buffer_fini(&gate->early);
	weigh(gate);
	if (gates->held_bytes > gates->held_max &&
		gate->intake.phase < INTAKE_WHOLE)
		intake_refuse(&gate->intake, 503,
			"too much is being sent to this host now");
}

void
gate_count(const struct gate *gate, enum counter counter)
{
	if (gate->gates->row)
		row_count(gate->gates->row, counter, 1);
}

void
gate_drop(struct gate *gate)
{
	gate->state = GATE_DROPS;
	buffer_fini(&gate->early);
	weigh(gate);
	bufferevent_trigger_event(gate->bufferevent,
		BEV_EVENT_READING | BEV_EVENT_ERROR, BEV_TRIG_DEFER_CALLBACKS);
}

static void
read_on(struct gate *gate)
{
	if (gate->state != GATE_READS ||
		(gate->approach.wants_proxy &&
			!gate_take_line(gate, &gate->early)))
		return;
	take(gate);
	if (gate->intake.phase >= INTAKE_WHOLE)
		give_to_evhttp(gate);
	else if (gate->intake.asks_to_continue && !gate->has_continued)
		say_go_on(gate);
}

static void
take_all(struct gate *gate, struct evbuffer *input)
{
	size_t length = evbuffer_get_length(input);

	evbuffer_remove(input, buffer_reserve(&gate->early, length), length);
	gate->early.length += length;
}

/* TLS may bring more before it calls evhttp, whose head is then still there, in
 * front. */
static void
take_what_follows(struct gate *gate, struct evbuffer *input, size_t evhttps)
{
	struct evbuffer *front = evbuffer_new();

	must(front != NULL);
	must(evbuffer_remove_buffer(input, front, evhttps) == (int)evhttps);
	take_all(gate, input);
	must(evbuffer_prepend_buffer(input, front) == 0);
	evbuffer_free(front);
}

static void
on_input(
	struct evbuffer *input, const struct evbuffer_cb_info *what, void *self)
{
	struct gate *gate = self;

	if (gate->is_busy || what->n_added == 0)
		return;
	gate->is_busy = true;
	if (gate->state >= GATE_LINGERS)
		evbuffer_drain(input, evbuffer_get_length(input));
	else if (what->orig_size > 0)
		take_what_follows(gate, input, what->orig_size);
	else
		take_all(gate, input);
	gate->is_busy = false;
	if (gate->approach.is_shaking)
		gate_note_shake(gate);
	read_on(gate);
}

bool
gate_is_let_go(const struct gate *gate)
{
	bufferevent_data_cb on_read, on_written;
	bufferevent_event_cb on_event;
	void *self;

	bufferevent_getcb(
		gate->bufferevent, &on_read, &on_written, &on_event, &self);
	return on_event == NULL;
}

void
gate_open(struct gates *gates, struct bufferevent *bufferevent)
{
	struct gate *gate = base_alloc_zeroed(1, sizeof(*gate));

	gate->gates = gates;
	gate->bufferevent = bufferevent;
	gate->approach.porch = gates->porch;
	gate->approach.wants_proxy = gates->manners && gates->manners->proxy;
	gate->approach.is_shaking = curtain_is_shaking(bufferevent);
	bufferevent_incref(bufferevent);
	must(evbuffer_add_cb(input_of(gate), on_input, gate) != NULL);
	DL_APPEND(gates->all, gate);
	HASH_ADD_PTR(gates->by_bufferevent, bufferevent, gate);
	gate_expect_arrival(gate);
}

void
gate_welcome(struct gate *gate)
{
	approach_leave(&gate->approach);
}

struct gate *
gate_find(struct gates *gates, struct bufferevent *bufferevent)
{
	struct gate *gate;

	HASH_FIND_PTR(gates->by_bufferevent, &bufferevent, gate);
	return gate;
}

bool
gate_client(const struct gate *gate, uint8_t address[16], uint16_t *port)
{
	const struct approach *approach = &gate->approach;

	if (!approach->has_client)
		return false;
	memcpy(address, approach->address, sizeof(approach->address));
	*port = approach->port;
	return true;
}

struct text
gate_body(const struct gate *gate)
{
	return buffer_text(&gate->intake.body);
}

const struct intake *
gate_refused(const struct gate *gate)
{
	return gate->intake.phase == INTAKE_REFUSED ? &gate->intake : NULL;
}

static void
forget_request(struct gate *gate)
{
	intake_clear(&gate->intake);
	weigh(gate);
	gate->has_continued = false;
	gate->since_ms = 0;
}

void
gate_go_on(struct gate *gate)
{
	if (gate->state != GATE_WAITS)
		return;
	forget_request(gate);
	gate->state = GATE_READS;
	read_on(gate);
}

/* evhttp hears that its reply is written, and closes the connection. */
static void
end_lingering(struct gate *gate)
{
	bufferevent_setcb(gate->bufferevent, NULL, gate->on_written,
		gate->on_event, gate->evhttp);
	bufferevent_trigger(gate->bufferevent, EV_WRITE,
		BEV_TRIG_IGNORE_WATERMARKS | BEV_TRIG_DEFER_CALLBACKS);
}

static void
on_linger_event(struct bufferevent *bufferevent, short what, void *self)
{
	(void)bufferevent;
	(void)what;
	end_lingering(self);
}

static void
on_linger_written(struct bufferevent *bufferevent, void *self)
{
	(void)self;
	curtain_shut(bufferevent);
	bufferevent_enable(bufferevent, EV_READ);
}

void
gate_linger(struct gate *gate)
{
	bufferevent_data_cb on_read;

	gate->state = GATE_LINGERS;
	gate->since_ms = 0;
	buffer_fini(&gate->early);
	weigh(gate);
	bufferevent_getcb(gate->bufferevent, &on_read, &gate->on_written,
		&gate->on_event, &gate->evhttp);
	bufferevent_setcb(gate->bufferevent, NULL, on_linger_written,
		on_linger_event, gate);
}

static void
gate_free(struct gate *gate)
{
	if (gate->approach.is_shaking)
		gate_count(gate, COUNTER_TLS_FAILED);
	if (gate->arrival)
		event_free(gate->arrival);
	approach_leave(&gate->approach);
	curtain_read_no_more(gate->bufferevent);
	buffer_fini(&gate->early);
	buffer_fini(&gate->raw);
	forget_request(gate);
	DL_DELETE(gate->gates->all, gate);
	HASH_DELETE(hh, gate->gates->by_bufferevent, gate);
	evbuffer_remove_cb(input_of(gate), on_input, gate);
	bufferevent_decref(gate->bufferevent);
	free(gate);
}

void
gate_refuse(struct gate *gate, int status, const char *why)
{
	intake_refuse(&gate->intake, status, why);
	give_to_evhttp(gate);
}

/* What waits for bytes is told like the arrival of some. */
void
gate_wake_evhttp(struct gate *gate)
{
	bufferevent_trigger(gate->bufferevent, EV_READ,
		BEV_TRIG_IGNORE_WATERMARKS | BEV_TRIG_DEFER_CALLBACKS);
}

static void
refuse_slow(struct gate *gate)
{
	gate_refuse(gate, 408, "the request took too long to come");
	gate_wake_evhttp(gate);
}

static uint64_t
patience(const struct gate *gate)
{
	if (gate->state == GATE_LINGERS)
		return gate->gates->linger_ms;
	return gate->intake.phase == INTAKE_HEAD ? gate->gates->head_ms
						 : gate->gates->whole_ms;
}

/* Is there anything that it may not take for ever over? */
static bool
is_timed(const struct gate *gate)
{
	if (gate->state == GATE_READS)
		return gate->approach.is_shaking ||
		       gate->approach.wants_proxy ||
		       intake_has_begun(&gate->intake);
	return gate->state == GATE_LINGERS;
}

static void
look_at_the_clock(struct gate *gate, uint64_t now_ms)
{
	if (gate->approach.is_shaking && !curtain_is_shaking(gate->bufferevent))
		gate_note_shake(gate);
	if (!is_timed(gate))
		return;
	if (gate->since_ms == 0)
		gate->since_ms = now_ms;
	if (now_ms - gate->since_ms < patience(gate))
		return;
	if (gate->state == GATE_LINGERS)
		end_lingering(gate);
	else if (gate->approach.is_shaking || gate->approach.wants_proxy)
		gate_drop(gate);
	else
		refuse_slow(gate);
}

void
gates_forget_gone(struct gates *gates)
{
	uint64_t now_ns = clock_ns();
	struct gate *gate, *next;

	if (now_ns < gates->look_again_ns)
		return;
	gates->look_again_ns = now_ns;
	DL_FOREACH_SAFE(gates->all, gate, next)
	{
		gates->look_again_ns += LOOK_NS;
		if (gate_is_let_go(gate))
			gate_free(gate);
	}
}

void
gates_sweep(struct gates *gates, uint64_t now_ms)
{
	struct gate *gate, *next;

	DL_FOREACH_SAFE(gates->all, gate, next)
	{
		if (gate_is_let_go(gate))
			gate_free(gate);
		else
			look_at_the_clock(gate, now_ms);
	}
}

void
gates_fini(struct gates *gates)
{
	while (gates->all)
		gate_free(gates->all);
}
