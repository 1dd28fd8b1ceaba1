#include "master/arguments.h"

#include <stddef.h>

static void
skip_spaces(struct text *rest)
{
	while (rest->length > 0 && *rest->at == ' ') {
		rest->at++;
		rest->length--;
	}
}

static size_t
length_to(struct text rest, char end)
{
	size_t length = 0;

	while (length < rest.length && rest.at[length] != end)
		length++;
	return length;
}

struct text
arguments_take(struct text *rest)
{
	struct text argument;
	bool is_quoted;

	skip_spaces(rest);
	argument = *rest;
	is_quoted = length_to(*rest, '"') == 0 && rest->length > 0;
	if (is_quoted) {
		argument.at++;
		argument.length--;
	}
	argument.length = length_to(argument, is_quoted ? '"' : ' ');
	rest->length -= (size_t)(argument.at - rest->at) + argument.length;
	rest->at = argument.at + argument.length;
	if (is_quoted && rest->length > 0) {
		rest->at++;
		rest->length--;
	}
	skip_spaces(rest);
	return argument;
}

struct text
arguments_take_rest(struct text *rest)
{
	struct text after = *rest, all;
	struct text argument = arguments_take(&after);

	skip_spaces(rest);
	all = *rest;
	*rest = (struct text){ all.at + all.length, 0 };
	return after.length == 0 ? argument : all;
}

bool
arguments_take_word(struct text *rest, const char *word)
{
	struct text after = *rest;

	if (!text_equal(arguments_take(&after), text_of(word)))
		return false;
	*rest = after;
	return true;
}

bool
arguments_take_tenant(struct text *rest, struct text *tenant)
{
	*tenant = TEXT_LITERAL("default");
	if (!arguments_take_word(rest, "tenant"))
		return false;
	*tenant = arguments_take(rest);
	return true;
}
