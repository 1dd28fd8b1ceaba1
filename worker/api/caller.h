/*
 * Who asks the API, and for which tenants it may speak: whoever shows a key of
 * the configuration, or a process on this machine that comes in by a unix
 * socket and belongs to the same user or to root.
 */
#ifndef WORKER_API_CALLER_H
#define WORKER_API_CALLER_H

#include <stdbool.h>

struct listener;

#define CALLER_TENANT_BYTES 65

struct caller {
	bool may_all;                     /* speaks for every tenant */
	bool is_on_host;                  /* by a unix socket, without a key */
	char tenant[CALLER_TENANT_BYTES]; /* the only one, unless may_all */
};

/* Does it come in by the listener's unix socket, as one who may do whatever we
 * may? */
bool caller_is_on_host(
	struct caller *caller, const struct listener *listener, int socket);

#endif
