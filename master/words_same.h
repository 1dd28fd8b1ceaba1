/*
 * `same KEY HASH PATH`: is what stands in a file that the configuration names
 * still what this server uses? The asker has read the file and sends its keyed
 * hash, so no content crosses the socket; and only the owner and root may ask,
 * since others could try what they guess.
 */
#ifndef MASTER_WORDS_SAME_H
#define MASTER_WORDS_SAME_H

#include "shared/text.h"

struct answer;
struct buffer;
struct secret;
struct words_context;

void words_same(const struct words_context *context, struct text argument,
	struct answer *answer);

/* Appends the question, with its line break; with a key drawn for it. */
void words_same_ask(const struct secret *secret, struct buffer *out);

/* What the answer is when the server uses something else. */
extern const char words_same_other[];

#endif
