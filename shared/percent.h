/*
 * Percent-encoding (RFC 3986, 2.1): what addresses and queries are written in.
 */
#ifndef SHARED_PERCENT_H
#define SHARED_PERCENT_H

#include <stdbool.h>

#include "shared/text.h"

struct buffer;

/* Appends what the text means. false: it is broken or means a zero byte or what
 * is no UTF-8; what was appended is of no use then. As in forms, '+' may mean a
 * space. */
bool percent_decode(struct text text, bool has_plus, struct buffer *out);

#endif
