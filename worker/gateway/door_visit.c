#include "worker/gateway/door_visit.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "shared/clock.h"
#include "shared/log.h"
#include "shared/table.h"
#include "worker/edge/crowd.h"
#include "worker/gateway/door_answer.h"
#include "worker/gateway/door_head.h"
#include "worker/gateway/door_input.h"
#include "worker/gateway/door_lws.h"

#define LINGER_BYTES (1 << 20)

/* Takes the visit out of the hall; the descriptor and TLS are the caller's. */
static int
visit_detach(struct visit *visit)
{
	struct hall *hall = visit->hall;
	int fd = visit->fd;

	event_free(visit->event);
	if (visit->is_answered)
		DL_DELETE(hall->answered, visit);
	else
		DL_DELETE(hall->waiting, visit);
	hall->count--;
	crowd_leave(&hall->crowds, &visit->crowd);
	buffer_fini(&visit->head);
	free(visit);
	hall->on_left(hall);
	return fd;
}

void
visit_drop(struct visit *visit)
{
	struct tls *tls = visit->tls;
	int fd = visit_detach(visit);

	tls_free(&tls);
	close(fd);
}

static void on_ready(evutil_socket_t fd, short what, void *self);

/* Waits for more, and for the socket to take what TLS has to say. */
static void
visit_watch(struct visit *visit)
{
	short wanted = EV_READ | EV_PERSIST;

	if (visit->tls && tls_waiting(visit->tls))
		wanted |= EV_WRITE;
	if (event_get_events(visit->event) != wanted) {
		event_del(visit->event);
		event_assign(visit->event, visit->hall->base, visit->fd, wanted,
			on_ready, visit);
	}
	event_add(visit->event, NULL);
}

/* Discards what the client still sends; a close with unread bytes would be a
 * reset that overtakes the answer. */
static void
visit_drain(struct visit *visit)
{
	struct hall *hall = visit->hall;
	ssize_t got;

	do {
		got = recv(visit->fd, hall->input, sizeof(hall->input), 0);
		if (got > 0)
			visit->scanned += (size_t)got;
	} while (got > 0 && visit->scanned < LINGER_BYTES);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	visit_drop(visit);
}

void
visit_answer(struct visit *visit, int status, bool is_to_head)
{
	struct hall *hall = visit->hall;
	char answer[DOOR_ANSWER_MAX];
	size_t length = door_answer_write(answer, status, is_to_head);
	bool is_said = visit_say(visit, (struct text){ answer, length });

	if (hall->hooks.on_refuse)
		hall->hooks.on_refuse(hall->self, status);
	DL_DELETE(hall->waiting, visit);
	DL_APPEND(hall->answered, visit);
	visit->is_answered = true;
	visit->since_ms = clock_ms();
	visit->scanned = 0;
	buffer_fini(&visit->head);
	if (visit->tls)
		tls_shut(visit->tls);
	if (!is_said || shutdown(visit->fd, SHUT_WR) < 0) {
		visit_drop(visit);
		return;
	}
	visit_watch(visit);
	visit_drain(visit);
}

static void
visit_enter(struct visit *visit, const struct door_head *ask, size_t end)
{
	struct hall *hall = visit->hall;
	struct buffer head = visit->head;
	struct visitor visitor = {
		.peer = visit->peer,
		.listener = visit->listener,
		.path = ask->path,
		.query = ask->query,
		.early = { (char *)head.data + end, head.length - end },
	};

	visit->head = (struct buffer){ 0 };
	visitor.tls = visit->tls;
	visitor.fd = visit_detach(visit);
	hall->hooks.on_enter(hall->self, &visitor);
	buffer_fini(&head);
}

static void
visit_dismiss(const struct visit *visit)
{
	const struct hall *hall = visit->hall;

	if (hall->hooks.dismiss)
		hall->hooks.dismiss(hall->self, &visit->peer);
}

static enum door_greeting
visit_shake_hands(struct visit *visit, const struct door_head *ask)
{
	struct door_lws *lws = visit->hall->lws;
	struct buffer words = { 0 };
	enum door_greeting greeting;

	if (!visit->tls)
		return door_lws_greet(
			lws, visit->fd, ask->key, ask->offers_confab);
	greeting = door_lws_write_greeting(
		lws, ask->key, ask->offers_confab, &words);
	if (greeting == DOOR_GREETED && !visit_say(visit, buffer_text(&words)))
		greeting = DOOR_GREETING_FAILED;
	buffer_fini(&words);
	return greeting;
}

static void
visit_greet(struct visit *visit, const struct door_head *ask, size_t end)
{
	const struct hall *hall = visit->hall;

	int status = hall->hooks.admit
			     ? hall->hooks.admit(hall->self, &visit->peer)
			     : 0;

	if (status != 0) {
		visit_answer(visit, status, false);
		return;
	}
	switch (visit_shake_hands(visit, ask)) {
	case DOOR_GREETED:
		visit_enter(visit, ask, end);
		break;
	case DOOR_GREETING_FAILED:
		visit_dismiss(visit);
		visit_drop(visit);
		break;
	case DOOR_NO_DESCRIPTOR:
		visit_dismiss(visit);
		log_warning("door: no descriptor left for the handshake");
		visit_answer(visit, 503, false);
		break;
	}
}

