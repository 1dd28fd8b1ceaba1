/*
 * A text is a borrowed run of bytes with a length: names, bodies, keys. It is
 * not ended by a zero and lives as long as what it points into.
 */
#ifndef SHARED_TEXT_H
#define SHARED_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
	const char *at;
	size_t length;
};

#define TEXT_LITERAL(literal) ((struct text){ (literal), sizeof(literal) - 1 })

/* For printf: "%.*s", TEXT_ARGS(text). */
#define TEXT_ARGS(text) (int)(text).length, (text).at

struct text text_of(const char *string);
bool text_equal(struct text a, struct text b);

/* As memcmp, the shorter one first where one begins the other. */
int text_compare(struct text a, struct text b);

/* Puts them in that order and drops repeats; returns how many are left. */
size_t text_sort(struct text *texts, size_t count);
bool text_has_prefix(struct text text, struct text prefix);

/* A pattern is a name, or how names begin and one '*' at its end. */
bool text_is_pattern(struct text pattern);
bool text_fits(struct text name, struct text pattern);

/* Valid UTF-8 (RFC 3629: no surrogates, no overlong forms). */
bool text_is_utf8(struct text text);

/* UTF-8, from min to max bytes, without control characters (C0, DEL, C1): what
 * the names of users, rooms, types and tenants must be. */
bool text_is_name(struct text text, size_t min, size_t max);

/* Its value; -1: it is no hexadecimal digit. */
int text_hex_digit(char digit);

#endif
