#include "shared/words.h"

#include <stdint.h>
#include <string.h>

#include "shared/base.h"

/*
 * Folding is a table of ranges, enough for Latin, Greek, Cyrillic and Armenian
 * letters; it depends on no locale, so what was folded once can be compared for
 * ever.
 */

#define UNKNOWN 0xfffd

/* Every step-th character from first to last is an upper case letter, and its
 * lower case one stands so much further. */
static const struct {
	uint32_t first, last;
	uint32_t step;
	int32_t shift;
} ranges[] = {
	{ 0x41, 0x5a, 1, 32 },
	{ 0xc0, 0xd6, 1, 32 },
	{ 0xd8, 0xde, 1, 32 },
	{ 0x100, 0x12e, 2, 1 },
	{ 0x132, 0x136, 2, 1 },
	{ 0x139, 0x147, 2, 1 },
	{ 0x14a, 0x176, 2, 1 },
	{ 0x178, 0x178, 1, -121 },
	{ 0x179, 0x17d, 2, 1 },
	{ 0x386, 0x386, 1, 38 },
	{ 0x388, 0x38a, 1, 37 },
	{ 0x391, 0x3a1, 1, 32 },
	{ 0x3a3, 0x3ab, 1, 32 },
	{ 0x400, 0x40f, 1, 80 },
	{ 0x410, 0x42f, 1, 32 },
	{ 0x460, 0x480, 2, 1 },
	{ 0x48a, 0x4be, 2, 1 },
	{ 0x4d0, 0x52e, 2, 1 },
	{ 0x531, 0x556, 1, 48 },
	{ 0x1e00, 0x1e94, 2, 1 },
	{ 0x1ea0, 0x1efe, 2, 1 },
};

static bool
is_space(uint32_t character)
{
	return character <= 0x20 || (character >= 0x7f && character <= 0xa0) ||
	       (character >= 0x2000 && character <= 0x200a) ||
	       character == 0x2028 || character == 0x2029 ||
	       character == 0x202f || character == 0x205f ||
	       character == 0x3000;
}

static uint32_t
fold(uint32_t character)
{
	if (is_space(character))
		return ' ';
	if (character >= 0xff01 && character <= 0xff5e)
		character -= 0xff01 - '!';
	for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
		if (character < ranges[i].first)
			break;
		if (character <= ranges[i].last &&
			(character - ranges[i].first) % ranges[i].step == 0)
			return character + (uint32_t)ranges[i].shift;
	}
	return character;
}

static void
add_character(struct buffer *out, uint32_t character)
{
	uint8_t *at = buffer_reserve(out, 4);

	if (character < 0x80) {
		at[0] = (uint8_t)character;
		out->length += 1;
	} else if (character < 0x800) {
		at[0] = (uint8_t)(0xc0 | character >> 6);
		at[1] = (uint8_t)(0x80 | (character & 0x3f));
		out->length += 2;
	} else if (character < 0x10000) {
		at[0] = (uint8_t)(0xe0 | character >> 12);
		at[1] = (uint8_t)(0x80 | (character >> 6 & 0x3f));
		at[2] = (uint8_t)(0x80 | (character & 0x3f));
		out->length += 3;
	} else {
		at[0] = (uint8_t)(0xf0 | character >> 18);
		at[1] = (uint8_t)(0x80 | (character >> 12 & 0x3f));
		at[2] = (uint8_t)(0x80 | (character >> 6 & 0x3f));
		at[3] = (uint8_t)(0x80 | (character & 0x3f));
		out->length += 4;
	}
}

/* The character at *at, which then stands behind it. */
static uint32_t
take_character(const uint8_t **at, const uint8_t *end)
{
	const uint8_t *from = *at;
	size_t length = from[0] < 0x80   ? 1
			: from[0] < 0xe0 ? 2
			: from[0] < 0xf0 ? 3
					 : 4;
	uint32_t character = from[0];

	if (length == 1 || length > (size_t)(end - from) ||
		!text_is_utf8((struct text){ (const char *)from, length })) {
		*at = from + 1;
		return length == 1 ? character : UNKNOWN;
	}
	character &= 0x7fU >> length;
	for (size_t i = 1; i < length; i++)
		character = character << 6 | (from[i] & 0x3f);
	*at = from + length;
	return character;
}

