/*
 * Letters: what travels in rings. A letter is a header and one packed record
 * (records.def); which record follows from its kind (letters.def).
 */
#ifndef SHARED_LETTER_H
#define SHARED_LETTER_H

#include <stdint.h>

#include "shared/records.h"

struct buffer;

enum letter_kind {
	LETTER_PAD, /* fills the end of a ring; never seen by readers */
#define LETTER(symbol, record) LETTER_##symbol,
#include "shared/letters.def"
#undef LETTER
	LETTER_KIND_COUNT
};

/* size counts the header and the record, not the padding to eight bytes. from
 * and from_life say which life of which slot wrote it. begun_us: clock_us()
 * when it was begun, cut to 32 bits; a ledger hands that on with the message.
 * 0: not known. */
struct letter {
	uint32_t size;
	uint16_t kind;
	uint16_t from;
	uint32_t from_life;
	uint32_t begun_us;
	uint8_t record[];
};

_Static_assert(sizeof(struct letter) == 16, "letters cross processes");

const char *letter_kind_name(unsigned kind);

/* Empties the buffer and starts a letter in it; the record is packed behind. */
void letter_begin(struct buffer *out, enum letter_kind kind);

/* Finishes the letter; valid until the buffer changes. The post office stamps
 * the sender. */
struct letter *letter_end(struct buffer *out);

struct unpack letter_open(const struct letter *letter);

#endif
