/*
 * Hooking: where the tenant has a backend that wants to be asked, what a client
 * asks for waits until that has answered, through an api: a login, what is said
 * in rooms with say_hook, and edits there. Behind it the session waits, and
 * nobody else; so what one client says keeps its order.
 *
 * There is an answer in any case: the backend's, or after hook_seconds (and a
 * little) what the tenant has configured for when it is down. An api that dies
 * meanwhile has a successor that is asked again.
 */
#ifndef WORKER_GATEWAY_HOOKING_H
#define WORKER_GATEWAY_HOOKING_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/text.h"

struct change_request;
struct gateway;
struct hooking;
struct login_request;
struct say_request;
struct session;
struct unpack;

/* Has the room, or the tenant, somebody to be asked? */
bool hooking_is_for_room(const struct session *session, struct text room);
bool hooking_is_for_login(const struct session *session, struct text tenant);

/* Asks; what becomes of the request is decided later, in login_allowed(),
 * talk_say_allowed() and talk_change_allowed(), or it is refused. */
void hooking_login(struct session *session, struct text tag,
	const struct login_request *request);
void hooking_say(struct session *session, struct text tag,
	const struct say_request *request);
void hooking_change(struct session *session, struct text tag,
	const struct change_request *request);

/* A HOOKED; false: it makes no sense. */
bool hooking_take(struct gateway *gateway, struct unpack *in);

/* Asks again those whose api has died, and ends those whose time is over. */
void hooking_tick(struct gateway *gateway, uint64_t now_ms);

#endif
