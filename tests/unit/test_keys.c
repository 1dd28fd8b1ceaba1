#include "worker/ledger/keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/message.h"
#include "shared/pack.h"
#include "shared/records.h"

#define HOUR (3600ULL * 1000)
#define NOW (1000 * HOUR)

static struct keys keys;

static int
set_up(void **state)
{
	(void)state;
	keys_init(&keys, 1000);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	keys_fini(&keys);
	return 0;
}

static struct message
message_of(const char *tenant, const char *user, const char *key,
	const char *room, uint64_t number)
{
	return (struct message){
		.kind = STREAM_ROOM,
		.tenant = text_of(tenant),
		.from = text_of(user),
		.key = text_of(key),
		.stream = text_of(room),
		.id_time = (NOW << 16) + number,
		.id_origin = 1027,
		.offset = number,
	};
}

static void
add(const struct message *message)
{
	struct key_name name = keys_name(&keys, message);

	keys_add(&keys, &name, message);
}

/* The offset of the first message with this key; 0: there is none. */
static uint64_t
find(const struct message *message, uint64_t unix_ms)
{
	struct key_name name = keys_name(&keys, message);
	const struct key_entry *entry = keys_find(&keys, &name, unix_ms);

	return entry ? entry->offset : 0;
}

static void
a_key_belongs_to_tenant_and_user(void **state)
{
	struct message first = message_of("t", "ann", "k", "r", 1);
	struct message others[] = {
		message_of("u", "ann", "k", "r", 2),
		message_of("t", "bob", "k", "r", 3),
		message_of("t", "ann", "l", "r", 4),
		message_of("ta", "nn", "k", "r", 5),
		message_of("t", "annk", "", "r", 6),
	};

	(void)state;
	add(&first);
	assert_int_equal(find(&first, NOW), 1);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		assert_int_equal(find(&others[i], NOW), 0);
}

static void
the_target_is_told_apart(void **state)
{
	struct message first = message_of("t", "ann", "k", "r", 1);
	struct message other = message_of("t", "ann", "k", "s", 2);
	struct key_name name = keys_name(&keys, &other);
	const struct key_entry *entry;

	(void)state;
	add(&first);
	entry = keys_find(&keys, &name, NOW);
	assert_non_null(entry);
	assert_int_equal(entry->offset, 1);
	assert_int_equal(entry->id_time, first.id_time);
	assert_int_equal(entry->head.mine, 1027);
	assert_true(entry->target != name.target);
	name = keys_name(&keys, &first);
	assert_true(entry->target == name.target);
}

static void
a_key_is_kept_for_12_hours(void **state)
{
	struct message first = message_of("t", "ann", "k", "r", 1);

	(void)state;
	add(&first);
	keys_settle(&keys);
	assert_int_equal(find(&first, NOW - HOUR), 1); /* the clock was set */
	assert_int_equal(find(&first, NOW + 12 * HOUR - 1), 1);
	assert_int_equal(find(&first, NOW + 12 * HOUR), 0);
	keys_forget(&keys, NOW + 12 * HOUR - 1, 10);
	assert_int_equal(keys.known.count, 1);
	keys_forget(&keys, NOW + 12 * HOUR, 10);
	assert_int_equal(keys.known.count, 0);
}

static void
a_key_may_be_used_again_when_it_is_too_old(void **state)
{
	struct message first = message_of("t", "ann", "k", "r", 1);
	struct message again = message_of("t", "ann", "k", "r", 2);

	(void)state;
	again.id_time += (13 * HOUR) << 16;
	add(&first);
	keys_settle(&keys);
	add(&again);
	assert_int_equal(find(&again, NOW + 13 * HOUR), 2);
	assert_int_equal(keys.known.count, 1);
	keys_take_back(&keys);
	assert_int_equal(keys.known.count, 0);
}

