#include "worker/gateway/door_input.h"

#include <errno.h>
#include <event2/event.h>
#include <string.h>
#include <sys/socket.h>

#include "shared/address.h"
#include "shared/base.h"
#include "shared/forwarded.h"
#include "shared/manners.h"
#include "shared/network.h"
#include "shared/proxy_line.h"
#include "shared/tls.h"
#include "worker/edge/crowd.h"
#include "worker/gateway/door_hall.h"
#include "worker/gateway/door_head.h"

#define READ_BYTES 2048

static const struct manners *
manners_of(const struct visit *visit)
{
	const struct hall *hall = visit->hall;

	return hall->hooks.manners
		       ? hall->hooks.manners(hall->self, visit->listener)
		       : NULL;
}

static void
tell(const struct visit *visit, enum door_event what)
{
	const struct hall *hall = visit->hall;

	if (hall->hooks.on_event)
		hall->hooks.on_event(hall->self, what);
}

/* Who speaks for others, or has no address, is no crowd. */
static bool
join_crowd(struct visit *visit)
{
	struct hall *hall = visit->hall;
	const struct manners *manners = manners_of(visit);
	uint64_t max =
		hall->hooks.crowd_max ? hall->hooks.crowd_max(hall->self) : 0;
	uint8_t address[16];

	address_to_bytes(&visit->peer, address);
	if (max == 0 || !network_is_address(address) ||
		(manners && manners_trust(manners, address)))
		return true;
	visit->crowd = crowd_enter(&hall->crowds, address);
	if (crowd_count(visit->crowd) <= max)
		return true;
	tell(visit, DOOR_CROWDED);
	return false;
}

bool
visit_input_begin(struct visit *visit)
{
	const struct manners *manners = manners_of(visit);

	if (manners) {
		visit->wants_proxy = manners->proxy;
		visit->wants_tls = manners->needs_tls;
	}
	return visit->wants_proxy || join_crowd(visit);
}

/* The loop's time is read once in each of its turns. */
static bool
take_shake(struct hall *hall)
{
	struct timeval turn;

	event_base_gettimeofday_cached(hall->base, &turn);
	return shakes_take(&hall->shakes, &turn);
}

static ssize_t
receive_plain(struct visit *visit)
{
	ssize_t got = recv(visit->fd, buffer_reserve(&visit->head, READ_BYTES),
		READ_BYTES, 0);

	if (got > 0)
		visit->head.length += (size_t)got;
	return got;
}

/* False with EPROTO: nobody speaks TLS here any more, after a reload. */
static bool
begin_tls(struct visit *visit)
{
	const struct manners *manners = manners_of(visit);

	if (visit->tls)
		return true;
	if (manners && manners->tls)
		visit->tls = tls_new(manners->tls, visit->fd);
	errno = EPROTO;
	return visit->tls != NULL;
}

static void
tell_of_shake(const struct visit *visit, ssize_t got, int error)
{
	if (!tls_is_shaken(visit->tls)) {
		if (got == 0 || (got < 0 && error != EAGAIN))
			tell(visit, DOOR_TLS_FAILED);
		return;
	}
	tell(visit, DOOR_TLS_SHAKEN);
	if (tls_is_resumed(visit->tls))
		tell(visit, DOOR_TLS_RESUMED);
}

/* bytes: those that came behind the line of the proxy, if any. */
static ssize_t
receive_tls(struct visit *visit, struct text bytes)
{
	uint8_t *plain = visit->hall->input;
	bool was_shaken;
	ssize_t got;
	int error;

	if (!begin_tls(visit))
		return -1;
	was_shaken = tls_is_shaken(visit->tls);
	if (!was_shaken && !take_shake(visit->hall) && bytes.length == 0) {
		errno = EAGAIN;
		return -1;
	}
	if (bytes.length)
		got = tls_take(visit->tls, bytes.at, bytes.length, plain,
			HALL_INPUT_BYTES);
	else
		got = tls_recv(visit->tls, plain, HALL_INPUT_BYTES);
	error = errno;
	if (!was_shaken)
		tell_of_shake(visit, got, error);
	if (got > 0)
		buffer_add(&visit->head, plain, (size_t)got);
	errno = error;
	return got;
}

/* Does his peer have the right to speak for another? */
static bool
take_address(struct visit *visit, const struct proxy_line *line)
{
	const struct manners *manners = manners_of(visit);
	uint8_t peer[16];

	address_to_bytes(&visit->peer, peer);
	if (!manners || !manners_take_proxy(manners, peer))
		return false;
	if (line->has_address)
		address_from_bytes(&visit->peer, line->address, line->port);
	return true;
}

/* What is left of the head behind the line. */
static ssize_t
pass_line(struct visit *visit, size_t length)
{
	struct buffer rest = { 0 };
	ssize_t got;

	visit->wants_proxy = false;
	buffer_drop_front(&visit->head, length);
	if (visit->head.length == 0) {
		errno = EAGAIN;
		return -1;
	}
	if (!visit->wants_tls)
		return (ssize_t)visit->head.length;
	rest = visit->head;
	visit->head = (struct buffer){ 0 };
	got = receive_tls(visit, buffer_text(&rest));
	buffer_fini(&rest);
	return got;
}

static ssize_t
refuse(void)
{
	errno = EPROTO;
	return -1;
}

static ssize_t
receive_line(struct visit *visit)
{
	struct proxy_line line;
	ssize_t got = receive_plain(visit);

	if (got <= 0)
		return got;
	errno = EAGAIN;
	switch (proxy_line_read(buffer_text(&visit->head), &line)) {
	case PROXY_LINE_MORE:
		return -1;
	case PROXY_LINE_WHOLE:
		if (take_address(visit, &line))
			return join_crowd(visit) ? pass_line(visit, line.length)
						 : refuse();
		break;
	case PROXY_LINE_BAD:
		break;
	}
	tell(visit, DOOR_PROXY_FAILED);
	return refuse();
}

ssize_t
visit_input(struct visit *visit)
{
	if (visit->wants_proxy)
		return receive_line(visit);
	if (visit->wants_tls)
		return receive_tls(visit, (struct text){ 0 });
	return receive_plain(visit);
}

void
visit_take_forwarded(struct visit *visit, const struct door_head *head)
{
	const struct manners *manners = manners_of(visit);
	uint8_t peer[16], client[16];

	if (!manners || head->forwarded_count == 0)
		return;
	address_to_bytes(&visit->peer, peer);
	memcpy(client, peer, sizeof(client));
	forwarded_find(client, manners, head->forwarded, head->forwarded_count);
	if (memcmp(client, peer, sizeof(client)) != 0)
		address_from_bytes(&visit->peer, client, 0);
}

bool
visit_say(struct visit *visit, struct text text)
{
	ssize_t sent;

	if (visit->wants_proxy)
		return false;
	if (!visit->wants_tls) {
		sent = send(visit->fd, text.at, text.length, MSG_NOSIGNAL);
		return sent == (ssize_t)text.length;
	}
	if (!visit->tls)
		return false;
	if (!tls_is_shaken(visit->tls)) {
		tell(visit, DOOR_TLS_FAILED);
		return false;
	}
	sent = tls_send(visit->tls, text.at, text.length);
	return sent == (ssize_t)text.length && tls_waiting(visit->tls) == 0;
}
