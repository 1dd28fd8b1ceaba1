/*
 * What a child inherits from the master at its fork, in one struct; and the
 * one function where every child begins.
 */
#ifndef SHARED_HERITAGE_H
#define SHARED_HERITAGE_H

#include <stddef.h>
#include <stdint.h>

struct arena;
struct config;

/* One listening socket. Each gateway or api slot has one of its own for each
 * TCP listener (SO_REUSEPORT), made by the master, so that it outlives the
 * process; unix sockets are shared by all slots of the role. */
struct heritage_socket {
	int fd;
	unsigned slot;     /* or HERITAGE_ANY_SLOT */
	unsigned listener; /* index into config->listeners */
};

#define HERITAGE_ANY_SLOT UINT32_MAX

struct heritage {
	const struct config *config;
	struct arena *arena;
	const struct heritage_socket *sockets;
	size_t socket_count;
	int lifeline; /* read end of a pipe; end of file when the master is gone
		       */
	unsigned slot;
	uint32_t life;
};

/* Runs the process of heritage->slot to its end and returns its exit code. The
 * prologue is the same for all: name, signals, limits, user, loop. */
int worker_main(const struct heritage *heritage);

#endif
