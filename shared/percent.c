#include "shared/percent.h"

#include "shared/buffer.h"

/* The byte that two digits behind a '%' name; -1: there are none. */
static int
hex_byte(struct text text, size_t at)
{
	int high, low;

	if (at + 2 >= text.length)
		return -1;
	high = text_hex_digit(text.at[at + 1]);
	low = text_hex_digit(text.at[at + 2]);
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

bool
percent_decode(struct text text, bool has_plus, struct buffer *out)
{
	size_t from = out->length;

	for (size_t i = 0; i < text.length; i++) {
		int byte = (unsigned char)text.at[i];

		if (byte == '+' && has_plus)
			byte = ' ';
		if (byte == '%') {
			byte = hex_byte(text, i);
			i += 2;
		}
		if (byte <= 0)
			return false;
		buffer_add_byte(out, (uint8_t)byte);
	}
	if (out->length == from)
		return true;
	return text_is_utf8((struct text){
		(const char *)out->data + from, out->length - from });
}
