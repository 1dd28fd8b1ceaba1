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
			"%s{\"port\":%d,\"path\":\"" CHAT_PATH
			"\",\"tls\":false}",
			comma, atoi(colon + 1));
		comma = ",";
	}
	buffer_add_string(&json, "]}");
	reply_send_json(exchange, buffer_text(&json));
	buffer_fini(&json);
}

void
site_answer_page(struct exchange *exchange)
{
	const struct web_file *file =
		pages_find(exchange->scene->pages, exchange->path);
	const char *known = exchange_header(exchange, "If-None-Match");
	struct reply reply;

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