/* What an unknown path asks for does not matter; who would not be let in anyway
 * is told first what is wrong with the handshake. */
static int
status_of(const struct visit *visit, const struct door_head *ask)
{
	struct hall *hall = visit->hall;
	enum door_verdict verdict = hall->hooks.may_enter(
		hall->self, visit->listener, ask->path, ask->origin);
	int status = door_head_judge(ask);

	if (verdict == DOOR_NO_SUCH_PATH)
		return 404;
	if (status != 101)
		return status;
	if (verdict == DOOR_BAD_ORIGIN)
		return 403;
	return verdict == DOOR_HOUSE_FULL || visit->is_surplus ? 503 : 101;
}

/* Plain HTTP, where that is known: whoever answers it reads the head anew. */
static bool
may_pass(const struct visit *visit, const struct door_head *ask, int status)
{
	const struct hall *hall = visit->hall;

	return hall->hooks.may_pass &&
	       hall->hooks.may_pass(hall->self, visit->listener) &&
	       !(status == 0 && door_head_wants_websocket(ask));
}

static void
visit_pass(struct visit *visit, const struct sockaddr_storage *speaker)
{
	struct hall *hall = visit->hall;
	int status = 503;
	struct visitor visitor = {
		.fd = visit->fd,
		.tls = visit->tls,
		.peer = visit->peer,
		.speaker = *speaker,
		.listener = visit->listener,
		.early = buffer_text(&visit->head),
	};

	event_del(visit->event);
	if (!visit->is_surplus)
		status = hall->hooks.on_pass(hall->self, &visitor);
	if (status == 0)
		visit_detach(visit);
	else
		visit_answer(visit, status, false);
}

static void
visit_hear(struct visit *visit, size_t end)
{
	struct text bytes = { (char *)visit->head.data, end };
	struct sockaddr_storage speaker = visit->peer;
	struct door_head ask;
	int status = door_head_read(&ask, bytes);

	if (status == 0)
		visit_take_forwarded(visit, &ask);
	if (may_pass(visit, &ask, status)) {
		visit_pass(visit, &speaker);
		return;
	}
	if (status == 0)
		status = status_of(visit, &ask);
	if (status == 101)
		visit_greet(visit, &ask, end);
	else
		visit_answer(visit, status,
			text_equal(ask.method, TEXT_LITERAL("HEAD")));
}

/* True while the head is not whole; otherwise the visit may be over. */
static bool
visit_read(struct visit *visit)
{
	size_t limit = visit->hall->limits.head_bytes;
	ssize_t got = visit_input(visit);
	enum door_head_end end;

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (got <= 0) {
		visit_drop(visit);
		return false;
	}
	end = door_head_find_end(buffer_text(&visit->head), &visit->scanned);
	if (end == DOOR_HEAD_BAD)
		visit_answer(visit, 400, false);
	else if (visit->scanned > limit)
		visit_answer(visit, 431, false);
	else if (end == DOOR_HEAD_WHOLE)
		visit_hear(visit, visit->scanned);
	else
		return true;
	return false;
}

static void
on_ready(evutil_socket_t fd, short what, void *self)
{
	struct visit *visit = self;

	(void)fd;
	(void)what;
	if (visit->is_answered)
		visit_drain(visit);
	else if (visit_read(visit))
		visit_watch(visit);
}

void
visit_begin(struct hall *hall, unsigned listener, int fd,
	const struct sockaddr_storage *peer)
{
	struct visit *visit = base_alloc_zeroed(1, sizeof(*visit));
	int high = fcntl(fd, F_DUPFD_CLOEXEC, (int)hall->limits.waiting_max);
	int on = 1;

	if (high >= 0)
		close(fd);
	else
		log_warning("door: no descriptor left for another connection");
	visit->hall = hall;
	visit->fd = high >= 0 ? high : fd;
	visit->is_surplus = high < 0;
	visit->listener = listener;
	visit->peer = *peer;
	visit->since_ms = clock_ms();
	visit->event = event_new(
		hall->base, visit->fd, EV_READ | EV_PERSIST, on_ready, visit);
	must(visit->event != NULL);
	DL_APPEND(hall->waiting, visit);
	hall->count++;
	setsockopt(visit->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (hall->hooks.on_accept)
		hall->hooks.on_accept(hall->self);
	if (!visit_input_begin(visit)) {
		visit_answer(visit, 503, false);
		return;
	}
	/* Who says nothing costs no TLS. */
	if (visit->wants_tls || visit_read(visit))
		visit_watch(visit);
}
