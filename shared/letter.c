#include "shared/letter.h"

#include <string.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/clock.h"

#define KEEP_BYTES (256 * 1024)

const char *
letter_kind_name(unsigned kind)
{
	static const char *const names[] = {
		[LETTER_PAD] = "pad",
#define LETTER(symbol, record) [LETTER_##symbol] = #symbol,
#include "shared/letters.def"
#undef LETTER
	};

	return kind < ARRAY_LEN(names) ? names[kind] : "unknown";
}

void
letter_begin(struct buffer *out, enum letter_kind kind)
{
	struct letter head = { .kind = (uint16_t)kind,
		.begun_us = (uint32_t)clock_us() };

	buffer_clear(out, KEEP_BYTES);
	buffer_add(out, &head, sizeof(head));
}

struct letter *
letter_end(struct buffer *out)
{
	struct letter *letter = (struct letter *)(void *)out->data;

	letter->size = (uint32_t)out->length;
	return letter;
}

struct unpack
letter_open(const struct letter *letter)
{
	must(letter->size >= sizeof(*letter));
	return (struct unpack){ letter->record,
		(const uint8_t *)letter + letter->size, false };
}
