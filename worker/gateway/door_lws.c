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
 */
#include "worker/gateway/door_lws.h"

#include <fcntl.h>
#include <libwebsockets.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shared/base.h"
#include "shared/log.h"

struct door_lws {
	struct lws_context *context;
	struct lws_vhost *vhost;
	int limit;
	struct lws *guest; /* NULL outside of door_lws_greet() */
	bool is_greeted;
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
