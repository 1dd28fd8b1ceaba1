#include "worker/api/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>

#include "shared/address.h"
#include "shared/base.h"
#include "shared/forwarded.h"
#include "shared/manners.h"
#include "shared/network.h"
#include "worker/api/gate.h"

/* Of more such fields only the last ones are looked at. */
#define FORWARDED_MAX 8

static uint16_t
take_peer(struct evhttp_request *request, uint8_t address[16])
{
	struct bufferevent *bufferevent = evhttp_connection_get_bufferevent(
		evhttp_request_get_connection(request));
	struct sockaddr_storage storage = { 0 };
	socklen_t length = sizeof(storage);

	if (getpeername(bufferevent_getfd(bufferevent),
		    (struct sockaddr *)&storage, &length) < 0)
		storage.ss_family = AF_UNSPEC;
	return address_to_bytes(&storage, address);
}

static size_t
collect(struct evhttp_request *request, struct text values[FORWARDED_MAX])
{
	struct evkeyvalq *fields = evhttp_request_get_input_headers(request);
	const struct evkeyval *field;
	size_t count = 0;

	TAILQ_FOREACH(field, fields, next)
	{
		if (strcasecmp(field->key, "X-Forwarded-For") != 0)
			continue;
		if (count == FORWARDED_MAX)
			memmove(values, values + 1,
				--count * sizeof(values[0]));
		values[count++] = text_of(field->value);
	}
	return count;
}

static void
write_host(char host[PEER_HOST_BYTES], const uint8_t address[16])
{
	struct in6_addr in6;

	memcpy(&in6, address, sizeof(in6));
	if (!network_is_address(address))
		strlcpy(host, "unix", PEER_HOST_BYTES);
	else if (IN6_IS_ADDR_V4MAPPED(&in6))
		inet_ntop(AF_INET, address + 12, host, PEER_HOST_BYTES);
	else
		inet_ntop(AF_INET6, &in6, host, PEER_HOST_BYTES);
}

void
peer_find(struct peer *peer, const struct gate *gate,
	struct evhttp_request *request, const struct manners *manners)
{
	struct text values[FORWARDED_MAX];
	uint8_t *address = peer->address, before[16];
	size_t count;

	if (!gate_client(gate, address, &peer->port))
		peer->port = take_peer(request, address);
	count = manners ? collect(request, values) : 0;
	memcpy(before, address, sizeof(before));
	peer->is_behind = count && manners_trust(manners, address);
	if (peer->is_behind)
		forwarded_find(address, manners, values, count);
	if (memcmp(before, address, sizeof(before)) != 0)
		peer->port = 0;
	write_host(peer->host, address);
}
