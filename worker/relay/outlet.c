/*
 * What is new here goes to all hosts: at most one flush a millisecond, and as
 * much of each journal in it as fits into a frame. Frames of a journal follow
 * each other without gap: `from` of one is `to` of the one before, also when
 * what lies between is of no interest elsewhere. The head that a beat tells is
 * what was sent, so who has heard everything never asks.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "shared/arena.h"
#include "shared/base.h"
#include "shared/clock.h"
#include "shared/pack.h"
#include "worker/relay/bus.h"
#include "worker/relay/feed.h"
#include "worker/relay/relay.h"
#include "worker/relay/window.h"
#include "worker/worker.h"

#define PACE_MS 1
#define KEEP_BYTES (256U * 1024)

/* Points that moved over nothing are told so often. */
#define MOVE_MS 1000

/* What this host has of all journals is told so often. */
#define EXTENTS_MS 500

/* Frames that the end of a process may still send. */
#define LAST_FRAMES 100

static void
on_alarm(evutil_socket_t fd, short what, void *self)
{
	struct relay *relay = self;
	uint64_t times;

	(void)what;
	if (read(fd, &times, sizeof(times)) != sizeof(times))
		return; /* it was set anew meanwhile */
	relay->out.is_set = false;
	relay->out.is_paced = false;
}

static void
set_alarm(struct outlet *out, unsigned ms)
{
	const struct itimerspec when = { .it_value.tv_nsec = ms * 1000000L };

	must(timerfd_settime(out->alarm, 0, &when, NULL) == 0);
	out->is_set = true;
}

void
outlet_init(struct relay *relay)
{
	const char *data_dir = worker_config(relay->worker)->data_dir;

	relay->out.alarm =
		timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	must(relay->out.alarm >= 0);
	relay->out.on_alarm = event_new(worker_base(relay->worker),
		relay->out.alarm, EV_READ | EV_PERSIST, on_alarm, relay);
	must(relay->out.on_alarm && event_add(relay->out.on_alarm, NULL) == 0);
	for (unsigned i = 0; i < relay->ledgers; i++) {
		char *path;

		must(asprintf(&path, "%s/journal-%u", data_dir, i) >= 0);
		relay->out.feeds[i] = feed_new(path);
		free(path);
	}
}

void
outlet_fini(struct relay *relay)
{
	struct outlet *out = &relay->out;

	for (unsigned i = 0; i < relay->ledgers; i++)
		feed_free(&out->feeds[i]);
	if (out->on_alarm) {
		event_free(out->on_alarm);
		close(out->alarm);
	}
	buffer_fini(&out->frame);
	buffer_fini(&out->said);
}

/* To all; begun by wire_begin(). */
static void
send_frame(struct relay *relay, enum wire_kind kind)
{
	struct buffer *frame = &relay->out.frame;

	wire_seal(relay->wire, kind, 0, 0, frame);
	if (bus_send(relay->bus, buffer_text(frame)) > 0) {
		row_count(relay->row, COUNTER_BUS_FRAMES_OUT, 1);
		row_count(relay->row, COUNTER_BUS_BYTES_OUT,
			(int64_t)frame->length);
		for (unsigned i = 0; i < relay->peer_count; i++) {
			struct peer *peer = relay->peers[i];

			if (peer->link.state == LINK_UP ||
				peer->link.state == LINK_SUSPECT) {
				peer->link.frames_out++;
				peer->link.bytes_out += frame->length;
			}
		}
	}
	buffer_clear(frame, KEEP_BYTES);
}

static void
send_journal(struct relay *relay, unsigned ledger, struct text items)
{
	struct outlet *out = &relay->out;
	const struct wire_journal journal = {
		.ledger = ledger,
		.from_position = out->sent_to[ledger].position,
		.from_index = out->sent_to[ledger].index,
		.to_position = out->read_to[ledger].position,
		.to_index = out->read_to[ledger].index,
		.items = items,
	};

	wire_begin(&out->frame);
	wire_journal_pack(&out->frame, &journal);
	send_frame(relay, WIRE_JOURNAL);
	out->sent_to[ledger] = out->read_to[ledger];
}

/* What was there before this life is asked for by those who miss it; and so is
 * what comes while nobody listens. */
static void
skip(struct relay *relay, unsigned ledger, uint64_t end)
{
	struct outlet *out = &relay->out;

	out->is_known[ledger] = true;
	out->read_to[ledger] = (struct point){ end, 0 };
	out->sent_to[ledger] = out->read_to[ledger];
}

