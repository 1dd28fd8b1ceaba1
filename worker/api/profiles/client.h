/*
 * The HTTP of the profile `client`: what its files share. client.c reads orders
 * and answers what can be answered at once, client_say.c says something, and
 * client_ask.c asks ledgers and gateways.
 */
#ifndef WORKER_API_PROFILES_CLIENT_H
#define WORKER_API_PROFILES_CLIENT_H

#include "shared/json.h"
#include "shared/text.h"
#include "worker/edge/edge.h"

struct exchange;
struct index_entry;

#define CLIENT_NOTHING TEXT_LITERAL("[]")
#define CLIENT_IS_THERE "该系统ID已被注册"

/* What a backend wants; texts are borrowed from the body. */
struct client_order {
	struct text client, group, system;
	struct text sender, msg, user, extend;
	json_int_t code;
	const json_t *clients, *data; /* NULL: none */
};

void client_reply_done(struct exchange *exchange, struct text data);
void client_refuse(struct exchange *exchange, struct text msg);

/* The connection of the caller's system with this id; false: there is none. */
bool client_find(const struct exchange *exchange, struct text id,
	unsigned *slot, struct index_entry *entry);

void client_say_to_client(
	struct exchange *exchange, const struct client_order *order);
void client_say_to_clients(
	struct exchange *exchange, const struct client_order *order);
void client_say_to_group(
	struct exchange *exchange, const struct client_order *order);
void client_say_to_system(
	struct exchange *exchange, const struct client_order *order);

/* Of a tenant whose name the exchange has. */
void client_register(struct exchange *exchange);
void client_bind(struct exchange *exchange, const struct client_order *order);
void client_list(struct exchange *exchange, const struct client_order *order);

#endif
