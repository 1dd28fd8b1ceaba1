#include "worker/historian/store_query.h"

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/words.h"

#define PIECE_CHARACTERS 3

/* How many bytes the first characters of a word are; 0 when it has fewer. */
static size_t
bytes_of(struct text word, size_t characters)
{
	size_t length = 0;

	for (; characters > 0 && length < word.length; characters--)
		do
			length++;
		while (length < word.length &&
			((unsigned char)word.at[length] & 0xc0) == 0x80);
	return characters == 0 ? length : 0;
}

static void
add_piece(struct buffer *out, struct text piece)
{
	if (out->length > 0)
		buffer_add_string(out, " AND ");
	buffer_add_byte(out, '"');
	for (size_t i = 0; i < piece.length; i++) {
		if (piece.at[i] == '"')
			buffer_add_byte(out, '"');
		buffer_add_byte(out, (uint8_t)piece.at[i]);
	}
	buffer_add_byte(out, '"');
}

bool
store_query_write(struct buffer *out, const struct words *words)
{
	size_t pieces = 0;

	for (size_t i = 0; i < words->count; i++) {
		struct text rest = words->words[i];
		size_t length = bytes_of(rest, PIECE_CHARACTERS);

		while (length > 0 && pieces < STORE_QUERY_PIECES) {
			size_t step = bytes_of(rest, 1);

			add_piece(out, (struct text){ rest.at, length });
			pieces++;
			rest.at += step;
			rest.length -= step;
			length = bytes_of(rest, PIECE_CHARACTERS);
		}
	}
	return pieces > 0;
}
