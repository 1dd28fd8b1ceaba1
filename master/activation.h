/*
 * Listening sockets that a service manager has opened for us and passes on, as
 * sd_listen_fds(3) documents it: $LISTEN_FDS of them, from descriptor 3 on, if
 * $LISTEN_PID is us. They stay open here as they came, so that a program that
 * is executed after us finds them; listeners get copies.
 */
#ifndef MASTER_ACTIVATION_H
#define MASTER_ACTIVATION_H

#include <stdbool.h>
#include <stddef.h>

struct address;
struct config;

#define ACTIVATION_MAX 64

/* Looks what was given; -1 when one of them does not listen (logged). */
int activation_open(void);

/* In a child: they are not its own, nor of what it executes. */
void activation_shed(void);

/* The program that is executed next gets them, or after all does not. */
void activation_hand_over(bool is_on);

/* Was a socket of this address given? */
bool activation_has(const struct address *address);

/* Copies of all that have it; returns how many. -1 with errno. */
int activation_take(const struct address *address, int fds[ACTIVATION_MAX]);

/* Is each the address of a listener? -1 when not (logged). */
int activation_check(const struct config *config);

#endif
