/*
 * What the profile client calls systems, connections and groups.
 */
#include "shared/clientele.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/crypto.h"
#include "shared/systems.h"

#define TWO_HUNDRED                                                            \
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static void
a_query_names_a_system(void **state)
{
	static const struct {
		const char *query, *system;
	} rows[] = {
		{ "systemId=a", "a" },
		{ "x=1&systemId=a&systemId=b", "a" },
		{ "SYSTEMID=%E5%95%86+x", "商 x" },
		{ "systemId=a=b", "a=b" },
		{ "systemId=", "" },
		{ "systemId", "" },
		{ "systemIdx=a", "" },
		{ "xsystemId=a", "" },
		{ "systemId=%ff", "" },
		{ "systemId=%zz", "" },
		{ "", "" },
		{ "&&&", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buffer out = { 0 };
		struct text system =
			clientele_system(text_of(rows[i].query), &out);

		assert_true(text_equal(system, text_of(rows[i].system)));
		buffer_fini(&out);
	}
}

/* The examples of the system that this stands in for. */
static void
ids_are_encrypted_as_others_do(void **state)
{
	static const uint8_t iv[CRYPTO_AES_BLOCK_BYTES] = { 0xa6, 0xa8, 0xcf,
		0x33, 0x41, 0x89, 0x52, 0x39, 0x60, 0xaf, 0x2c, 0xcc, 0x6a,
		0xc9, 0x6a, 0x04 };
	static const uint8_t wanted[] = { 0x0c, 0xc8, 0x92, 0x7b, 0xa6, 0x71,
		0xd8, 0x1e, 0xcb, 0x53, 0x0d, 0xfb, 0x29, 0x56, 0x1e, 0xa6 };
	struct buffer out = { 0 };

	(void)state;
	crypto_aes_cbc(TEXT_LITERAL("asdf1234qwer7894"), iv,
		TEXT_LITERAL("password123"), &out);
	assert_int_equal(out.length, sizeof(wanted));
	assert_memory_equal(out.data, wanted, sizeof(wanted));
	buffer_fini(&out);
}

static void
every_id_is_another_and_has_the_same_length(void **state)
{
	static const char *const keys[] = { "0123456789abcdef",
		"0123456789abcdef01234567",
		"0123456789abcdef0123456789abcdef" };
	char one[CLIENTELE_ID_LENGTH + 1], other[CLIENTELE_ID_LENGTH + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		clientele_id(one, text_of(keys[i]), 1, 0);
		clientele_id(other, text_of(keys[i]), 1023, 1023);
		assert_int_equal(strlen(one), CLIENTELE_ID_LENGTH);
		assert_int_equal(strlen(other), CLIENTELE_ID_LENGTH);
		assert_string_not_equal(one, other);
		assert_true(one[CLIENTELE_ID_LENGTH - 1] == '=');
		assert_null(strpbrk(one, "-_"));
	}
}

static const struct text names[] = {
	{ "a", 1 },
	{ "A", 1 },
	{ "/a", 2 },
	{ ":a", 2 },
	{ "//a", 3 },
	{ "::a", 3 },
	{ "a\0b", 3 },
	{ "a\nb", 3 },
	{ "\xff", 1 },
	{ TWO_HUNDRED, 63 },
	{ TWO_HUNDRED, 64 },
	{ TWO_HUNDRED, 65 },
	{ TWO_HUNDRED, 121 },
	{ TWO_HUNDRED, 122 },
	{ TWO_HUNDRED, 200 },
};

static void
any_name_has_a_tenant_and_a_room_of_its_own(void **state)
{
	char tenant[TENANT_BYTES_MAX], room[ROOM_BYTES_MAX];
	char other_tenant[TENANT_BYTES_MAX], other_room[ROOM_BYTES_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct text one = systems_tenant(tenant, names[i]);
		struct text group = clientele_room(room, names[i]);

		assert_true(systems_is_tenant(one));
		assert_true(text_is_name(group, 1, ROOM_BYTES_MAX));
		for (size_t k = 0; k < ARRAY_LEN(names); k++) {
			assert_true(
				text_equal(one, systems_tenant(other_tenant,
							names[k])) == (i == k));
			assert_true(text_equal(group, clientele_room(other_room,
							      names[k])) ==
				    (i == k));
		}
	}
}

static void
what_a_configuration_may_name_is_no_system(void **state)
{
	(void)state;
	assert_false(systems_is_tenant(TEXT_LITERAL("default")));
	assert_false(systems_is_tenant(TEXT_LITERAL("a/b")));
	assert_false(systems_is_tenant(TEXT_LITERAL("/")));
	assert_false(systems_is_tenant(TEXT_LITERAL("")));
	assert_false(systems_is_tenant(TEXT_LITERAL("/a\x01")));
}

static void
a_message_has_sixteen_digits(void **state)
{
	char one[CLIENTELE_MESSAGE_LENGTH + 1];
	char other[CLIENTELE_MESSAGE_LENGTH + 1];

	(void)state;
	clientele_message(one, 1, 2);
	clientele_message(other, 2, 1);
	assert_int_equal(strlen(one), CLIENTELE_MESSAGE_LENGTH);
	assert_int_equal(
		strspn(one, "0123456789abcdef"), CLIENTELE_MESSAGE_LENGTH);
	assert_string_not_equal(one, other);
	clientele_message(other, 1, 2);
	assert_string_equal(one, other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_query_names_a_system),
		cmocka_unit_test(ids_are_encrypted_as_others_do),
		cmocka_unit_test(every_id_is_another_and_has_the_same_length),
		cmocka_unit_test(any_name_has_a_tenant_and_a_room_of_its_own),
		cmocka_unit_test(what_a_configuration_may_name_is_no_system),
		cmocka_unit_test(a_message_has_sixteen_digits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
