/*
 * What this gateway reports of its traffic, see shared/traffic.h: the rooms
 * that most is pushed to, and the clients that do not follow.
 */
#ifndef WORKER_GATEWAY_TRAFFIC_H
#define WORKER_GATEWAY_TRAFFIC_H

#include <stdint.h>

struct gateway;
struct room;
struct session;
struct traffic;
struct traffic_room;

struct traffic *traffic_new(void);
void traffic_free(struct traffic **traffic);

/* So much was pushed to the members of a room. */
void traffic_pushed(struct gateway *gateway, const struct room *room,
	const struct traffic_room *pushed);

/* Something waits for a client whose socket is full, and so many frames it will
 * never get. */
void traffic_behind(struct session *session, uint64_t dropped);

/* Its connection ends; before its login is undone. */
void traffic_end(struct session *session);

/* Now and then: puts up a report when it is time. */
void traffic_tick(struct gateway *gateway, uint64_t now_ms);

#endif
