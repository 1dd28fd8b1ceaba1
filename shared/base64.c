#include "shared/base64.h"

#include "shared/buffer.h"

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			      "abcdefghijklmnopqrstuvwxyz0123456789-_";

void
base64_write(struct buffer *out, struct text bytes)
{
	uint32_t bits = 0;
	int count = 0;

	for (size_t i = 0; i < bytes.length; i++) {
		bits = bits << 8 | (unsigned char)bytes.at[i];
		for (count += 8; count >= 6; count -= 6)
			buffer_add_byte(out,
				(uint8_t)letters[bits >> (count - 6) & 63]);
	}
	if (count > 0)
		buffer_add_byte(
			out, (uint8_t)letters[bits << (6 - count) & 63]);
}

/* What a letter stands for; -1: nothing. */
static int
value_of(char letter)
{
	if (letter >= 'A' && letter <= 'Z')
		return letter - 'A';
	if (letter >= 'a' && letter <= 'z')
		return letter - 'a' + 26;
	if (letter >= '0' && letter <= '9')
		return letter - '0' + 52;
	if (letter == '-')
		return 62;
	return letter == '_' ? 63 : -1;
}

bool
base64_read(struct buffer *out, struct text text)
{
	size_t length = out->length;
	uint32_t bits = 0;
	int count = 0;

	for (size_t i = 0; i < text.length; i++) {
		int value = value_of(text.at[i]);

		if (value < 0)
			goto fail;
		bits = bits << 6 | (uint32_t)value;
		count += 6;
		if (count < 8)
			continue;
		count -= 8;
		buffer_add_byte(out, (uint8_t)(bits >> count));
	}
	/* A lone letter is no byte; what is left over must be nothing. */
	if (count < 6 && (bits & ((1U << count) - 1)) == 0)
		return true;

fail:
	out->length = length;
	return false;
}
