/* Walks along the chains of the index while its owner adds and removes. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <pthread.h>

#include "shared/index_walk.h"
#include "tests/unit/arena_fixture.h"

#define STAYING 200
#define WALKS 200

static const struct arena_shape shape = {
	.slots = 1,
	.ring_bytes = 4096,
	.index_connections = 512, /* few chains, so that many share one */
	.index_rooms = 512,
	.roles = { ROLE_GATEWAY },
};

static const struct text acme = { "acme", 4 };

static atomic_bool is_over;

/* Those who stay as one walk saw them, and where the current chain began. */
static struct seen {
	unsigned staying[STAYING];
	unsigned chain[STAYING];
	unsigned others;
} seen;

static void
make_entry(struct index_entry *entry, const char *user, uint64_t secret)
{
	*entry = (struct index_entry){ .secret = secret,
		.since_ms = secret ^ 0xabcdef,
		.tenant_length = 4,
		.user_length = (uint8_t)strlen(user) };
	memcpy(entry->tenant, "acme", 4);
	memcpy(entry->user, user, entry->user_length);
}

static void
settle(void)
{
	for (size_t i = 0; i < STAYING; i++)
		seen.staying[i] += seen.chain[i];
	memset(seen.chain, 0, sizeof(seen.chain));
}

static void
begin(void *self)
{
	(void)self;
	memset(seen.chain, 0, sizeof(seen.chain));
}

static void
see(struct text name)
{
	char text[ROOM_BYTES_MAX + 1] = "";
	unsigned number;

	memcpy(text, name.at, name.length);
	if (sscanf(text, "stays %u", &number) == 1) {
		assert_in_range(number, 0, STAYING - 1);
		seen.chain[number]++;
	} else {
		assert_int_equal(text[0], 'x');
		seen.others++;
	}
}

static void
see_connection(void *self, const struct index_entry *entry)
{
	(void)self;
	assert_true(entry->since_ms == (entry->secret ^ 0xabcdef));
	see((struct text){ entry->user, entry->user_length });
}

static void
see_room(void *self, struct text tenant, struct text room, uint32_t connections)
{
	(void)self;
	(void)connections;
	assert_true(text_equal(tenant, acme));
	see(room);
}

static const struct index_walk walk = { .begin = begin,
	.connection = see_connection,
	.room = see_room,
	.most = 512 };

static int
set_up(void **state)
{
	(void)state;
	arena_fixture_open(&shape);
	for (unsigned i = 0; i < STAYING; i++) {
		struct index_entry entry;
		char name[32];

		snprintf(name, sizeof(name), "stays %u", i);
		make_entry(&entry, name, i);
		assert_true(index_add(arena, 0, &entry));
		assert_true(index_room_add(arena, 0, acme, text_of(name)));
	}
	memset(&seen, 0, sizeof(seen));
	return 0;
}

static void
walk_all(void)
{
	for (uint32_t i = index_next_user_chain(arena, 0, 0);
		i < index_user_chains(arena);
		i = index_next_user_chain(arena, 0, i + 1)) {
		index_walk_users(arena, 0, i, &walk);
		settle();
	}
	for (uint32_t i = index_next_room_chain(arena, 0, 0);
		i < index_room_chains(arena);
		i = index_next_room_chain(arena, 0, i + 1)) {
		index_walk_rooms(arena, 0, i, &walk);
		settle();
	}
}

static void
assert_all_seen(unsigned times)
{
	for (size_t i = 0; i < STAYING; i++)
		assert_int_equal(seen.staying[i], times);
}

/* The owner: others come and go as fast as they can. */
static void *
run_owner(void *unused)
{
	uint32_t places[64];
	char names[64][32];

	(void)unused;
	for (unsigned i = 0; !atomic_load(&is_over); i++) {
		unsigned which = i % 64;
		struct index_entry entry;

		if (i >= 64) {
			index_remove(arena, 0, places[which]);
			index_room_remove(
				arena, 0, acme, text_of(names[which]));
		}
		snprintf(names[which], sizeof(names[which]), "x %u", i);
		make_entry(&entry, names[which], i);
		must(index_add(arena, 0, &entry));
		places[which] = entry.place;
		must(index_room_add(arena, 0, acme, text_of(names[which])));
	}
	return NULL;
}

static void
all_are_told_once(void **state)
{
	(void)state;
	walk_all();
	assert_all_seen(2);
	assert_int_equal(seen.others, 0);
}

static void
who_stays_is_told_once_while_others_come_and_go(void **state)
{
	pthread_t owner;

	(void)state;
	atomic_store(&is_over, false);
	assert_int_equal(pthread_create(&owner, NULL, run_owner, NULL), 0);
	for (unsigned i = 0; i < WALKS || seen.others == 0; i++) {
		unsigned others = seen.others;

		memset(&seen, 0, sizeof(seen));
		seen.others = others;
		walk_all();
		assert_all_seen(2);
	}
	atomic_store(&is_over, true);
	pthread_join(owner, NULL);
}

static void
a_closed_partition_tells_nothing(void **state)
{
	(void)state;
	index_close(arena_partition(arena, 0));
	assert_int_equal(
		index_next_user_chain(arena, 0, 0), index_user_chains(arena));
	assert_int_equal(
		index_next_room_chain(arena, 0, 0), index_room_chains(arena));
	assert_int_equal(index_places(arena, 0), 0);
	for (uint32_t i = 0; i < index_user_chains(arena); i++)
		index_walk_users(arena, 0, i, &walk);
	for (uint32_t i = 0; i < index_room_chains(arena); i++)
		index_walk_rooms(arena, 0, i, &walk);
	settle();
	assert_all_seen(0);
}

static void
a_walk_ends_with_so_many(void **state)
{
	struct index_walk short_walk = walk;
	size_t looked;

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		struct index_entry entry;

		make_entry(&entry, "x", i);
		assert_true(index_add(arena, 0, &entry));
	}
	short_walk.most = 10;
	looked = index_walk_users(arena, 0,
		(uint32_t)(index_hash(arena, acme, TEXT_LITERAL("x")) %
			   index_user_chains(arena)),
		&short_walk);
	assert_int_equal(looked, 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_are_told_once),
		TEST(who_stays_is_told_once_while_others_come_and_go),
		TEST(a_closed_partition_tells_nothing),
		TEST(a_walk_ends_with_so_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
