/*
 * The envoy: tells the relay who has logged in here and in which rooms he is,
 * so that other hosts know it. What is told waits outside a full ring and holds
 * up nobody; a new relay asks for all of it again. Where there is no relay that
 * costs nothing.
 */
#ifndef WORKER_GATEWAY_ENVOY_H
#define WORKER_GATEWAY_ENVOY_H

#include <stdbool.h>
#include <stdint.h>

struct gateway;
struct membership;
struct session;

/* The login is answered; it ends, of which nothing is told when it was not. */
void envoy_arrive(const struct session *session);
void envoy_depart(const struct session *session);

/* It is a member, perhaps with other words of itself than before; or is none
 * any more, which it need not have been. */
void envoy_join(const struct membership *membership);
void envoy_leave(const struct membership *membership, bool is_lost);

/* The relay is told again: from here on; of one session with all its rooms, if
 * there is room in the ring now; up to here. False: there is none. */
bool envoy_announce_begin(struct gateway *gateway, uint64_t life);
bool envoy_announce(const struct session *session);
bool envoy_announce_end(struct gateway *gateway, uint64_t life);

#endif
