/*
 * Fan-out: what comes for a room in one turn of the loop is put into frames
 * once per profile, gathered, and sent to each member with one write at the end
 * of the turn. Only members that must see other bytes cost more: the sender's
 * own connection, the user's connections where the message has a key, and those
 * who did not ask for enter and exit.
 */
#ifndef WORKER_GATEWAY_FANOUT_H
#define WORKER_GATEWAY_FANOUT_H

struct gateway;
struct message;
struct presence;

/* A message for the members here; one that was delivered before is dropped. */
void fanout_message(struct gateway *gateway, const struct message *message);
void fanout_presence(struct gateway *gateway, const struct presence *presence);

/* Sends what is gathered, of all rooms. Calls nobody back. */
void fanout_flush(struct gateway *gateway);

#endif
