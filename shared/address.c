#include "shared/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#define UNIX_PREFIX "unix:"

static bool
read_unix(const char *path, struct address *address)
{
	struct sockaddr_un *to = (struct sockaddr_un *)&address->storage;
	size_t length = strlen(path);

	if (path[0] != '/' || length >= sizeof(to->sun_path))
		return false;
	to->sun_family = AF_UNIX;
	memcpy(to->sun_path, path, length + 1);
	address->length = sizeof(*to);
	return true;
}

static bool
read_port(const char *text, in_port_t *port)
{
	char *end;
	long number;

	if (*text < '0' || *text > '9')
		return false;
	number = strtol(text, &end, 10);
	if (*end != 0 || number < 1 || number > 65535)
		return false;
	*port = htons((uint16_t)number);
	return true;
}

static bool
read_ipv4(const char *host, const char *port, struct address *address)
{
	struct sockaddr_in *to = (struct sockaddr_in *)&address->storage;

	to->sin_family = AF_INET;
	address->length = sizeof(*to);
	return inet_pton(AF_INET, host, &to->sin_addr) == 1 &&
	       read_port(port, &to->sin_port);
}

static bool
read_ipv6(const char *host, const char *port, struct address *address)
{
	struct sockaddr_in6 *to = (struct sockaddr_in6 *)&address->storage;

	to->sin6_family = AF_INET6;
	address->length = sizeof(*to);
	return inet_pton(AF_INET6, host, &to->sin6_addr) == 1 &&
	       read_port(port, &to->sin6_port);
}

bool
address_read(const char *text, struct address *address)
{
	const char *colon = strrchr(text, ':');
	char host[INET6_ADDRSTRLEN + 2];
	size_t length;

	memset(address, 0, sizeof(*address));
	if (strncmp(text, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0)
		return read_unix(text + strlen(UNIX_PREFIX), address);
	if (!colon || (size_t)(colon - text) >= sizeof(host))
		return false;
	length = (size_t)(colon - text);
	memcpy(host, text, length);
	host[length] = 0;
	if (host[0] != '[')
		return read_ipv4(host, colon + 1, address);
	if (length < 2 || host[length - 1] != ']')
		return false;
	host[length - 1] = 0;
	return read_ipv6(host + 1, colon + 1, address);
}

bool
address_is_unix(const struct address *address)
{
	return address->storage.ss_family == AF_UNIX;
}

const char *
address_path(const struct address *address)
{
	return ((const struct sockaddr_un *)&address->storage)->sun_path;
}

bool
address_is_local(const struct address *address)
{
	const struct sockaddr_in *v4 = (const void *)&address->storage;
	const struct sockaddr_in6 *v6 = (const void *)&address->storage;

	if (address->storage.ss_family == AF_INET)
		return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
	if (address->storage.ss_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
	return true;
}

void
address_write_peer(
	char text[ADDRESS_PEER_BYTES], const uint8_t address[16], uint16_t port)
{
	char name[INET6_ADDRSTRLEN] = "";
	struct in6_addr in6;

	memcpy(&in6, address, sizeof(in6));
	if (IN6_IS_ADDR_V4MAPPED(&in6)) {
		inet_ntop(AF_INET, &in6.s6_addr[12], name, sizeof(name));
		snprintf(text, ADDRESS_PEER_BYTES, "%s:%u", name, port);
		return;
	}
	inet_ntop(AF_INET6, &in6, name, sizeof(name));
	snprintf(text, ADDRESS_PEER_BYTES, "[%s]:%u", name, port);
}

uint16_t
address_to_bytes(const struct sockaddr_storage *storage, uint8_t bytes[16])
{
	const struct sockaddr_in *v4 = (const void *)storage;
	const struct sockaddr_in6 *v6 = (const void *)storage;

	memset(bytes, 0, 16);
	if (storage->ss_family == AF_INET) {
		bytes[10] = bytes[11] = 0xff;
		memcpy(bytes + 12, &v4->sin_addr, 4);
		return ntohs(v4->sin_port);
	}
	if (storage->ss_family == AF_INET6) {
		memcpy(bytes, &v6->sin6_addr, 16);
		return ntohs(v6->sin6_port);
	}
	return 0;
}

void
address_from_bytes(struct sockaddr_storage *storage, const uint8_t bytes[16],
	uint16_t port)
{
	struct sockaddr_in *v4 = (void *)storage;
	struct sockaddr_in6 *v6 = (void *)storage;
	struct in6_addr address;

	memset(storage, 0, sizeof(*storage));
	memcpy(&address, bytes, sizeof(address));
	if (IN6_IS_ADDR_V4MAPPED(&address)) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		memcpy(&v4->sin_addr, bytes + 12, 4);
		return;
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	v6->sin6_addr = address;
}
