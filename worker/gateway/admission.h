/*
 * Admission: limits connections_per_ip and connects_per_second_per_ip, asked of
 * who has shown a good handshake and nothing else is against. Who comes by a
 * unix socket has no address and is not limited.
 */
#ifndef WORKER_GATEWAY_ADMISSION_H
#define WORKER_GATEWAY_ADMISSION_H

#include <stdbool.h>
#include <stdint.h>

struct gateway;
struct session;
struct sockaddr_storage;

/* The address as the index has it, all zero where there is none; returns the
 * port, in host order. */
uint16_t admission_address(
	uint8_t address[16], const struct sockaddr_storage *peer);

/* Counts one who is about to enter, in gateway->is_counted, until he is a
 * session or does not come in after all; false: he is refused. */
bool admission_take(
	struct gateway *gateway, const struct sockaddr_storage *peer);
void admission_undo(
	struct gateway *gateway, const struct sockaddr_storage *peer);

/* The same of what becomes no session: was he counted? Then he is until he
 * leaves. */
bool admission_keep(struct gateway *gateway);
void admission_leave(const struct gateway *gateway, const uint8_t address[16]);

/* He is this session now, and then he is gone. */
void admission_pass(struct session *session);
void admission_end(struct session *session);

#endif
