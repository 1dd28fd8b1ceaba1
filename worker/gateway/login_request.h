/*
 * Who wants to log in, as the profile has read it and the token completes it.
 */
#ifndef WORKER_GATEWAY_LOGIN_REQUEST_H
#define WORKER_GATEWAY_LOGIN_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/text.h"
#include "worker/gateway/seen_place.h"

struct login_request {
	struct text tenant, user;
	struct text info; /* JSON; empty: none */

	/* For tenants that want one. What the token says may be left out:
	 * empty; has_platform: what is in `platform` was not left out. */
	struct text token;
	bool has_platform;
	uint32_t platform;

	/* Wants what came to the inbox after this place. */
	bool has_inbox;
	struct seen_place inbox;

	/* Or what was never delivered to this platform, see receipts.h. */
	bool wants_unread;

	/* A backend was asked, and wants it in these rooms: packed texts. */
	bool is_allowed;
	uint64_t room_count;
	struct text rooms;
};

#endif
