#include "shared/receipt.h"

#include <inttypes.h>
#include <stdio.h>

/* No name has it. */
#define BEGIN '\001'

struct text
receipt_with(char bytes[RECEIPT_BYTES_MAX], uint64_t platform)
{
	snprintf(bytes, RECEIPT_BYTES_MAX, "%c%" PRIu32, BEGIN,
		(uint32_t)platform);
	return text_of(bytes);
}

bool
receipt_is_with(struct text with)
{
	return with.length > 0 && with.at[0] == BEGIN;
}
