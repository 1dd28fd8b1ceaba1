#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/letter.h"
#include "shared/pack.h"
#include "shared/records.h"

static struct buffer buffer;

static int
tear_down(void **state)
{
	(void)state;
	buffer_fini(&buffer);
	return 0;
}

static const uint64_t numbers[] = { 0, 1, 127, 128, 16383, 16384, UINT32_MAX,
	UINT64_C(1) << 56, (UINT64_C(1) << 63) - 1, UINT64_C(1) << 63,
	UINT64_MAX };

static void
numbers_come_back(void **state)
{
	struct unpack in;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		pack_number(&buffer, numbers[i]);
	in = unpack_of(buffer_text(&buffer));
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		assert_true(unpack_number(&in) == numbers[i]);
	assert_false(in.failed);
	assert_ptr_equal(in.at, in.end);
	unpack_number(&in);
	assert_true(in.failed);
	in = unpack_of((struct text){ NULL, 0 });
	unpack_number(&in);
	assert_true(in.failed);
}

static void
small_numbers_are_small(void **state)
{
	(void)state;
	pack_number(&buffer, 127);
	assert_int_equal(buffer.length, 1);
	pack_number(&buffer, 128);
	assert_int_equal(buffer.length, 3);
	pack_number(&buffer, UINT64_MAX);
	assert_int_equal(buffer.length, 13);
}

static void
texts_come_back_borrowed(void **state)
{
	struct unpack in;
	struct text text;

	(void)state;
	pack_text(&buffer, TEXT_LITERAL("a\0b"));
	pack_text(&buffer, (struct text){ NULL, 0 });
	pack_text(&buffer, TEXT_LITERAL("end"));
	in = unpack_of(buffer_text(&buffer));
	text = unpack_text(&in);
	assert_true(text_equal(text, TEXT_LITERAL("a\0b")));
	assert_ptr_equal(text.at, buffer.data + 1);
	assert_int_equal(unpack_text(&in).length, 0);
	assert_true(text_equal(unpack_text(&in), TEXT_LITERAL("end")));
	assert_false(in.failed);
}

/* Of heap memory without a byte too much, for the sanitizer. */
static struct unpack
exactly(const void *bytes, size_t length, uint8_t **copy)
{
	*copy = malloc(length ? length : 1);
	memcpy(*copy, bytes, length);
	return (struct unpack){ *copy, *copy + length, false };
}

static void
numbers_that_are_cut_or_too_large_fail(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
	} wrong[] = {
		{ "", 0 },
		{ "\x80", 1 },
		{ "\xff\xff\xff", 3 },
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10 },
		{ "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", 11 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		uint8_t *copy;
		struct unpack in =
			exactly(wrong[i].bytes, wrong[i].length, &copy);

		assert_int_equal(unpack_number(&in), 0);
		assert_true(in.failed);
		free(copy);
	}
}

static void
a_text_longer_than_what_is_left_fails(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
	} wrong[] = {
		{ "\x04"
		  "abc",
			4 },
		{ "\x01", 1 },
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
		  "abc",
			13 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		uint8_t *copy;
		struct unpack in =
			exactly(wrong[i].bytes, wrong[i].length, &copy);

		assert_int_equal(unpack_text(&in).length, 0);
		assert_true(in.failed);
		free(copy);
	}
}

static void
what_follows_a_failure_reads_as_nothing(void **state)
{
	struct unpack in = unpack_of(TEXT_LITERAL("\x09zzz\x01\x02"));

	(void)state;
	assert_int_equal(unpack_text(&in).length, 0);
	assert_int_equal(unpack_number(&in), 0);
	assert_int_equal(unpack_text(&in).length, 0);
	assert_true(in.failed);
}

/* Every record of records.def: each field gets its own value, comes back, and
 * no shorter run of bytes is taken for the record, unless it ends where an
 * older version's did. */
#define MORE
#define NUMBER(field) it.field = ++value * UINT64_C(0x0123456789ab);
#define TEXT(field)                                                            \
	it.field = (struct text){ letters + value % 20, value % 23 };          \
	value++;
