/*
 * Words to search for, and the text that they are searched in. Both are folded
 * first: letters lose their case and full-width forms, white space and control
 * characters become a space. A word is what stands between spaces; a text is
 * found when it has all the words anywhere, also inside of longer ones, since
 * Chinese is written without spaces.
 */
#ifndef SHARED_WORDS_H
#define SHARED_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/buffer.h"
#include "shared/text.h"

#define WORDS_MAX 16

struct words {
	struct text words[WORDS_MAX];
	size_t count;
	struct buffer bytes; /* what they point into */
};

/* Appends the text folded; what is no UTF-8 becomes U+FFFD. */
void words_fold(struct buffer *out, struct text text);

/* Appends, folded, every string value of a JSON text, each with a space behind;
 * names of members are left out. Any bytes are possible. */
void words_of_body(struct buffer *out, struct text body);

/* The words of what somebody typed; false when there is none or too many. To be
 * given back with words_fini() in any case. */
bool words_read(struct words *words, struct text text);
void words_fini(struct words *words);

/* Does a folded text have all of them? */
bool words_match(const struct words *words, struct text folded);

#endif
