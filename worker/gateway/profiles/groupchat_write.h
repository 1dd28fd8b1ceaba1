/*
 * Pushes of the profile `groupchat` as JSON. Private to this
 * profile.
 */
#ifndef WORKER_GATEWAY_PROFILES_GROUPCHAT_WRITE_H
#define WORKER_GATEWAY_PROFILES_GROUPCHAT_WRITE_H

#include <stdbool.h>

#include "shared/groupchat.h"
#include "shared/text.h"

struct buffer;
struct message;
struct presence;

/* The first frame of a connection. */
void groupchat_write_greeting(struct buffer *out);

/* The body of a message, which keeps the id that its client gave it. */
void groupchat_write_body(
	struct buffer *out, struct text words, struct text id);

/* The payloads of pushes. is_own: for who has said it. */
void groupchat_write_message(
	struct buffer *out, const struct message *message, bool is_own);
void groupchat_write_presence(
	struct buffer *out, const struct presence *presence);

#endif
