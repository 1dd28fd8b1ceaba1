/*
 * What the listeners*.c files share and nobody else sees.
 */
#ifndef MASTER_LISTENERS_INSIDE_H
#define MASTER_LISTENERS_INSIDE_H

#include <stdbool.h>

struct address;
struct arena_shape;
struct config;
struct listening;

/* One more socket that listens there beside others; -1 with errno. */
int listeners_bind(const struct address *address);

struct heritage_socket *listeners_add(
	struct listening *listening, int fd, unsigned slot, unsigned listener);

/* Does this slot serve the clients of the listener? */
bool listeners_is_served_by(const struct config *config,
	const struct arena_shape *shape, const struct listening *listening,
	unsigned listener, unsigned slot);

#endif
