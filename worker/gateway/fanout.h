/*
 * Fan-out: what comes for a room in one turn of the loop is put into frames
 * once per profile, gathered, and sent to each member with one write at the end
 * of the turn. Only members that must see other bytes cost more: the sender's
 * own connection, the user's connections where the message has a key, and those
 * who did not ask for enter and exit.
 */
#ifndef WORKER_GATEWAY_FANOUT_H
#define WORKER_GATEWAY_FANOUT_H

#include <stdbool.h>
#include <stdint.h>

struct buffer;
struct gateway;
struct message;
struct presence;
struct profile;
struct room;

/* What all members of a room here get but the connection that caused it. */
struct room_push {
	/* Appends the payload in the words of a profile. */
	void (*write)(const struct profile *profile, struct buffer *out,
		const void *what);
	const void *what;
	uint64_t asker_slot, asker_life, connection;
	bool is_event; /* only for those who asked for enter and exit */
};

/* A message for the members here; one that was delivered before is dropped. */
void fanout_message(struct gateway *gateway, const struct message *message);
void fanout_presence(struct gateway *gateway, const struct presence *presence);
void fanout_push(struct gateway *gateway, struct room *room,
	const struct room_push *push);

/* Sends what is gathered of one room, before something that must come behind it
 * goes to a few of its members. */
void fanout_room(struct gateway *gateway, struct room *room);

/* Sends what is gathered, of all rooms. Calls nobody back. */
void fanout_flush(struct gateway *gateway);

#endif
