#include "master/status.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>

#include "master/answer.h"
#include "master/words.h"
#include "master/words_context.h"
#include "master/words_trace.h"
#include "shared/base.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "shared/records.h"

#define ASKERS_MAX 64
#define LINE_BYTES_MAX 4096

/* An asker with this much to read is not shown more of a trace. */
#define UNREAD_BYTES_MAX (256 * 1024)

/* So many askers may trace at once. */
#define TRACES_MAX 8
#define TRACE_TICK_MS 100

#define READ_SECONDS 60
#define WRITE_SECONDS 10

struct asker {
	struct status *status;
	struct bufferevent *stream;
	bool may_change;
	bool is_leaving;         /* close once all is sent */
	bool has_ended;          /* nothing more is asked */
	struct answer traced;    /* goes on while its trace is not 0 */
	uint64_t traced_dropped; /* rows left out since the last one */
};

struct status {
	struct words_context context;
	struct event_base *base;
	struct evconnlistener *listener;
	struct event *tick;              /* while somebody traces */
	struct asker askers[ASKERS_MAX]; /* stream NULL: free */
};

static void
forget_trace(struct asker *asker)
{
	if (asker->traced.trace != 0)
		words_trace_end(&asker->status->context, asker->traced.trace);
	buffer_fini(&asker->traced.out);
	asker->traced = (struct answer){ 0 };
	asker->traced_dropped = 0;
}

static void
dismiss(struct asker *asker)
{
	forget_trace(asker);
	bufferevent_free(asker->stream);
	*asker = (struct asker){ .status = asker->status };
}

static size_t
unread(const struct asker *asker)
{
	return evbuffer_get_length(bufferevent_get_output(asker->stream));
}

static void
send_answer(struct asker *asker, struct answer *answer)
{
	bufferevent_write(asker->stream, answer->out.data, answer->out.length);
	buffer_fini(&answer->out);
}

static void
refuse(struct asker *asker, const char *why)
{
	struct answer answer = { 0 };

	answer_refuse(&answer, "%s", why);
	send_answer(asker, &answer);
	asker->is_leaving = true;
	bufferevent_disable(asker->stream, EV_READ);
}

static unsigned
count_traces(const struct status *status)
{
	unsigned count = 0;

	for (size_t i = 0; i < ASKERS_MAX; i++)
		count += status->askers[i].traced.trace != 0;
	return count;
}

/* What has been added to the table goes out. */
static void
send_traced(struct asker *asker)
{
	struct buffer *out = &asker->traced.out;

	bufferevent_write(asker->stream, out->data, out->length);
	buffer_clear(out, UNREAD_BYTES_MAX);
}

/* From here on the asker need not say anything. */
static void
begin_trace(struct asker *asker, struct answer *answer)
{
	const struct timeval write_time = { .tv_sec = WRITE_SECONDS };
	const struct timeval tick = { .tv_usec = TRACE_TICK_MS * 1000 };

	if (count_traces(asker->status) == TRACES_MAX) {
		words_trace_end(&asker->status->context, answer->trace);
		buffer_clear(&answer->out, UNREAD_BYTES_MAX);
		answer_refuse(
			answer, "there are %d traces already", TRACES_MAX);
		send_answer(asker, answer);
		return;
	}
	asker->traced = *answer;
	bufferevent_set_timeouts(asker->stream, NULL, &write_time);
	send_traced(asker);
	event_add(asker->status->tick, &tick);
}

static void
answer_line(struct asker *asker, char *line, size_t length)
{
	struct answer answer = { 0 };
	struct text request = { line, length };

	words_answer(
		&asker->status->context, request, asker->may_change, &answer);
	if (answer.trace != 0)
		begin_trace(asker, &answer);
	else
		send_answer(asker, &answer);
}

/* Answers the next line when the answer before it is sent. Between two answers
 * the loop turns, so the master has its own things to do meanwhile, whatever
 * is asked and however much. */
static void
take_line(struct asker *asker)
{
	struct evbuffer *input = bufferevent_get_input(asker->stream);
	size_t length;
	char *line;

	if (asker->is_leaving || asker->traced.trace != 0 || unread(asker) > 0)
		return;
	line = evbuffer_readln(input, &length, EVBUFFER_EOL_CRLF);
	if (line && length <= LINE_BYTES_MAX)
		answer_line(asker, line, length);
	else if (line || evbuffer_get_length(input) > LINE_BYTES_MAX)
		refuse(asker, "the line is too long");
	else if (asker->has_ended)
		dismiss(asker);
	free(line);
}

/* Where much is unread the row is left out and counted; the write timeout sends
 * away who does not read at all. */
static void
add_traced(struct asker *asker, unsigned slot, const struct traced *traced)
{
	struct traced row = *traced;

	if (unread(asker) + asker->traced.out.length > UNREAD_BYTES_MAX) {
		asker->traced_dropped += 1 + traced->dropped;
		return;
	}
	row.dropped += asker->traced_dropped;
	asker->traced_dropped = 0;
	words_trace_row(&asker->status->context, &asker->traced, &row, slot);
}

static void
on_traced(void *self, unsigned slot, const struct traced *traced)
{
	struct status *status = self;

	for (size_t i = 0; i < ASKERS_MAX; i++)
		if (traced->trace != 0 &&
			status->askers[i].traced.trace == traced->trace)
			add_traced(&status->askers[i], slot, traced);
}