/* False: there was nothing. */
static bool
flush_journal(struct relay *relay, unsigned ledger)
{
	struct outlet *out = &relay->out;
	struct piece piece;
	enum piece_state state;
	uint64_t end;

	if (!relay_journal_end(relay, ledger, &end))
		return false;
	if (!out->is_known[ledger] || relay->pipe_count == 0) {
		skip(relay, ledger, end);
		return false;
	}
	if (out->read_to[ledger].position >= end)
		return false;
	state = feed_read(out->feeds[ledger], out->read_to[ledger], end,
		FRAME_ITEMS_BYTES, &piece);
	if (state == PIECE_GONE || state == PIECE_BAD) {
		skip(relay, ledger, end);
		return false;
	}
	out->read_to[ledger] = piece.to;
	if (piece.items.length > 0)
		send_journal(relay, ledger, piece.items);
	return true;
}

static bool
flush_live(struct relay *relay)
{
	struct outlet *out = &relay->out;
	struct wire_live live = { .items = buffer_text(&out->said) };

	if (out->said.length == 0)
		return false;
	live.number = window_add(relay->window, live.items);
	wire_begin(&out->frame);
	wire_live_pack(&out->frame, &live);
	send_frame(relay, WIRE_LIVE);
	buffer_clear(&out->said, KEEP_BYTES);
	return true;
}

void
outlet_say(void *self, struct text item)
{
	struct relay *relay = self;

	pack_text(&relay->out.said, item);
	if (relay->out.said.length >= FRAME_ITEMS_BYTES)
		flush_live(relay);
}

static void
beat(struct relay *relay, uint64_t now_ms)
{
	struct outlet *out = &relay->out;
	struct wire_beat beat = {
		.unix_ms = clock_unix_ms(),
		.live_head = window_head(relay->window),
	};
	struct buffer *sources = &relay->scratch, one = { 0 };

	out->beaten_ms = now_ms;
	buffer_clear(sources, KEEP_BYTES);
	for (unsigned i = 0; i < relay->ledgers; i++) {
		const struct wire_source source = { i, out->sent_to[i].position,
			out->sent_to[i].index };

		if (!out->is_known[i])
			continue;
		buffer_clear(&one, KEEP_BYTES);
		wire_source_pack(&one, &source);
		pack_text(sources, buffer_text(&one));
	}
	buffer_fini(&one);
	beat.sources = buffer_text(sources);
	if (now_ms >= out->extents_ms + EXTENTS_MS) {
		out->extents_ms = now_ms;
		beat.extents = telling_extents(relay);
		beat.clock = telling_clock(relay);
	}
	wire_begin(&out->frame);
	wire_beat_pack(&out->frame, &beat);
	send_frame(relay, WIRE_BEAT);
}

static void
tell_moved_points(struct relay *relay, uint64_t now_ms)
{
	struct outlet *out = &relay->out;

	if (now_ms < out->moved_ms + MOVE_MS)
		return;
	out->moved_ms = now_ms;
	for (unsigned i = 0; i < relay->ledgers; i++)
		if (!point_is_same(out->read_to[i], out->sent_to[i]))
			send_journal(relay, i, (struct text){ 0 });
}

/* It fires anyway when it is set. */
void
outlet_wake(struct relay *relay, unsigned ms)
{
	if (!relay->out.is_set)
		set_alarm(&relay->out, ms);
}

static bool
flush(struct relay *relay)
{
	bool has_flushed = flush_live(relay);

	for (unsigned i = 0; i < relay->ledgers; i++)
		has_flushed |= flush_journal(relay, i);
	return has_flushed;
}

void
outlet_turn(struct relay *relay, uint64_t now_ms)
{
	struct outlet *out = &relay->out;

	if (!out->is_paced && flush(relay)) {
		out->is_paced = true;
		set_alarm(out, PACE_MS);
	}
	tell_moved_points(relay, now_ms);
	if (now_ms >= out->beaten_ms + BEAT_MS)
		beat(relay, now_ms);
}

bool
outlet_has_news(const struct relay *relay)
{
	const struct outlet *out = &relay->out;
	uint64_t end;

	if (out->is_paced)
		return false;
	if (out->said.length > 0)
		return true;
	for (unsigned i = 0; i < relay->ledgers; i++)
		if (relay_journal_end(relay, i, &end) &&
			(!out->is_known[i] || out->read_to[i].position < end))
			return true;
	return false;
}

void
outlet_finish(struct relay *relay, bool is_bye)
{
	const struct wire_bye bye = { .unix_ms = clock_unix_ms() };
	unsigned left = LAST_FRAMES;

	while (flush(relay) && left > 0)
		left--;
	beat(relay, worker_now_ms(relay->worker));
	if (!is_bye)
		return;
	wire_begin(&relay->out.frame);
	wire_bye_pack(&relay->out.frame, &bye);
	send_frame(relay, WIRE_BYE);
}