#define RECORD(name, fields)                                                   \
	static struct name fill_##name(void)                                   \
	{                                                                      \
		uint64_t value = sizeof(#name);                                \
		struct name it;                                                \
		fields return it;                                              \
	}
static const char letters[] =
	"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz";
#include "shared/records.def"
#undef RECORD
#undef TEXT
#undef NUMBER
#undef MORE

#define MORE 1 +
#define RECORD(name, fields)                                                   \
	enum {                                                                 \
		ends_of_##name = COUNT_MORE(fields)                            \
	};
#define NUMBER(field)
#define TEXT(field)
#define COUNT_MORE(fields) fields 0
#include "shared/records.def"
#undef RECORD
#undef TEXT
#undef NUMBER
#undef MORE

#define MORE
#define NUMBER(field) assert_true(it->field == other->field);
#define TEXT(field) assert_true(text_equal(it->field, other->field));
#define RECORD(name, fields)                                                   \
	static void assert_same_##name(                                        \
		const struct name *it, const struct name *other)               \
	{                                                                      \
		fields                                                         \
	}                                                                      \
	static void check_##name(void)                                         \
	{                                                                      \
		struct name sent = fill_##name(), got;                         \
		struct unpack in;                                              \
		int ends = 0;                                                  \
		buffer_clear(&buffer, 4096);                                   \
		name##_pack(&buffer, &sent);                                   \
		in = unpack_of(buffer_text(&buffer));                          \
		assert_true(name##_unpack(&in, &got));                         \
		assert_ptr_equal(in.at, in.end);                               \
		assert_same_##name(&sent, &got);                               \
		for (size_t cut = 0; cut < buffer.length; cut++) {             \
			uint8_t *copy;                                         \
			in = exactly(buffer.data, cut, &copy);                 \
			ends += name##_unpack(&in, &got);                      \
			free(copy);                                            \
		}                                                              \
		assert_int_equal(ends, ends_of_##name);                        \
	}
#include "shared/records.def"
#undef RECORD
#undef TEXT
#undef NUMBER
#undef MORE

static void
every_record_comes_back_and_no_part_of_it_does(void **state)
{
	(void)state;
#define RECORD(name, fields) check_##name();
#include "shared/records.def"
#undef RECORD
}

/* As it lay in journals before messages could end. */
static void
a_record_of_an_older_version_lacks_what_came_later(void **state)
{
	struct message old = { .kind = 'r', .body = text_of("1"), .until = 9 };
	struct message got = { .until = 7 };
	struct unpack in;

	(void)state;
	buffer_clear(&buffer, 4096);
	message_pack(&buffer, &old);
	in = unpack_of((struct text){ (char *)buffer.data, buffer.length - 4 });
	assert_true(message_unpack(&in, &got));
	assert_int_equal(got.until, 9);
	assert_int_equal(got.via, 0);
	in = unpack_of(
		(struct text){ (char *)buffer.data, buffer.length - 11 });
	assert_true(message_unpack(&in, &got));
	assert_true(text_equal(got.body, text_of("1")));
	assert_int_equal(got.until, 0);
	assert_int_equal(got.others.length, 0);
}

static void
random_bytes_are_read_without_harm(void **state)
{
	uint8_t bytes[64];
	unsigned seed = 11;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		size_t length = (size_t)rand_r(&seed) % sizeof(bytes);
		struct message message;
		struct unpack in;
		uint8_t *copy;

		for (size_t j = 0; j < length; j++)
			bytes[j] =
				(uint8_t)(rand_r(&seed) % 3 ? rand_r(&seed) % 4
							    : rand_r(&seed));
		in = exactly(bytes, length, &copy);
		if (message_unpack(&in, &message))
			assert_true(message.body.length <= length);
		assert_true(in.at <= in.end);
		free(copy);
	}
}

static void
a_letter_carries_its_record(void **state)
{
	struct join sent = fill_join(), got;
	struct letter *letter;
	struct unpack in;

	(void)state;
	letter_begin(&buffer, LETTER_JOIN);
	join_pack(&buffer, &sent);
	letter = letter_end(&buffer);
	assert_int_equal(letter->kind, LETTER_JOIN);
	assert_int_equal(letter->size, buffer.length);
	in = letter_open(letter);
	assert_true(join_unpack(&in, &got));
	assert_same_join(&sent, &got);
	assert_string_equal(letter_kind_name(LETTER_JOIN), "JOIN");
	assert_string_equal(letter_kind_name(LETTER_KIND_COUNT), "unknown");
	letter_begin(&buffer, LETTER_LEAVE);
	assert_int_equal(letter_end(&buffer)->size, sizeof(*letter));
}

#define PACK_TEST(name) cmocka_unit_test_teardown(name, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PACK_TEST(numbers_come_back),
		PACK_TEST(small_numbers_are_small),
		PACK_TEST(texts_come_back_borrowed),
		PACK_TEST(numbers_that_are_cut_or_too_large_fail),
		PACK_TEST(a_text_longer_than_what_is_left_fails),
		PACK_TEST(what_follows_a_failure_reads_as_nothing),
		PACK_TEST(every_record_comes_back_and_no_part_of_it_does),
		PACK_TEST(a_record_of_an_older_version_lacks_what_came_later),
		PACK_TEST(random_bytes_are_read_without_harm),
		PACK_TEST(a_letter_carries_its_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
