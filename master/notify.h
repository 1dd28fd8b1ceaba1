/*
 * What is told to a service manager: datagrams of NAME=VALUE lines to the
 * socket that $NOTIFY_SOCKET names, as sd_notify(3) documents them. Where there
 * is no such variable all of this does nothing.
 *
 * Nothing here waits. Words that must arrive are kept, a few of them, while
 * the socket is full.
 */
#ifndef MASTER_NOTIFY_H
#define MASTER_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/* Reads the environment; $WATCHDOG_USEC counts if it is meant for us. */
void notify_open(void);

/* In a child: neither it nor what it executes is the manager's. */
void notify_shed(void);

/* We are another process than the one that was started. */
void notify_new_process(void);

/* Is somebody listening? */
bool notify_is_heard(void);

/* Must arrive. */
void notify_say(const char *words);

/* May be lost, and is said only when it changed. */
void notify_status(const char *words);

/* The time with RELOADING=1, as the protocol wants it. */
void notify_reloading(void);

/* Now and then: says again what could not be said. */
void notify_retry(void);

/* Says that we live when that is due; call it only then. */
void notify_watchdog(uint64_t now_ms);

#endif
