/*
 * Attendance: where webhooks want to hear who comes online and goes offline,
 * ledgers are told of logins and of their ends, by the inboxes that they enter.
 * Where nobody wants to hear it, that costs nothing.
 */
#ifndef WORKER_GATEWAY_ATTENDANCE_H
#define WORKER_GATEWAY_ATTENDANCE_H

#include <stdbool.h>
#include <stdint.h>

struct gateway;
struct session;

/* A login asks its ledger: if it is wanted, that hears of it, and from then on
 * of its end. */
void attendance_begin(struct session *session);

/* The login ends. */
void attendance_end(struct session *session);

/* The configuration is another one: tells all ledgers of those who are logged
 * in, and of whom that is wanted from now on. */
void attendance_renew(struct gateway *gateway);

#endif