static void
end_trace(struct asker *asker)
{
	const struct timeval read_time = { .tv_sec = READ_SECONDS };
	const struct timeval write_time = { .tv_sec = WRITE_SECONDS };

	answer_end_table(&asker->traced);
	send_traced(asker);
	forget_trace(asker);
	bufferevent_set_timeouts(asker->stream, &read_time, &write_time);
	take_line(asker);
}

static void
go_on_tracing(struct asker *asker)
{
	if (clock_ms() >= asker->traced.until_ms)
		end_trace(asker);
	else if (asker->traced.out.length > 0)
		send_traced(asker);
}

static void
on_tick(evutil_socket_t fd, short what, void *self)
{
	struct status *status = self;

	(void)fd;
	(void)what;
	status->context.hear_traced(status->context.self, on_traced, status);
	for (size_t i = 0; i < ASKERS_MAX; i++)
		if (status->askers[i].traced.trace != 0)
			go_on_tracing(&status->askers[i]);
	if (count_traces(status) == 0)
		event_del(status->tick);
}

static void
on_input(struct bufferevent *stream, void *self)
{
	(void)stream;
	take_line(self);
}

static void
on_sent(struct bufferevent *stream, void *self)
{
	struct asker *asker = self;

	(void)stream;
	if (asker->is_leaving)
		dismiss(asker);
	else
		take_line(asker);
}

/* Who asks nothing more still gets the answers to what was asked, but a trace
 * is for who is there. */
static void
on_event(struct bufferevent *stream, short what, void *self)
{
	struct asker *asker = self;

	(void)stream;
	if (!(what & BEV_EVENT_EOF) || asker->traced.trace != 0) {
		dismiss(asker);
		return;
	}
	asker->has_ended = true;
	take_line(asker);
}

static bool
may_change(int fd)
{
	struct ucred peer;
	socklen_t length = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0)
		return false;
	return peer.uid == 0 || peer.uid == geteuid();
}

/* Those who may only look cannot keep out those who may change: one of them
 * gives way. */
static struct asker *
place_for(struct status *status, bool may_change)
{
	struct asker *looker = NULL;

	for (size_t i = 0; i < ASKERS_MAX; i++) {
		struct asker *asker = &status->askers[i];

		if (!asker->stream)
			return asker;
		if (!asker->may_change)
			looker = asker;
	}
	if (!looker || !may_change)
		return NULL;
	dismiss(looker);
	return looker;
}

static void
on_asker(struct evconnlistener *listener, evutil_socket_t fd,
	struct sockaddr *peer, int peer_length, void *self)
{
	const struct timeval read_time = { .tv_sec = READ_SECONDS };
	const struct timeval write_time = { .tv_sec = WRITE_SECONDS };
	static const char full[] = "error: too many connections\n\n";
	struct status *status = self;
	bool is_operator = may_change(fd);
	struct asker *asker = place_for(status, is_operator);

	(void)listener;
	(void)peer;
	(void)peer_length;
	if (!asker) {
		send(fd, full, sizeof(full) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
		close(fd);
		return;
	}
	asker->stream =
		bufferevent_socket_new(status->base, fd, BEV_OPT_CLOSE_ON_FREE);
	must(asker->stream != NULL);
	asker->may_change = is_operator;
	bufferevent_setcb(asker->stream, on_input, on_sent, on_event, asker);
	bufferevent_setwatermark(asker->stream, EV_READ, 0, 2 * LINE_BYTES_MAX);
	bufferevent_set_timeouts(asker->stream, &read_time, &write_time);
	bufferevent_enable(asker->stream, EV_READ | EV_WRITE);
}

static void
on_accept_error(struct evconnlistener *listener, void *self)
{
	(void)listener;
	(void)self;
	log_warning("status socket: %s", strerror(errno));
}

struct status *
status_new(struct event_base *base, int fd, const struct words_context *context)
{
	struct status *status = base_alloc_zeroed(1, sizeof(*status));

	status->base = base;
	status->context = *context;
	for (size_t i = 0; i < ASKERS_MAX; i++)
		status->askers[i].status = status;
	status->listener = evconnlistener_new(base, on_asker, status,
		LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	must(status->listener != NULL);
	evconnlistener_set_error_cb(status->listener, on_accept_error);
	status->tick = event_new(base, -1, EV_PERSIST, on_tick, status);
	must(status->tick != NULL);
	return status;
}

void
status_free(struct status **status)
{
	for (size_t i = 0; i < ASKERS_MAX; i++) {
		struct asker *asker = &(*status)->askers[i];

		if (!asker->stream)
			continue;
		evbuffer_write(bufferevent_get_output(asker->stream),
			bufferevent_getfd(asker->stream));
		dismiss(asker);
	}
	evconnlistener_free((*status)->listener);
	event_free((*status)->tick);
	free(*status);
	*status = NULL;
}

void
status_shed(const struct status *status)
{
	if (!status)
		return;
	close(evconnlistener_get_fd(status->listener));
	for (size_t i = 0; i < ASKERS_MAX; i++)
		if (status->askers[i].stream)
			close(bufferevent_getfd(status->askers[i].stream));
}
