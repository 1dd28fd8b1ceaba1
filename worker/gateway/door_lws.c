/*
 * libwebsockets keeps what it is given in tables indexed by descriptor and
 * scans them on every close, so it is given one connection at a time: a copy of
 * the descriptor (dup) and a head of our own making, which holds no more of the
 * client's bytes than the checked key. All of it happens inside one call:
 * adopt, the 101, ESTABLISHED, and the timeout that makes libwebsockets drop
 * its copy without shutdown(2), which would end the connection for both. Hence
 * no event loop of libwebsockets is needed: lws_service(-1) runs what is due
 * and returns.
 *
 * Three facts of 4.1.6 that this file guards against: a descriptor beyond the
 * tables is written past their end; a second call of lws_service() before the
 * copy is dropped would read the client's first frame; and adopting with a head
 * logs a line at error level each time.
 *
 * TLS is not its business: where that is spoken it writes into a pair of
 * sockets, from which the 101 is read and sent encrypted.
 */
#include "worker/gateway/door_lws.h"

#include <fcntl.h>
#include <libwebsockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shared/base.h"
#include "shared/log.h"

#define GREETING_BYTES 1024

struct door_lws {
	struct lws_context *context;
	struct lws_vhost *vhost;
	int limit;
	struct lws *guest; /* NULL outside of door_lws_greet() */
	bool is_greeted;
	int pair[2]; /* to read what libwebsockets writes; -1: not yet */
};

static int
on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user,
	void *data, size_t length)
{
	struct door_lws *lws = lws_context_user(lws_get_context(wsi));

	(void)user;
	(void)data;
	(void)length;
	switch (reason) {
	case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED:
		lws->guest = wsi;
		break;
	case LWS_CALLBACK_ESTABLISHED:
		lws->is_greeted = !lws_partial_buffered(wsi);
		lws_set_timeout(wsi, PENDING_TIMEOUT_USER_REASON_BASE,
			LWS_TO_KILL_ASYNC);
		break;
	case LWS_CALLBACK_WSI_DESTROY:
		if (wsi == lws->guest)
			lws->guest = NULL;
		break;
	default:
		break;
	}
	return 0;
}

static const struct lws_protocols protocols[] = {
	{ .name = "confab.v1", .callback = on_event },
	{ 0 },
};

static void
on_log(int level, const char *line)
{
	int length = (int)strcspn(line, "\n");

	(void)level;
	if (strstr(line, "adopt_socket_readbuf: calling service"))
		return;
	log_warning("libwebsockets: %.*s", length, line);
}

struct door_lws *
door_lws_new(int limit)
{
	struct door_lws *lws = base_alloc_zeroed(1, sizeof(*lws));
	struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN_SERVER,
		.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
		.protocols = protocols,
		.user = lws,
		.vhost_name = "door",
	};

	lws->limit = limit;
	lws->pair[0] = lws->pair[1] = -1;
	lws_set_log_level(LLL_ERR | LLL_WARN, on_log);
	lws->context = lws_create_context(&info);
	if (lws->context)
		lws->vhost = lws_create_vhost(lws->context, &info);
	if (!lws->vhost) {
		log_error("door: libwebsockets cannot start");
		door_lws_free(&lws);
	}
	return lws;
}

void
door_lws_free(struct door_lws **lws)
{
	if (*lws && (*lws)->context)
		lws_context_destroy((*lws)->context);
	for (size_t i = 0; *lws && i < ARRAY_LEN((*lws)->pair); i++)
		if ((*lws)->pair[i] >= 0)
			close((*lws)->pair[i]);
	free(*lws);
	*lws = NULL;
}

/* Adopts the descriptor and sees it closed again. */
static void
receive(struct door_lws *lws, int fd, const char *head, size_t length)
{
	lws->is_greeted = false;
	lws_adopt_socket_vhost_readbuf(lws->vhost, fd, head, length);
	if (lws->guest && !lws->is_greeted)
		lws_set_timeout(lws->guest, PENDING_TIMEOUT_USER_REASON_BASE,
			LWS_TO_KILL_ASYNC);
	if (lws->guest)
		lws_service(lws->context, -1);
}

enum door_greeting
door_lws_greet(
	struct door_lws *lws, int fd, struct text key, bool offers_confab)
{
	char head[256];
	int length, copy;

	must(lws->guest == NULL);
	length = snprintf(head, sizeof(head),
		"GET / HTTP/1.1\r\nHost: confab\r\nUpgrade: websocket\r\n"
		"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Key: %.*s\r\n%s\r\n",
		TEXT_ARGS(key),
		offers_confab ? "Sec-WebSocket-Protocol: confab.v1\r\n" : "");
	must(length > 0 && (size_t)length < sizeof(head));

	copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (copy < 0)
		return DOOR_NO_DESCRIPTOR;
	if (copy >= lws->limit) {
		close(copy);
		return DOOR_NO_DESCRIPTOR;
	}
	receive(lws, copy, head, (size_t)length);
	must(lws->guest == NULL);
	return lws->is_greeted ? DOOR_GREETED : DOOR_GREETING_FAILED;
}

/* A pair of sockets that is used again and again, because libwebsockets leaves
 * its own end of it as it was. */
static bool
pair_open(struct door_lws *lws)
{
	return lws->pair[0] >= 0 ||
	       socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
		       0, lws->pair) == 0;
}

enum door_greeting
door_lws_write_greeting(struct door_lws *lws, struct text key,
	bool offers_confab, struct buffer *out)
{
	enum door_greeting greeting;
	ssize_t got;

	if (!pair_open(lws))
		return DOOR_NO_DESCRIPTOR;
	greeting = door_lws_greet(lws, lws->pair[0], key, offers_confab);
	do {
		got = recv(lws->pair[1], buffer_reserve(out, GREETING_BYTES),
			GREETING_BYTES, MSG_DONTWAIT);
		if (got > 0)
			out->length += (size_t)got;
	} while (got > 0);
	return greeting;
}
