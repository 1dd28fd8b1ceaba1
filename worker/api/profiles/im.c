/*
 * The HTTP of the profile `im`: who is there, and what is to be said to them,
 * as forms, and the page where people chat.
 *
 *	POST /user/sendMessageAll appID=101&userID=ada&msgID=1&message=hello
 *	{"code":200,"msg":"Success","data":{"sendResults":true}}
 */
#include "worker/api/profiles/im.h"

#include <stdlib.h>
#include <string.h>

#include <event2/http.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/config.h"
#include "shared/gojson.h"
#include "worker/api/exchange.h"
#include "worker/api/form.h"
#include "worker/api/profiles/api_profile.h"
#include "worker/api/profiles/go_reply.h"
#include "worker/api/profiles/profiles.h"
#include "worker/api/reply.h"
#include "worker/api/scene.h"
#include "worker/api/site.h"
#include "worker/worker.h"

#define GET EVHTTP_REQ_GET
#define POST EVHTTP_REQ_POST
#define OPTIONS EVHTTP_REQ_OPTIONS
static const struct {
	const char *name, *value;
} cors[] = {
	{ "Access-Control-Allow-Origin", "*" },
	{ "Access-Control-Allow-Methods",
		"POST, GET, OPTIONS, PUT, DELETE,UPDATE" },
	{ "Access-Control-Allow-Headers",
		"Authorization, Content-Length, X-CSRF-Token, "
		"Token,session,X_Requested_With,Accept, Origin, Host, "
		"Connection, Accept-Encoding, Accept-Language,DNT, "
		"X-CustomHeader, Keep-Alive, User-Agent, X-Requested-With, "
		"If-Modified-Since, Cache-Control, Content-Type, Pragma" },
	{ "Access-Control-Expose-Headers",
		"Content-Length, Access-Control-Allow-Origin, "
		"Access-Control-Allow-Headers,Cache-Control,Content-Language,"
		"Content-Type,Expires,Last-Modified,Pragma,FooBar" },
	{ "Access-Control-Allow-Credentials", "true" },
};

static void
allow_other_sites(struct exchange *exchange)
{
	for (size_t i = 0; i < ARRAY_LEN(cors); i++)
		reply_set_header(exchange, cors[i].name, cors[i].value);
}

void
im_reply(struct exchange *exchange, enum gochat_code code, struct text data)
{
	allow_other_sites(exchange);
	go_reply(exchange, (int)code, text_of(im_code_words(code)), data);
}

static void
forbid(struct exchange *exchange, int status)
{
	allow_other_sites(exchange);
	go_reply_forbid(exchange, status, GOCHAT_FORBIDDEN,
		text_of(im_code_words(GOCHAT_FORBIDDEN)), TEXT_LITERAL("{}"));
}

uint32_t
im_read_app(const struct exchange *exchange, const struct form *form)
{
	const struct config *config = worker_config(exchange->scene->worker);
	int32_t app = form_number(form, "appID");

	return app > 0 && im_is_app(config, (uint32_t)app) ? (uint32_t)app : 0;
}

/* What is unknown on a port of WebSockets is said by another part of the system
 * that this stands in for, with a newline. */
static void
refuse(struct exchange *exchange, bool is_known_path)
{
	struct reply reply = { 404, "text/plain", TEXT_LITERAL(GO_NOT_FOUND) };

	(void)is_known_path;
	if (exchange->scene->listener->is_passage)
		reply = (struct reply){ 404, TYPE_TEXT,
			TEXT_LITERAL(GO_NOT_FOUND "\n") };
	reply_send(exchange, &reply);
}

static void
answer_options(struct exchange *exchange)
{
	const struct reply reply = { .status = 204 };

	allow_other_sites(exchange);
	reply_send(exchange, &reply);
}

static void
answer_acc(struct exchange *exchange)
{
	if (exchange->scene->listener->is_passage)
		go_reply_want_handshake(exchange);
	else
		refuse(exchange, false);
}

static void
answer_index(struct exchange *exchange)
{
	if (!site_send_file(exchange, "/home/im.html"))
		refuse(exchange, true);
}

/* Where browsers find the WebSockets; 0: where they found the page. */
static int
find_port(const struct exchange *exchange, bool *has_tls)
{
	const struct config *config = worker_config(exchange->scene->worker);

	*has_tls = false;
	if (exchange->scene->listener->is_passage || exchange->peer.is_behind)
		return 0;
	for (size_t i = 0; i < config->listener_count; i++) {
		const struct listener *listener = &config->listeners[i];
		const char *colon = strrchr(listener->address, ':');

		if (listener->role != LISTENER_WEBSOCKET || !colon ||
			strncmp(listener->address, "unix:", 5) == 0 ||
			!profiles_has(listener, PROFILE_IM))
			continue;
		*has_tls = listener->tls_certificate_count > 0;
		return atoi(colon + 1);
	}
	return 0;
}

static void
answer_place(struct exchange *exchange)
{
	struct buffer json = { 0 };
	bool has_tls;
	int port = find_port(exchange, &has_tls);
	const struct config *config = worker_config(exchange->scene->worker);

	buffer_add_format(&json,
		"{\"port\":%d,\"path\":\"/acc\",\"tls\":%s,\"apps\":[", port,
		has_tls ? "true" : "false");
	for (size_t i = 0; i < im_app_count(config); i++)
		buffer_add_format(
			&json, "%s%u", i > 0 ? "," : "", im_app_at(config, i));
	buffer_add_string(&json, "]}");
	reply_send_json(exchange, buffer_text(&json));
	buffer_fini(&json);
}

static const struct profile_route routes[] = {
	{ EVERY_METHOD, RIGHT_NONE, "/acc", NULL, answer_acc },
	{ GET, RIGHT_NONE, "/home/index", NULL, answer_index },
	{ GET, RIGHT_NONE, "/home/im.js", NULL, site_answer_page },
	{ GET, RIGHT_NONE, "/home/im.css", NULL, site_answer_page },
	{ GET, RIGHT_NONE, "/home/page.js", NULL, site_answer_page },
	{ GET, RIGHT_NONE, "/favicon.svg", NULL, site_answer_page },
	{ GET, RIGHT_NONE, "/home/im.json", NULL, answer_place },
	{ GET | POST, RIGHT_TENANT, "/user/list", NULL, im_answer_list },
	{ GET | POST, RIGHT_TENANT, "/user/online", NULL, im_answer_online },
	{ POST, RIGHT_TENANT, "/user/sendMessage", NULL, im_answer_send },
	{ POST, RIGHT_TENANT, "/user/sendMessageAll", NULL,
		im_answer_send_all },
	{ POST, RIGHT_TENANT, "/user/sendRoomMessage", NULL,
		im_answer_send_all },
	{ GET, RIGHT_HOST, "/system/state", NULL, im_answer_state },
	{ OPTIONS, RIGHT_NONE, "/user/list", NULL, answer_options },
	{ OPTIONS, RIGHT_NONE, "/user/online", NULL, answer_options },
	{ OPTIONS, RIGHT_NONE, "/user/sendMessage", NULL, answer_options },
	{ OPTIONS, RIGHT_NONE, "/user/sendMessageAll", NULL, answer_options },
	{ OPTIONS, RIGHT_NONE, "/user/sendRoomMessage", NULL, answer_options },
	{ OPTIONS, RIGHT_NONE, "/system/state", NULL, answer_options },
};

const struct api_profile api_profile_im = {
	.routes = routes,
	.route_count = ARRAY_LEN(routes),
	.refuse = refuse,
	.forbid = forbid,
};
