#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base.h"
#include "shared/hash.h"

/* Made by a second implementation that also gives the published values of
 * SipHash-2-4 (Aumasson and Bernstein 2012, appendix A); the two with key 0 are
 * hash() of CPython 3.11, whose algorithm is siphash13. */
static void
it_is_siphash_1_3(void **state)
{
	static const struct {
		size_t length;
		uint64_t hash;
	} known[] = {
		{ 0, 0xabac0158050fc4dc },
		{ 1, 0xc9f49bf37d57ca93 },
		{ 7, 0xd3927d989bb11140 },
		{ 8, 0x369095118d299a8e },
		{ 9, 0x25a48eb36c063de4 },
		{ 15, 0xd320d86d2a519956 },
		{ 16, 0xcc4fdd1a7d908b66 },
		{ 31, 0x2370dd1f8c21d1bc },
		{ 63, 0x9d199062b7bbb3a8 },
	};
	static const struct hash_key none = { 0, 0 };
	struct hash_key key;
	uint8_t bytes[64];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	memcpy(&key, bytes, sizeof(key));
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		assert_true(hash_bytes(&key, bytes, known[i].length) ==
			    known[i].hash);
	assert_true(hash_bytes(&none, "a", 1) == 0x407448d2b89b1813);
	assert_true(hash_bytes(&none, "confab", 6) == 0xfbb304c9f2613f5c);
}

/* Streams are sharded by it: another value would move them. */
static void
the_stable_hash_never_changes(void **state)
{
	(void)state;
	assert_true(hash_stable("rdefault\x1flobby", 14) == 0xd24d444a95b7d26b);
}

static void
the_private_hash_is_the_same_for_equal_bytes(void **state)
{
	(void)state;
	assert_true(hash_private("ada", 3) == hash_private("ada", 3));
	assert_true(hash_private("ada", 3) != hash_private("adb", 3));
	assert_true(hash_private("ada", 3) != hash_stable("ada", 3));
}

static void
random_bytes_differ_and_reach_the_end(void **state)
{
	uint8_t one[300] = { 0 }, two[300] = { 0 };
	size_t zeros = 0;

	(void)state;
	hash_random(one, sizeof(one));
	hash_random(two, sizeof(two));
	assert_memory_not_equal(one, two, sizeof(one));
	for (size_t i = 256; i < sizeof(one); i++)
		zeros += one[i] == 0;
	assert_true(zeros < 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_siphash_1_3),
		cmocka_unit_test(the_stable_hash_never_changes),
		cmocka_unit_test(the_private_hash_is_the_same_for_equal_bytes),
		cmocka_unit_test(random_bytes_differ_and_reach_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
