#include "worker/api/admittance.h"

#include <string.h>
#include <strings.h>

#include "worker/api/caller.h"
#include "worker/api/exchange.h"
#include "worker/api/gate.h"
#include "worker/api/reply.h"
#include "worker/api/scene.h"
#include "worker/worker.h"

/* That of the headers; NULL when there is none. */
static const char *
shown_key(const struct exchange *exchange)
{
	static const char scheme[] = "Bearer ";
	const char *words = exchange_header(exchange, "Authorization");

	if (!words)
		return exchange_header(exchange, "X-API-Key");
	if (strncasecmp(words, scheme, sizeof(scheme) - 1) != 0)
		return NULL;
	words += sizeof(scheme) - 1;
	return words + strspn(words, " ");
}

static enum admittance
find(struct caller *caller, const struct exchange *exchange,
	struct text in_query)
{
	const struct route_scene *scene = exchange->scene;
	const char *shown = shown_key(exchange);
	struct text key = shown ? text_of(shown) : in_query;

	if (!shown && in_query.length == 0)
		return caller_is_on_host(caller, scene->listener,
			       exchange_socket(exchange))
			       ? ADMITTANCE_KNOWN
			       : ADMITTANCE_NO_KEY;
	return caller_has_key(caller, worker_config(scene->worker), key)
		       ? ADMITTANCE_KNOWN
		       : ADMITTANCE_WRONG_KEY;
}

enum admittance
admittance_find(struct caller *caller, const struct exchange *exchange,
	struct text in_query)
{
	enum admittance found = find(caller, exchange, in_query);

	if (found == ADMITTANCE_KNOWN)
		gate_welcome(exchange->gate);
	return found;
}

void
admittance_ask(struct exchange *exchange)
{
	reply_set_header(exchange, "WWW-Authenticate", "Bearer");
}
