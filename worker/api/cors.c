#include "worker/api/cors.h"

#include <event2/http.h>

#include "shared/config.h"
#include "shared/origins.h"
#include "worker/api/exchange.h"
#include "worker/api/reply.h"
#include "worker/api/scene.h"

/* A browser asks first whether it may. */
static void
tell_before(struct exchange *exchange)
{
	if (exchange->method != EVHTTP_REQ_OPTIONS ||
		!exchange_header(exchange, "Access-Control-Request-Method"))
		return;
	reply_set_header(exchange, "Access-Control-Allow-Methods",
		"GET, HEAD, POST, DELETE");
	reply_set_header(exchange, "Access-Control-Allow-Headers",
		"Authorization, X-API-Key, Content-Type, Idempotency-Key");
	reply_set_header(exchange, "Access-Control-Max-Age", "600");
}

void
cors_tell(struct exchange *exchange)
{
	const struct listener *listener = exchange->scene->listener;
	const char *origin = exchange_header(exchange, "Origin");

	if (listener->cors_origin_count == 0)
		return;
	reply_set_header(exchange, "Vary", "Origin");
	if (!origin || !origins_allow(listener->cors_origins,
			       listener->cors_origin_count, text_of(origin)))
		return;
	reply_set_header(exchange, "Access-Control-Allow-Origin", origin);
	reply_set_header(
		exchange, "Access-Control-Expose-Headers", "Retry-After");
	tell_before(exchange);
}
