#include "worker/api/site.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/config.h"
#include "shared/profiles.h"
#include "worker/api/exchange.h"
#include "worker/api/pages.h"
#include "worker/api/reply.h"
#include "worker/api/scene.h"
#include "worker/worker.h"

/* Where browsers find the WebSockets of profiles, by the member that names
 * them. */
static const struct {
	const char *member;
	enum profile_number profile;
	const char *path;
	bool is_always; /* told also when there is none */
} sockets[] = {
	{ "websocket", PROFILE_CONFAB, "/chat", true },
	{ "push", PROFILE_PUSH, "/ws", false },
};

/* Pages that show what others serve reach any host (CSP level 2). */
#define DEMO_PATH "/demo/"
#define DEMO_POLICY                                                            \
	"default-src 'self'; connect-src 'self' ws: wss: http: https:"

#define NO_PORT (-1)

/* 0: where the page was found, since a proxy stands before both. */
static int
port_of(const struct listener *listener, enum profile_number profile,
	bool is_behind)
{
	const char *colon = strrchr(listener->address, ':');

	if (listener->role != LISTENER_WEBSOCKET ||
		!profiles_has(listener, profile))
		return NO_PORT;
	if (is_behind)
		return 0;
	if (strncmp(listener->address, "unix:", 5) == 0 || !colon)
		return NO_PORT;
	return atoi(colon + 1);
}

static size_t
add_sockets(struct buffer *json, const struct exchange *exchange,
	enum profile_number profile, const char *path)
{
	const struct config *config = worker_config(exchange->scene->worker);
	size_t count = 0;

	for (size_t i = 0; i < config->listener_count; i++) {
		const struct listener *listener = &config->listeners[i];
		int port = port_of(listener, profile, exchange->peer.is_behind);

		if (port != NO_PORT)
			buffer_add_format(json,
				"%s{\"port\":%d,\"path\":\"%s\",\"tls\":%s}",
				count++ ? "," : "", port, path,
				listener->tls_certificate_count ? "true"
								: "false");
	}
	return count;
}

void
site_answer_config(struct exchange *exchange)
{
	struct buffer json = { 0 };

	buffer_add_byte(&json, '{');
	for (size_t i = 0; i < ARRAY_LEN(sockets); i++) {
		size_t begin = json.length;

		buffer_add_format(
			&json, "%s\"%s\":[", i ? "," : "", sockets[i].member);
		if (add_sockets(&json, exchange, sockets[i].profile,
			    sockets[i].path) > 0 ||
			sockets[i].is_always)
			buffer_add_byte(&json, ']');
		else
			json.length = begin;
	}
	buffer_add_byte(&json, '}');
	reply_send_json(exchange, buffer_text(&json));
	buffer_fini(&json);
}

/* The page of a directory has its files beside it, so its address must end with
 * a slash; true when this one lacks nothing else. What pages_find() knows has
 * one slash at its beginning, so no address leads to another host. */
static bool
lead_to_directory(struct exchange *exchange)
{
	struct buffer path = { 0 };
	bool is_found;

	buffer_add_string(&path, exchange->path);
	buffer_add(&path, "/", 2);
	is_found = path.length > 2 &&
		   pages_find(exchange->scene->pages, (char *)path.data);
	if (is_found) {
		reply_set_header(exchange, "Location", (char *)path.data);
		reply_send_text(exchange, 308, "the address ends with a /");
	}
	buffer_fini(&path);
	return is_found;
}

bool
site_send_file(struct exchange *exchange, const char *path)
{
	const struct web_file *file = pages_find(exchange->scene->pages, path);
	const char *known = exchange_header(exchange, "If-None-Match");
	struct reply reply;

	if (file == NULL)
		return false;
	reply = (struct reply){ 200, file->type, file->body };
	if (known && web_tag_matches(known, file->tag))
		reply.status = 304;
	if (strncmp(path, DEMO_PATH, strlen(DEMO_PATH)) == 0)
		exchange->policy = DEMO_POLICY;
	reply_set_header(exchange, "ETag", file->tag);
	reply_send(exchange, &reply);
	return true;
}

void
site_answer_page(struct exchange *exchange)
{
	if (!site_send_file(exchange, exchange->path) &&
		!lead_to_directory(exchange))
		reply_send_text(exchange, 404, "there is nothing here");
}
