/*
 * The letters of a turn that carry messages to gateways, one behind the other
 * in a buffer, each at a multiple of 8. Their records are what goes into the
 * journal, too.
 */
#ifndef WORKER_LEDGER_PACKED_H
#define WORKER_LEDGER_PACKED_H

#include <stddef.h>
#include <stdint.h>

#include "shared/text.h"

struct buffer;
struct letter;

/* Starts a letter behind the others and tells where; the record is packed
 * behind it, then packed_end() finishes it. begun_us: of the letter that
 * brought the message, 0 when it was not brought by one. */
size_t packed_begin(struct buffer *packed, uint32_t begun_us);
struct letter *packed_end(struct buffer *packed, size_t at);

/* One that is finished; valid until the buffer changes. */
struct letter *packed_letter(const struct buffer *packed, size_t at);

/* Its record. */
struct text packed_record(const struct letter *letter);

#endif
