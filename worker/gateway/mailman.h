/*
 * The mailman: messages that go to users, to single connections or to all who
 * are logged in, rather than to a room. Each is put into words once for all
 * who see it in the same way, and pushed so that what one client gets in a turn
 * costs one write.
 *
 * A session takes each message of its inbox once, and in order: it knows the
 * offset of the last one. What it does not want to be shown (subscription.h, or
 * meant for another platform) moves that offset all the same.
 */
#ifndef WORKER_GATEWAY_MAILMAN_H
#define WORKER_GATEWAY_MAILMAN_H

struct gateway;
struct message;

/* Any message but one of a room, for those here whom it concerns. */
void mailman_deliver(struct gateway *gateway, const struct message *message);

#endif
