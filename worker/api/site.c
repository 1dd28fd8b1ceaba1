#include "worker/api/site.h"

#include <stdlib.h>
#include <string.h>

#include "shared/buffer.h"
#include "shared/config.h"
#include "worker/api/exchange.h"
#include "worker/api/pages.h"
#include "worker/api/reply.h"
#include "worker/api/scene.h"
#include "worker/worker.h"

/* Where browsers find the WebSocket of a listener with the confab profile. */
#define CHAT_PROFILE "confab"
#define CHAT_PATH "/chat"

static bool
speaks_chat(const struct listener *listener)
{
	if (listener->role != LISTENER_WEBSOCKET ||
		strncmp(listener->address, "unix:", 5) == 0)
		return false;
	for (size_t i = 0; i < listener->profile_count; i++)
		if (strcmp(listener->profiles[i], CHAT_PROFILE) == 0)
			return true;
	return false;
}

/* Tells the chat page where its WebSockets are. */
void
site_answer_config(struct exchange *exchange)
{
	const struct config *config = worker_config(exchange->scene->worker);
	struct buffer json = { 0 };
	const char *comma = "";

	buffer_add_string(&json, "{\"websocket\":[");
	for (size_t i = 0; i < config->listener_count; i++) {
		const struct listener *listener = &config->listeners[i];
		const char *colon = strrchr(listener->address, ':');

		if (!speaks_chat(listener) || colon == NULL)
			continue;
		buffer_add_format(&json,
			"%s{\"port\":%d,\"path\":\"" CHAT_PATH "\",\"tls\":%s}",
			comma, atoi(colon + 1),
			listener->tls_certificate_count ? "true" : "false");
		comma = ",";
	}
	buffer_add_string(&json, "]}");
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

void
site_answer_page(struct exchange *exchange)
{
	const struct web_file *file =
		pages_find(exchange->scene->pages, exchange->path);
	const char *known = exchange_header(exchange, "If-None-Match");
	struct reply reply;

	if (file == NULL && lead_to_directory(exchange))
		return;
	if (file == NULL) {
		reply_send_text(exchange, 404, "there is nothing here");
		return;
	}
	reply = (struct reply){ 200, file->type, file->body };
	if (known && web_tag_matches(known, file->tag))
		reply.status = 304;
	reply_set_header(exchange, "ETag", file->tag);
	reply_send(exchange, &reply);
}