void
words_fold(struct buffer *out, struct text text)
{
	const uint8_t *at = (const uint8_t *)text.at;
	const uint8_t *end = at + text.length;

	while (at < end)
		add_character(out, fold(take_character(&at, end)));
}

/* Four hexadecimal digits at *at; false when there are fewer. */
static bool
take_unit(const uint8_t **at, const uint8_t *end, uint32_t *unit)
{
	*unit = 0;
	if (end - *at < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		static const char digits[] = "0123456789abcdef";
		char digit = (char)((*at)[i] | ((*at)[i] >= 'A' ? 0x20 : 0));
		const char *found = digit ? strchr(digits, digit) : NULL;

		if (!found)
			return false;
		*unit = *unit << 4 | (uint32_t)(found - digits);
	}
	*at += 4;
	return true;
}

/* What \u and the digits at *at stand for, two of them for what lies beyond
 * 16 bits. */
static uint32_t
take_escaped(const uint8_t **at, const uint8_t *end)
{
	uint32_t high, low;

	if (!take_unit(at, end, &high))
		return UNKNOWN;
	if (high < 0xd800 || high > 0xdfff)
		return high;
	if (high > 0xdbff || end - *at < 6 || (*at)[0] != '\\' ||
		(*at)[1] != 'u')
		return UNKNOWN;
	*at += 2;
	if (!take_unit(at, end, &low) || low < 0xdc00 || low > 0xdfff)
		return UNKNOWN;
	return 0x10000 + ((high & 0x3ff) << 10) + (low & 0x3ff);
}

/* The character of a JSON string at *at. Those that are escaped by a letter are
 * all control characters. */
static uint32_t
take_from_string(const uint8_t **at, const uint8_t *end)
{
	uint8_t letter;

	if (**at != '\\' || end - *at < 2)
		return take_character(at, end);
	letter = (*at)[1];
	if (letter == '"' || letter == '\\' || letter == '/') {
		*at += 2;
		return letter;
	}
	*at += 2;
	return letter == 'u' ? take_escaped(at, end) : ' ';
}

/* Appends the string whose first character is at `at`; answers where it ends,
 * behind its quote. */
static const uint8_t *
add_string(struct buffer *out, const uint8_t *at, const uint8_t *end)
{
	while (at < end && *at != '"')
		add_character(out, fold(take_from_string(&at, end)));
	add_character(out, ' ');
	return at < end ? at + 1 : end;
}

static const uint8_t *
skip_space(const uint8_t *at, const uint8_t *end)
{
	while (at < end && *at <= ' ')
		at++;
	return at;
}

void
words_of_body(struct buffer *out, struct text body)
{
	const uint8_t *at = (const uint8_t *)body.at;
	const uint8_t *end = at + body.length;

	while (at < end) {
		size_t length = out->length;

		if (*at++ != '"')
			continue;
		at = skip_space(add_string(out, at, end), end);
		if (at < end && *at == ':') /* it was a name */
			out->length = length;
	}
}

bool
words_read(struct words *words, struct text text)
{
	const char *at, *end;

	*words = (struct words){ 0 };
	words_fold(&words->bytes, text);
	buffer_add_byte(&words->bytes, ' ');
	at = (const char *)words->bytes.data;
	end = at + words->bytes.length;
	while (at < end) {
		const char *space = memchr(at, ' ', (size_t)(end - at));
		struct text word = { at, (size_t)(space - at) };

		at = space + 1;
		if (word.length == 0)
			continue;
		if (words->count == WORDS_MAX)
			return false;
		words->words[words->count++] = word;
	}
	return words->count > 0;
}

void
words_fini(struct words *words)
{
	buffer_fini(&words->bytes);
}

bool
words_match(const struct words *words, struct text folded)
{
	for (size_t i = 0; i < words->count; i++)
		if (folded.length == 0 ||
			!memmem(folded.at, folded.length, words->words[i].at,
				words->words[i].length))
			return false;
	return true;
}
