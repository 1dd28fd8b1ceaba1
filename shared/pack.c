#include "shared/pack.h"

#include "shared/buffer.h"

#define NUMBER_BYTES_MAX 10

void
pack_number(struct buffer *out, uint64_t number)
{
	uint8_t *at = buffer_reserve(out, NUMBER_BYTES_MAX);
	size_t length = 0;

	for (; number >= 0x80; number >>= 7)
		at[length++] = (uint8_t)(number | 0x80);
	at[length++] = (uint8_t)number;
	out->length += length;
}

void
pack_text(struct buffer *out, struct text text)
{
	pack_number(out, text.length);
	buffer_add_text(out, text);
}

struct unpack
unpack_of(struct text bytes)
{
	const uint8_t *at = (const uint8_t *)(bytes.length ? bytes.at : "");

	return (struct unpack){ at, at + bytes.length, false };
}

uint64_t
unpack_number(struct unpack *in)
{
	uint64_t number = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint64_t low;

		if (in->failed || in->at == in->end)
			break;
		low = *in->at & 0x7f;
		if (shift == 63 && low > 1)
			break;
		number |= low << shift;
		if (!(*in->at++ & 0x80))
			return number;
	}
	in->failed = true;
	return 0;
}

struct text
unpack_text(struct unpack *in)
{
	uint64_t length = unpack_number(in);
	struct text text = { (const char *)in->at, (size_t)length };

	if (in->failed || length > (size_t)(in->end - in->at)) {
		in->failed = true;
		return (struct text){ "", 0 };
	}
	in->at += length;
	return text;
}
