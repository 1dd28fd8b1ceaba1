/*
 * What backends say: bodies, queries and paths. Whatever they hold, each reader
 * gives what it promises or a sentence that can be sent.
 */
#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/codes.h"
#include "shared/percent.h"
#include "worker/api/arguments_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NAMES 4

static void
check_told(const struct arguments *arguments)
{
	must(arguments->code == CODE_OK || arguments->code >= 1000);
	must((arguments->code == CODE_OK) == (arguments->error[0] == 0));
	must(text_is_utf8(text_of(arguments->error)));
}

static void
check_names(const struct text *names, size_t count)
{
	must(count <= NAMES);
	for (size_t i = 0; i < count; i++)
		must(text_is_name(names[i], 1, 8));
}

/* Each with a fresh mind, since only the first fault is kept. */
static void
read_members(const struct arguments *all)
{
	static const char *const members[] = { "a", "room", "users", "n" };

	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		const char *member = members[i];
		struct text names[NAMES], name;
		uint64_t time, origin, number;

		for (int reader = 0; reader < 6; reader++) {
			struct arguments one = *all;

			if (reader == 0) {
				name = arguments_name(&one, member, 8, true);
				must(one.code != CODE_OK ||
					text_is_name(name, 1, 8));
			} else if (reader == 1) {
				check_names(names, arguments_list(&one, member,
							   8, names, NAMES));
			} else if (reader == 2) {
				name = arguments_text(&one, member, 8);
				must(name.length <= 8 && text_is_utf8(name));
			} else if (reader == 3) {
				number = arguments_number(
					&one, member, 5, 99, 7);
				must(number >= 5 && number <= 99);
			} else if (reader == 4) {
				arguments_flag(&one, member, true);
			} else {
				arguments_id(&one, member, &time, &origin);
			}
			check_told(&one);
		}
	}
}

static void
try_body(struct text text, bool may_be_batch)
{
	struct arguments arguments;

	arguments_read_body(&arguments, text, may_be_batch);
	check_told(&arguments);
	if (arguments.code == CODE_OK)
		read_members(&arguments);
	for (size_t i = 0;
		i < arguments_count(&arguments) && arguments.code == CODE_OK;
		i++) {
		struct arguments one = arguments_of(&arguments, i);

		must(may_be_batch);
		read_members(&one);
	}
	arguments_fini(&arguments);
}

static void
try_query(const char *query)
{
	struct arguments arguments;

	arguments_read_query(&arguments, query);
	check_told(&arguments);
	if (arguments.code == CODE_OK)
		read_members(&arguments);
	arguments_fini(&arguments);
}

static void
try_path(struct text text)
{
	struct buffer out = { 0 };

	if (percent_decode(text, false, &out))
		must(out.length <= text.length &&
			(out.length == 0 ||
				(text_is_utf8(buffer_text(&out)) &&
					!memchr(out.data, 0, out.length))));
	buffer_fini(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = base_alloc_zeroed(1, size + 1);

	if (size)
		memcpy(copy, data, size);
	try_body((struct text){ copy, size }, false);
	try_body((struct text){ copy, size }, true);
	try_path((struct text){ copy, size });
	try_query(copy);
	free(copy);
	return 0;
}
