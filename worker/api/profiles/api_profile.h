/*
 * The HTTP of profiles: what other systems' backends and pages ask on listeners
 * that name the profile. Each has a table of its own; the api knows no
 * profile's words. A request for a path that no table knows is the core's, or,
 * behind a WebSocket listener, refused in the words of the first profile.
 */
#ifndef WORKER_API_PROFILES_API_PROFILE_H
#define WORKER_API_PROFILES_API_PROFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/profiles.h"

struct exchange;

/* Of evhttp, whose header the users of these include. */
#define EVERY_METHOD                                                           \
	(EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD | EVHTTP_REQ_PUT | \
		EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS | EVHTTP_REQ_PATCH)
#define READ (EVHTTP_REQ_GET | EVHTTP_REQ_HEAD)

/* Whose key a path wants on a listener that requires one. */
enum profile_right {
	RIGHT_TENANT, /* that of `default`, where all users of profiles are, or
		       * one for all: whoever may say and look there */
	RIGHT_HOST,   /* one for all: it tells about all tenants */
	RIGHT_NONE,   /* nobody's: pages, which tell nothing */
};

struct profile_route {
	unsigned methods; /* EVHTTP_REQ_…, one or several */
	enum profile_right right;
	const char *path;

	/* Where several profiles have the path, it is for those whose query has
	 * this parameter; NULL: for all others. */
	const char *parameter;
	void (*answer)(struct exchange *exchange);
};

struct api_profile {
	const struct profile_route *routes;
	size_t route_count;

	/* Headers of every answer; NULL: none. */
	void (*begin)(struct exchange *exchange);

	/* There is no such path, or it does not know the method. */
	void (*refuse)(struct exchange *exchange, bool is_known_path);

	/* There is no good key, 401, or it may not do this, 403. */
	void (*forbid)(struct exchange *exchange, int status);
};

/* Answers it if it is for a profile of its listener; else false. */
bool api_profiles_answer(struct exchange *exchange);

#endif
