/*
 * What a child inherits from the master at its fork, in one struct; and the
 * one function where every child begins.
 */
#ifndef SHARED_HERITAGE_H
#define SHARED_HERITAGE_H

#include <stdbool.h>
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
	bool is_given;     /* by a service manager, who keeps it open */
};

#define HERITAGE_ANY_SLOT UINT32_MAX

struct heritage {
	struct config *config;
	struct arena *arena;
	struct heritage_socket *sockets;
	size_t socket_count;
	int line; /* to the master: line.h */
	unsigned slot;
	uint32_t life;
	uint32_t generation; /* of the configuration, from 1 */
	uint64_t started_ms; /* clock_ms() when the server was started */
	bool logs_to_stderr; /* whatever the configuration says */
};

/* Runs the process of heritage->slot to its end and returns its exit code. The
 * prologue is the same for all: name, signals, limits, user, loop. */
int worker_main(const struct heritage *heritage);

#endif