static void
what_is_not_stored_is_not_kept(void **state)
{
	struct message first = message_of("t", "ann", "1", "r", 1);
	struct message second = message_of("t", "ann", "2", "r", 2);
	struct message third = message_of("t", "ann", "3", "r", 3);
	struct key_name name = keys_name(&keys, &first);

	(void)state;
	add(&first);
	assert_true(keys_is_fresh(&keys, keys_find(&keys, &name, NOW)));
	keys_settle(&keys);
	assert_false(keys_is_fresh(&keys, keys_find(&keys, &name, NOW)));
	add(&second);
	add(&third);
	name = keys_name(&keys, &second);
	assert_true(keys_is_fresh(&keys, keys_find(&keys, &name, NOW)));
	keys_take_back(&keys);
	assert_int_equal(find(&first, NOW), 1);
	assert_int_equal(find(&second, NOW), 0);
	assert_int_equal(find(&third, NOW), 0);
	assert_int_equal(keys.known.count, 1);
}

static struct message
numbered(char key[16], unsigned number)
{
	snprintf(key, 16, "k%u", number);
	return message_of("t", "ann", key, "r", number);
}

static void
memory_is_bounded_and_the_oldest_go_first(void **state)
{
	char key[16];

	(void)state;
	for (unsigned i = 1; i <= 5000; i++) {
		struct message message = numbered(key, i);

		add(&message);
		keys_settle(&keys);
	}
	assert_int_equal(keys.known.count, 1000);
	assert_int_equal(keys.dropped, 4000);
	assert_true(keys.known.capacity <= 2048);
	for (unsigned i = 1; i <= 5000; i++) {
		struct message message = numbered(key, i);

		assert_int_equal(find(&message, NOW), i > 4000 ? i : 0);
	}
}

/* Against a plain array, with whatever order of calls a seed brings. */
static void
keys_agree_with_a_plain_array(void **state)
{
	enum {
		KEYS = 300
	};
	static uint64_t offsets[KEYS], times[KEYS];
	unsigned seed = 7;
	uint64_t now = NOW, number = 0;
	char key[16];

	(void)state;
	for (unsigned step = 0; step < 50000; step++) {
		unsigned i = (seed = seed * 1103515245 + 12345) / 65536 % KEYS;
		struct message message = numbered(key, i);
		bool is_kept = offsets[i] && times[i] + KEYS_KEPT_MS > now;

		now += HOUR / 64;
		is_kept = is_kept && times[i] + KEYS_KEPT_MS > now;
		assert_int_equal(find(&message, now), is_kept ? offsets[i] : 0);
		if (is_kept)
			continue;
		message.id_time = (now << 16) + step % 7;
		message.offset = ++number;
		add(&message);
		if (step % 5 == 0) {
			keys_take_back(&keys);
			offsets[i] = 0;
		} else {
			keys_settle(&keys);
			offsets[i] = number;
			times[i] = now;
		}
		if (step % 3 == 0)
			keys_forget(&keys, now, 4);
	}
}

static void
keys_are_the_same_from_a_checkpoint(void **state)
{
	struct buffer bytes = { 0 };
	struct unpack in;
	char key[16];

	(void)state;
	for (unsigned i = 1; i <= 500; i++) {
		struct message message = numbered(key, i);

		add(&message);
	}
	keys_settle(&keys);
	keys_begin_writing(&keys, &bytes);
	assert_true(keys_write(&keys, &bytes, 500));
	keys_fini(&keys);
	keys_init(&keys, 1000);
	in = unpack_of(buffer_text(&bytes));
	assert_true(keys_read(&keys, &in));
	assert_ptr_equal(in.at, in.end);
	for (unsigned i = 1; i <= 501; i++) {
		struct message message = numbered(key, i);

		assert_int_equal(find(&message, NOW), i <= 500 ? i : 0);
	}
	keys_forget(&keys, NOW + 12 * HOUR, 1000);
	assert_int_equal(keys.known.count, 0);
	buffer_fini(&bytes);
}

