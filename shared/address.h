/*
 * Where to listen: "127.0.0.1:8089", "[::1]:8089" or "unix:/path". Numbers
 * only, no name is looked up. Used by the configuration and by the master.
 */
#ifndef SHARED_ADDRESS_H
#define SHARED_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct address {
	struct sockaddr_storage storage;
	socklen_t length;
};

/* False when the text is no such address. */
bool address_read(const char *text, struct address *address);
bool address_is_unix(const struct address *address);

/* The path of a unix address. */
const char *address_path(const struct address *address);

/* As IPv6, where IPv4 is mapped, as in the index; all zero where there is none.
 * Returns the port, in host order. And back. */
uint16_t address_to_bytes(
	const struct sockaddr_storage *storage, uint8_t bytes[16]);
void address_from_bytes(struct sockaddr_storage *storage,
	const uint8_t bytes[16], uint16_t port);

/* Can only this machine reach it? */
bool address_is_local(const struct address *address);

/* Where a client comes from, for people: "192.0.2.7:1234". The address is IPv6,
 * or IPv4 mapped (RFC 4291 2.5.5.2). */
#define ADDRESS_PEER_BYTES (INET6_ADDRSTRLEN + 8)
void address_write_peer(char text[ADDRESS_PEER_BYTES],
	const uint8_t address[16], uint16_t port);

#endif
