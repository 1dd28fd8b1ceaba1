/*
 * Pushes of the profile `im` as JSON. Private to this profile.
 */
#ifndef WORKER_GATEWAY_PROFILES_IM_WRITE_H
#define WORKER_GATEWAY_PROFILES_IM_WRITE_H

#include <stdbool.h>

#include "shared/im.h"
#include "shared/text.h"

struct buffer;
struct kick;
struct message;
struct presence;

/* The payloads of pushes. is_own: for who has said it. */
void im_write_message(
	struct buffer *out, const struct message *message, bool is_own);
void im_write_presence(struct buffer *out, const struct presence *presence);
void im_write_kick(struct buffer *out, const struct kick *kick);

#endif