static void
a_part_of_a_checkpoint_is_refused(void **state)
{
	struct buffer bytes = { 0 };
	struct message message = message_of("t", "ann", "k", "r", 1);

	(void)state;
	add(&message);
	keys_settle(&keys);
	keys_begin_writing(&keys, &bytes);
	assert_true(keys_write(&keys, &bytes, 1));
	for (size_t length = 1; length < bytes.length; length++) {
		struct unpack in = unpack_of(
			(struct text){ (const char *)bytes.data, length });

		if (length == sizeof(keys.known.secrets))
			continue; /* so are none */
		keys_fini(&keys);
		keys_init(&keys, 1000);
		assert_false(keys_read(&keys, &in));
		assert_true(in.failed);
	}
	buffer_fini(&bytes);
}

/* Between the pieces of a checkpoint some are forgotten, and others come, for
 * good or not. */
static void
a_checkpoint_is_of_the_moment_when_it_began(void **state)
{
	struct buffer bytes = { 0 };
	struct message message;
	struct unpack in;
	char key[16];

	(void)state;
	for (unsigned i = 1; i <= 500; i++) {
		message = numbered(key, i);
		add(&message);
	}
	keys_settle(&keys);
	keys_begin_writing(&keys, &bytes);
	for (unsigned i = 501; !keys_write(&keys, &bytes, 7); i++) {
		message = numbered(key, i);
		add(&message);
		if (i % 2)
			keys_settle(&keys);
		else
			keys_take_back(&keys);
		if (i == 520)
			keys_forget(&keys, NOW + 12 * HOUR, 200);
	}
	keys_fini(&keys);
	keys_init(&keys, 1000);
	in = unpack_of(buffer_text(&bytes));
	assert_true(keys_read(&keys, &in));
	message = numbered(key, 100);
	assert_int_equal(find(&message, NOW), 100);
	for (unsigned i = 201; i <= 600; i++) {
		message = numbered(key, i);
		assert_int_equal(find(&message, NOW), i <= 500 ? i : 0);
	}
	buffer_fini(&bytes);
}

static void
a_replay_adds_each_key_once(void **state)
{
	struct message first = message_of("t", "ann", "1", "r", 1);
	struct message second = message_of("t", "ann", "2", "r", 2);
	struct message plain = message_of("t", "ann", "", "r", 3);

	(void)state;
	keys_replay(&keys, &second);
	keys_replay(&keys, &first);
	keys_replay(&keys, &second);
	keys_replay(&keys, &plain);
	assert_int_equal(keys.known.count, 2);
	assert_int_equal(find(&first, NOW), 1);
	assert_int_equal(find(&second, NOW), 2);
}

static void
the_clock_of_another_host_takes_no_key_away(void **state)
{
	struct message mine = message_of("t", "ann", "k", "r", 1);
	struct message ahead = message_of("t", "bob", "k", "r", 2);
	struct message absurd = message_of("t", "cleo", "k", "r", 3);

	(void)state;
	add(&mine);
	ahead.placed = ahead.id_time;
	ahead.id_time += 11 * HOUR << 16;
	absurd.placed = absurd.id_time;
	absurd.id_time = INT64_MAX;
	add(&absurd);
	add(&ahead);
	assert_int_equal(find(&mine, NOW), 1);
	assert_int_equal(find(&ahead, NOW), 2);
	assert_int_equal(find(&absurd, NOW), 0);
	keys_forget(&keys, NOW + 24 * HOUR, 10);
	assert_int_equal(keys.known.count, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(a_key_belongs_to_tenant_and_user),
		TEST(the_target_is_told_apart),
		TEST(a_key_is_kept_for_12_hours),
		TEST(a_key_may_be_used_again_when_it_is_too_old),
		TEST(what_is_not_stored_is_not_kept),
		TEST(memory_is_bounded_and_the_oldest_go_first),
		TEST(keys_agree_with_a_plain_array),
		TEST(keys_are_the_same_from_a_checkpoint),
		TEST(a_part_of_a_checkpoint_is_refused),
		TEST(a_checkpoint_is_of_the_moment_when_it_began),
		TEST(a_replay_adds_each_key_once),
		TEST(the_clock_of_another_host_takes_no_key_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
