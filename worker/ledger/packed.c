#include "worker/ledger/packed.h"

#include "shared/buffer.h"
#include "shared/letter.h"

size_t
packed_begin(struct buffer *packed, uint32_t begun_us)
{
	struct letter head = { .kind = LETTER_DELIVER, .begun_us = begun_us };
	static const uint8_t padding[8];
	size_t at;

	buffer_add(packed, padding, -packed->length & 7);
	at = packed->length;
	buffer_add(packed, &head, sizeof(head));
	return at;
}

struct letter *
packed_end(struct buffer *packed, size_t at)
{
	struct letter *letter = packed_letter(packed, at);

	letter->size = (uint32_t)(packed->length - at);
	return letter;
}

struct letter *
packed_letter(const struct buffer *packed, size_t at)
{
	return (struct letter *)(void *)(packed->data + at);
}

struct text
packed_record(const struct letter *letter)
{
	return (struct text){ (const char *)letter->record,
		letter->size - sizeof(*letter) };
}
