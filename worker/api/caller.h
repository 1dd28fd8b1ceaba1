/*
 * Who asks the API, and for which tenants it may speak: whoever shows a key of
 * the configuration, or a process on this machine that comes in by a unix
 * socket and belongs to the same user or to root.
 */
#ifndef WORKER_API_CALLER_H
#define WORKER_API_CALLER_H

#include <stdbool.h>

#include "shared/text.h"

struct arguments;
struct config;
struct listener;

#define CALLER_TENANT_BYTES 65

struct caller {
	bool may_all;                     /* speaks for every tenant */
	bool is_on_host;                  /* by a unix socket, without a key */
	char tenant[CALLER_TENANT_BYTES]; /* the only one, unless may_all */
};

/* Is this one of the keys? */
bool caller_has_key(
	struct caller *caller, const struct config *config, struct text key);

/* Which tenant a request, or one of a batch, is about: its member `tenant`, or
 * else what is usual. Fails the arguments when the caller may not speak for it,
 * or when there is none that is called so. */
struct text caller_choose_tenant(const struct caller *caller,
	const struct config *config, struct arguments *arguments,
	struct text usual);

/* The usual one of a caller. */
struct text caller_usual_tenant(const struct caller *caller);

/* Does it come in by the listener's unix socket, as one who may do whatever we
 * may? */
bool caller_is_on_host(
	struct caller *caller, const struct listener *listener, int socket);

#endif
