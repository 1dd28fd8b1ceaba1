/*
 * How far users have read: what the ledger tells of it goes to the members of a
 * room, or to the two whose conversation it is, in the words of their profiles.
 * Memberships know it, so that the rooms of a connection can be listed with it.
 */
#ifndef WORKER_GATEWAY_MARKS_H
#define WORKER_GATEWAY_MARKS_H

struct gateway;
struct mark;

void marks_tell(struct gateway *gateway, const struct mark *mark);

#endif
