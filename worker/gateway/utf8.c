#include "worker/gateway/utf8.h"

#include <string.h>

static bool
utf8_begin(struct utf8 *utf8, uint8_t lead)
{
	if (lead < 0xc2 || lead > 0xf4)
		return false;
	utf8->need = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
	utf8->low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
	utf8->high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
	return true;
}

static size_t
ascii_length(const uint8_t *data, size_t length)
{
	size_t i = 0;
	uint64_t word;

	for (; i + sizeof(word) <= length; i += sizeof(word)) {
		memcpy(&word, data + i, sizeof(word));
		if (word & 0x8080808080808080)
			break;
	}
	while (i < length && data[i] < 0x80)
		i++;
	return i;
}

bool
utf8_take(struct utf8 *utf8, const uint8_t *data, size_t length)
{
	size_t i = 0;

	while (i < length) {
		if (utf8->need) {
			if (data[i] < utf8->low || data[i] > utf8->high)
				return false;
			utf8->low = 0x80;
			utf8->high = 0xbf;
			utf8->need--;
			i++;
		} else if (data[i] < 0x80) {
			i += ascii_length(data + i, length - i);
		} else if (!utf8_begin(utf8, data[i++])) {
			return false;
		}
	}
	return true;
}

bool
utf8_is_whole(const uint8_t *data, size_t length)
{
	struct utf8 utf8 = { 0 };

	return utf8_take(&utf8, data, length) && utf8.need == 0;
}
