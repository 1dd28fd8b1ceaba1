#include "worker/gateway/guestbook.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "shared/config.h"
#include "shared/log.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/grant.h"
#include "worker/gateway/lanes.h"
#include "worker/gateway/session.h"

#define ADDRESS_BYTES (INET6_ADDRSTRLEN + 16)

void
guestbook_arrive(struct session *session)
{
	struct gateway *gateway = session->gateway;
	int64_t one_of = gateway->config->log_connections;

	session->is_noted =
		one_of > 0 && gateway->arrived++ % (uint64_t)one_of == 0;
}

/* The option may have changed since. */
static bool
is_noted(const struct session *session)
{
	int64_t one_of = session->gateway->config->log_connections;

	return one_of == 1 || (one_of > 1 && session->is_noted);
}

static void
name_address(const struct session *session, char name[ADDRESS_BYTES])
{
	static const uint8_t none[16];
	struct in6_addr address;
	char host[INET6_ADDRSTRLEN] = "";

	memcpy(&address, session->address, sizeof(address));
	if (memcmp(session->address, none, sizeof(none)) == 0) {
		snprintf(name, ADDRESS_BYTES, "unix");
	} else if (IN6_IS_ADDR_V4MAPPED(&address)) {
		inet_ntop(AF_INET, session->address + 12, host, sizeof(host));
		snprintf(name, ADDRESS_BYTES, "%s:%u", host, session->port);
	} else {
		inet_ntop(AF_INET6, &address, host, sizeof(host));
		snprintf(name, ADDRESS_BYTES, "[%s]:%u", host, session->port);
	}
}

/* What the client chose stands last, so that it can pretend nothing. */
void
guestbook_login(const struct session *session, const char *client)
{
	struct text id = grant_id(session->grant);
	char address[ADDRESS_BYTES];

	if (!is_noted(session))
		return;
	name_address(session, address);
	log_event("login: address %s, platform %u, client %s, %s%.*s%suser "
		  "%.*s",
		address, session->platform, client, id.length ? "token " : "",
		TEXT_ARGS(id), id.length ? ", " : "",
		TEXT_ARGS(session_user(session)));
}

void
guestbook_leave(const struct session *session, uint16_t code, const char *why)
{
	uint64_t stayed_ms = session->lane.lanes->now_ms - session->since_ms;
	char address[ADDRESS_BYTES];

	if (!is_noted(session))
		return;
	name_address(session, address);
	log_event("close: address %s, after %llu.%03llu s, code %u, %s%s%.*s",
		address, (unsigned long long)(stayed_ms / 1000),
		(unsigned long long)(stayed_ms % 1000), code, why,
		session->identity ? ", user " : ", not logged in",
		TEXT_ARGS(session_user(session)));
}
