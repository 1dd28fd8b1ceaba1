#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <stdio.h>

#include "shared/base.h"
#include "shared/records.h"
#include "shared/stream.h"

static void
a_name_gives_its_parts_back(void **state)
{
	struct stream_name made;

	(void)state;
	stream_name_make(&made, STREAM_ROOM, text_of("acme"), text_of("lobby"));
	assert_int_equal(stream_name_kind(&made), STREAM_ROOM);
	assert_true(text_equal(stream_name_tenant(&made), text_of("acme")));
	assert_true(text_equal(stream_name_name(&made), text_of("lobby")));
	assert_true(text_equal(
		stream_name_text(&made), TEXT_LITERAL("racme\x1flobby")));
}

static void
the_longest_parts_fit(void **state)
{
	char tenant[TENANT_BYTES_MAX], name[ROOM_BYTES_MAX];
	struct stream_name made;

	(void)state;
	memset(tenant, 't', sizeof(tenant));
	memset(name, 'n', sizeof(name));
	stream_name_make(&made, STREAM_INBOX,
		(struct text){ tenant, sizeof(tenant) },
		(struct text){ name, sizeof(name) });
	assert_int_equal(made.length, STREAM_NAME_BYTES_MAX);
	assert_int_equal(stream_name_tenant(&made).length, sizeof(tenant));
	assert_int_equal(stream_name_name(&made).length, sizeof(name));
}

static void
empty_parts_are_kept_apart(void **state)
{
	struct text nothing = { NULL, 0 };
	struct stream_name one, two;

	(void)state;
	stream_name_make(&one, STREAM_ROOM, nothing, text_of("ab"));
	stream_name_make(&two, STREAM_ROOM, text_of("ab"), nothing);
	assert_false(
		text_equal(stream_name_text(&one), stream_name_text(&two)));
	assert_int_equal(stream_name_tenant(&one).length, 0);
	assert_int_equal(stream_name_name(&two).length, 0);
}

/* Where a stream lives must not change from one version to the next. */
static void
shards_are_fixed_and_even(void **state)
{
	unsigned counts[4] = { 0 };
	char room[16];

	(void)state;
	assert_int_equal(stream_shard(STREAM_ROOM, text_of("default"),
				 text_of("lobby"), 1),
		0);
	assert_int_equal(stream_shard(STREAM_ROOM, text_of("default"),
				 text_of("lobby"), 16),
		11);
	for (int i = 0; i < 4000; i++) {
		int length = snprintf(room, sizeof(room), "room %d", i);
		unsigned shard = stream_shard(STREAM_ROOM, text_of("default"),
			(struct text){ room, (size_t)length }, 4);

		assert_true(shard < 4);
		counts[shard]++;
	}
	for (int i = 0; i < 4; i++)
		assert_in_range(counts[i], 800, 1200);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_gives_its_parts_back),
		cmocka_unit_test(the_longest_parts_fit),
		cmocka_unit_test(empty_parts_are_kept_apart),
		cmocka_unit_test(shards_are_fixed_and_even),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
