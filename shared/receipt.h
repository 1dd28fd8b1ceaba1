/*
 * Receipts: up to where an inbox was delivered to its user on one platform, for
 * profiles whose clients do not say what they have. A receipt is a mark, as of
 * what was said with a user whose name nobody can have; it is told to nobody.
 */
#ifndef SHARED_RECEIPT_H
#define SHARED_RECEIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/text.h"

#define RECEIPT_BYTES_MAX 16

/* In place of that user. */
struct text receipt_with(char bytes[RECEIPT_BYTES_MAX], uint64_t platform);
bool receipt_is_with(struct text with);

#endif
