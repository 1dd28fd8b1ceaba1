#include "shared/text.h"

#include <stdlib.h>
#include <string.h>

struct text
text_of(const char *string)
{
	return (struct text){ string, strlen(string) };
}

bool
text_equal(struct text a, struct text b)
{
	return a.length == b.length &&
	       (a.length == 0 || memcmp(a.at, b.at, a.length) == 0);
}

int
text_compare(struct text a, struct text b)
{
	size_t shorter = a.length < b.length ? a.length : b.length;
	int order = shorter ? memcmp(a.at, b.at, shorter) : 0;

	if (order != 0)
		return order;
	return (a.length > b.length) - (a.length < b.length);
}

static int
by_bytes(const void *a, const void *b)
{
	return text_compare(*(const struct text *)a, *(const struct text *)b);
}

size_t
text_sort(struct text *texts, size_t count)
{
	size_t kept = 0;

	if (count > 0)
		qsort(texts, count, sizeof(texts[0]), by_bytes);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || !text_equal(texts[i], texts[kept - 1]))
			texts[kept++] = texts[i];
	return kept;
}

bool
text_has_prefix(struct text text, struct text prefix)
{
	return text.length >= prefix.length &&
	       (prefix.length == 0 ||
		       memcmp(text.at, prefix.at, prefix.length) == 0);
}

bool
text_is_pattern(struct text pattern)
{
	const char *star =
		pattern.length ? memchr(pattern.at, '*', pattern.length) : NULL;

	return pattern.length > 0 &&
	       (!star || star == pattern.at + pattern.length - 1);
}

bool
text_fits(struct text name, struct text pattern)
{
	if (pattern.length == 0 || pattern.at[pattern.length - 1] != '*')
		return text_equal(pattern, name);
	pattern.length--;
	return text_has_prefix(name, pattern);
}

/* Length of the character that starts here, 0 when it is not valid. */
static size_t
character_length(const unsigned char *at, size_t left)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t length;

	if (at[0] < 0x80)
		return 1;
	if (at[0] < 0xc2 || at[0] > 0xf4)
		return 0;
	length = at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
	if (left < length)
		return 0;
	if (at[0] == 0xe0)
		low = 0xa0;
	if (at[0] == 0xed)
		high = 0x9f;
	if (at[0] == 0xf0)
		low = 0x90;
	if (at[0] == 0xf4)
		high = 0x8f;
	if (at[1] < low || at[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	return length;
}

bool
text_is_utf8(struct text text)
{
	const unsigned char *at = (const unsigned char *)text.at;

	for (size_t done = 0; done < text.length;) {
		size_t length = character_length(at + done, text.length - done);

		if (length == 0)
			return false;
		done += length;
	}
	return true;
}

bool
text_is_name(struct text text, size_t min, size_t max)
{
	const unsigned char *at = (const unsigned char *)text.at;

	if (text.length < min || text.length > max || !text_is_utf8(text))
		return false;
	for (size_t i = 0; i < text.length; i++) {
		bool is_c1 = at[i] == 0xc2 && i + 1 < text.length &&
			     at[i + 1] < 0xa0;

		if (at[i] < 0x20 || at[i] == 0x7f || is_c1)
			return false;
	}
	return true;
}

int
text_hex_digit(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	if (digit >= 'A' && digit <= 'F')
		return digit - 'A' + 10;
	return -1;
}
