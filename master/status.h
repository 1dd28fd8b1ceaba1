/*
 * The status socket: lines in, answers out, several per connection, one in each
 * turn of the loop. A slow or hostile asker costs the master a bounded buffer
 * and nothing else.
 */
#ifndef MASTER_STATUS_H
#define MASTER_STATUS_H

struct event_base;
struct status;
struct words_context;

/* Takes the listening socket; copies the context. */
struct status *status_new(
	struct event_base *base, int fd, const struct words_context *context);

/* Sends what can be sent at once and closes all. */
void status_free(struct status **status);

/* In a child: closes the master's descriptors. */
void status_shed(const struct status *status);

#endif
