/*
 * What the profile `client` calls things, which its gateway and its api have to
 * agree on. Its tenants are those of systems.h, and each of its connections is
 * a user of its own, whose name is the id that it was greeted with.
 */
#ifndef SHARED_CLIENTELE_H
#define SHARED_CLIENTELE_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/message.h"
#include "shared/text.h"

struct buffer;
struct config;

/* The parameter of an address that names the system. */
#define CLIENTELE_SYSTEM "systemId"

#define CLIENTELE_ID_LENGTH 44
#define CLIENTELE_MESSAGE_LENGTH 16

/* A new id: base64 of an IV and of what AES-CBC makes of an address, as other
 * nodes would read it: the number of the host as an IPv4 address, and the slot
 * as a port. key: 16, 24 or 32 bytes. */
void clientele_id(char id[CLIENTELE_ID_LENGTH + 1], struct text key,
	unsigned host, unsigned slot);

/* What a query names, decoded into out; empty: nothing, or it cannot be read.
 */
struct text clientele_system(struct text query, struct buffer *out);

/* Need it not register, as client_systems has it? */
bool clientele_declares(const struct config *config, struct text system);

/* The room of a group, written to name. */
struct text clientele_room(char name[ROOM_BYTES_MAX], struct text group);

/* What a message is called, as hex digits. */
void clientele_message(char id[CLIENTELE_MESSAGE_LENGTH + 1], uint64_t id_time,
	uint64_t id_origin);

#endif
