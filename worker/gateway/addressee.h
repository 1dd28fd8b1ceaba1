/*
 * The name of who gets a push, in the words of profiles that say it: they write
 * a mark, and here it becomes the name, for each user anew.
 */
#ifndef WORKER_GATEWAY_ADDRESSEE_H
#define WORKER_GATEWAY_ADDRESSEE_H

#include "shared/text.h"

struct buffer;

/* A byte that stands nowhere in JSON. */
#define ADDRESSEE_MARK '\001'

/* Appends the payload with the name in quotes, as Go writes it, for the mark.
 */
void addressee_fill(struct buffer *out, struct text payload, struct text user);

#endif
