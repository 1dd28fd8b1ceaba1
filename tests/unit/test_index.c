#include <stdlib.h>

#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>

#include "shared/client_id.h"
#include "shared/index_partition.h"
#include "tests/unit/arena_fixture.h"

#define CONNECTIONS 500
#define ROOMS 300
#define OWN 1
#define OTHER 0

static const struct arena_shape shape = {
	.slots = 2,
	.ring_bytes = 4096,
	.index_connections = CONNECTIONS,
	.index_rooms = ROOMS,
	.roles = { ROLE_GATEWAY, ROLE_GATEWAY },
};

static const struct text acme = { "acme", 4 };

static int
set_up(void **state)
{
	(void)state;
	arena_fixture_open(&shape);
	return 0;
}

static struct partition *
own_partition(void)
{
	return arena_partition(arena, OWN);
}

/* Everything in an entry follows from user and secret, so that a torn copy
 * shows. */
static struct index_entry
entry_of(const char *user, uint64_t secret)
{
	struct index_entry entry = { .secret = secret,
		.since_ms = secret ^ 0xabcdef,
		.platform = (uint32_t)secret * 7,
		.port = (uint16_t)secret,
		.tenant_length = 4,
		.user_length = (uint8_t)strlen(user) };

	memcpy(entry.tenant, "acme", 4);
	memcpy(entry.user, user, entry.user_length);
	memset(entry.address, (int)secret & 0xff, sizeof(entry.address));
	return entry;
}

static bool
is_whole(const struct index_entry *entry)
{
	for (size_t i = 0; i < sizeof(entry->address); i++)
		if (entry->address[i] != (entry->secret & 0xff))
			return false;
	return entry->since_ms == (entry->secret ^ 0xabcdef) &&
	       entry->platform == (uint32_t)entry->secret * 7 &&
	       entry->port == (uint16_t)entry->secret;
}

static uint32_t
add(const char *user, uint64_t secret)
{
	struct index_entry entry = entry_of(user, secret);

	assert_true(index_add(arena, OWN, &entry));
	return entry.place;
}

static size_t
count_user(const char *user)
{
	return index_find_user(arena, OWN, acme, text_of(user), NULL, 0);
}

static bool
has_user(const char *user)
{
	return index_has_user(arena, OWN, acme, text_of(user));
}

static bool
has_room(const char *room)
{
	return index_has_room(arena, OWN, acme, text_of(room));
}

static uint32_t
members(const char *room)
{
	return index_room_connections(arena, OWN, acme, text_of(room));
}

static bool
enter(const char *room)
{
	return index_room_add(arena, OWN, acme, text_of(room));
}

static void
leave(const char *room)
{
	index_room_remove(arena, OWN, acme, text_of(room));
}

/* With this many of one secret's bucket, some find no place in it. */
static void
who_is_shown_is_found_by_his_secret(void **state)
{
	uint32_t places[20];
	struct index_entry entry;

	(void)state;
	for (uint64_t i = 0; i < ARRAY_LEN(places); i++) {
		places[i] = add("ann", i << 32);
		assert_int_equal(
			i > 0, index_find_secret(arena, OWN, 0, &entry));
		index_show_secret(arena, OWN, places[i]);
	}
	for (uint64_t i = 0; i < ARRAY_LEN(places); i++) {
		assert_true(index_find_secret(arena, OWN, i << 32, &entry));
		assert_int_equal(entry.place, places[i]);
	}
	for (uint64_t i = 0; i < ARRAY_LEN(places); i++) {
		index_hide_secret(arena, OWN, places[i]);
		index_remove(arena, OWN, places[i]);
		assert_false(index_find_secret(arena, OWN, i << 32, &entry));
	}
	assert_int_equal(arena_partition(arena, OWN)->hints_missing, 0);
}

static void
a_connection_is_found_by_place_and_by_user(void **state)
{
	uint32_t place = add("ada", 42);
	struct index_entry entry;

	(void)state;
	assert_true(index_read(arena, OWN, place, &entry));
	assert_true(is_whole(&entry));
	assert_int_equal(entry.secret, 42);
	assert_int_equal(entry.place, place);
	memset(&entry, 0, sizeof(entry));
	assert_int_equal(
		index_find_user(arena, OWN, acme, text_of("ada"), &entry, 1),
		1);
	assert_int_equal(entry.secret, 42);
	assert_int_equal(count_user("bob"), 0);
	assert_int_equal(index_find_user(arena, OWN, TEXT_LITERAL("acm"),
				 TEXT_LITERAL("eada"), NULL, 0),
		0);
	assert_false(index_read(arena, OTHER, place, &entry));
}

static void
the_newest_connections_of_a_user_are_found_alone(void **state)
{
	struct index_entry found[3];

	(void)state;
	for (uint64_t i = 1; i <= 5; i++) {
		add("ada", i);
		add("bob", 100 + i);
	}
	assert_int_equal(
		index_find_newest(arena, OWN, acme, text_of("ada"), found, 3),
		3);
	for (uint64_t i = 0; i < 3; i++) {
		assert_true(is_whole(&found[i]));
		assert_int_equal(found[i].secret, 5 - i);
	}
	assert_int_equal(
		index_find_newest(arena, OWN, acme, text_of("eve"), found, 3),
		0);
}

static void
a_removed_connection_is_nowhere(void **state)
{
	uint32_t first = add("ada", 1), second = add("ada", 2);
	struct index_entry entry;

	(void)state;
	index_remove(arena, OWN, first);
	assert_false(index_read(arena, OWN, first, &entry));
	assert_int_equal(
		index_find_user(arena, OWN, acme, text_of("ada"), &entry, 1),
		1);
	assert_int_equal(entry.secret, 2);
	index_remove(arena, OWN, second);
	assert_int_equal(count_user("ada"), 0);
	assert_int_equal(index_next(arena, OWN, 0), INDEX_NO_PLACE);
}

static void
a_user_is_there_while_a_connection_is(void **state)
{
	uint32_t first = add("ada", 1), second = add("ada", 2);

	(void)state;
	assert_true(has_user("ada"));
	assert_false(has_user("bob"));
	assert_false(index_has_user(arena, OTHER, acme, text_of("ada")));
	assert_false(index_has_user(
		arena, OWN, TEXT_LITERAL("acm"), TEXT_LITERAL("eada")));
	index_remove(arena, OWN, second);
	assert_true(has_user("ada"));
	index_remove(arena, OWN, first);
	assert_false(has_user("ada"));
	add("ada", 3);
	assert_true(has_user("ada"));
	index_close(own_partition());
	assert_false(has_user("ada"));
	index_open(arena, OWN, 2);
	assert_false(has_user("ada"));
}

/* The chain of the one who is asked for never holds still: here it makes no
 * sense at all. */
static void
a_user_who_cannot_be_told_counts_as_there(void **state)
{
	struct index_name name;

	(void)state;
	add("ada", 1);
	index_name_make(&name, arena, acme, text_of("bob"));
	index_store(index_user_chain(own_partition(), name.hash), UINT32_MAX);
	assert_true(has_user("bob"));
	index_close(own_partition());
	assert_false(has_user("bob"));
}

static void
a_place_that_nobody_has_is_no_connection(void **state)
{
	struct index_entry entry;

	(void)state;
	add("ada", 1);
	assert_false(index_read(arena, OWN, 1, &entry));
	assert_false(index_read(arena, OWN, CONNECTIONS, &entry));
	assert_false(index_read(arena, OWN, UINT32_MAX, &entry));
	assert_int_equal(index_next(arena, OWN, UINT32_MAX), INDEX_NO_PLACE);
}

static void
a_full_partition_refuses_until_one_leaves(void **state)
{
	struct index_entry more = entry_of("eve", 7);

	(void)state;
	for (uint32_t i = 0; i < CONNECTIONS; i++)
		add("ada", i);
	assert_false(index_add(arena, OWN, &more));
	assert_int_equal(count_user("ada"), CONNECTIONS);
	index_remove(arena, OWN, 17);
	assert_true(index_add(arena, OWN, &more));
	assert_int_equal(more.place, 17);
	assert_int_equal(count_user("ada"), CONNECTIONS - 1);
	assert_false(index_add(arena, OWN, &more));
}

static void
paging_meets_everyone_once(void **state)
{
	bool seen[CONNECTIONS] = { false };
	uint32_t count = 0;

	(void)state;
	for (uint32_t i = 0; i < CONNECTIONS; i++)
		add("ada", i);
	for (uint32_t i = 0; i < CONNECTIONS; i += 3)
		index_remove(arena, OWN, i);
	for (uint32_t at = index_next(arena, OWN, 0); at != INDEX_NO_PLACE;
		at = index_next(arena, OWN, at + 1)) {
		assert_false(seen[at]);
		assert_true(at % 3 != 0);
		seen[at] = true;
		count++;
	}
	assert_int_equal(count, CONNECTIONS - (CONNECTIONS + 2) / 3);
}

/* Adds and removes at random beside a plain list of what must be there. */
static void
a_long_random_life_agrees_with_a_list(void **state)
{
	static uint32_t places[50][CONNECTIONS];
	size_t counts[50] = { 0 };
	unsigned seed = 5;
	char user[16];

	(void)state;
	for (int i = 0; i < 20000; i++) {
		unsigned who = (unsigned)rand_r(&seed) % 50;
		struct index_entry entry;

		snprintf(user, sizeof(user), "user %u", who);
		entry = entry_of(user, (uint64_t)i);
		if (rand_r(&seed) % 2 && index_add(arena, OWN, &entry)) {
			places[who][counts[who]++] = entry.place;
		} else if (counts[who] > 0) {
			size_t which = (size_t)rand_r(&seed) % counts[who];

			index_remove(arena, OWN, places[who][which]);
			places[who][which] = places[who][--counts[who]];
		}
		assert_int_equal(count_user(user), counts[who]);
	}
}

static void
a_room_is_there_while_it_has_members(void **state)
{
	(void)state;
	assert_false(has_room("lobby"));
	assert_true(enter("lobby"));
	assert_true(enter("lobby"));
	assert_int_equal(members("lobby"), 2);
	leave("lobby");
	assert_true(has_room("lobby"));
	assert_int_equal(members("lobby"), 1);
	leave("lobby");
	assert_false(has_room("lobby"));
	assert_int_equal(members("lobby"), 0);
}

static void
rooms_of_tenants_and_slots_are_apart(void **state)
{
	char name[ROOM_BYTES_MAX];

	(void)state;
	memset(name, 'x', sizeof(name));
	assert_true(enter("lobby"));
	assert_false(index_has_room(
		arena, OWN, TEXT_LITERAL("acmel"), TEXT_LITERAL("obby")));
	assert_false(index_has_room(arena, OTHER, acme, text_of("lobby")));
	for (size_t length = 1; length <= sizeof(name); length++) {
		struct text room = { name, length };

		assert_false(index_has_room(arena, OWN, acme, room));
		assert_true(index_room_add(arena, OWN, acme, room));
		assert_true(index_has_room(arena, OWN, acme, room));
		assert_int_equal(
			index_room_connections(arena, OWN, acme, room), 1);
	}
	for (size_t length = 1; length <= sizeof(name); length++) {
		struct text room = { name, length };

		index_room_remove(arena, OWN, acme, room);
		assert_false(index_has_room(arena, OWN, acme, room));
	}
}

static void
a_full_table_of_rooms_claims_all_until_opened_anew(void **state)
{
	char room[16];

	(void)state;
	for (int i = 0; i < ROOMS; i++) {
		snprintf(room, sizeof(room), "room %d", i);
		assert_true(enter(room));
	}
	assert_false(has_room("one more"));
	assert_false(enter("one more"));
	assert_true(has_room("one more"));
	assert_true(has_room("any other"));
	assert_int_equal(members("room 7"), 1);
	leave("room 7");
	assert_true(enter("room 7"));
	leave("one more");
	for (int i = 0; i < ROOMS; i++) {
		snprintf(room, sizeof(room), "room %d", i);
		leave(room);
	}
	assert_true(has_room("one more"));
	index_close(own_partition());
	index_open(arena, OWN, 2);
	assert_false(has_room("one more"));
	assert_false(has_room("room 7"));
	assert_true(enter("room 7"));
	assert_true(has_room("room 7"));
	assert_false(has_room("room 8"));
}

static void
rooms_come_and_go_at_random(void **state)
{
	uint32_t counts[100] = { 0 };
	unsigned seed = 3;
	char room[16];

	(void)state;
	for (int i = 0; i < 20000; i++) {
		unsigned which = (unsigned)rand_r(&seed) % 100;

		snprintf(room, sizeof(room), "room %u", which);
		if (rand_r(&seed) % 2) {
			assert_true(enter(room));
			counts[which]++;
		} else if (counts[which] > 0) {
			leave(room);
			counts[which]--;
		}
		assert_int_equal(members(room), counts[which]);
		assert_int_equal(has_room(room), counts[which] > 0);
	}
}

static void
a_closed_partition_is_skipped(void **state)
{
	uint32_t place = add("ada", 1);
	struct index_entry entry;

	(void)state;
	enter("lobby");
	index_close(own_partition());
	assert_false(has_room("lobby"));
	assert_int_equal(members("lobby"), 0);
	assert_int_equal(count_user("ada"), 0);
	assert_false(index_read(arena, OWN, place, &entry));
	assert_int_equal(index_next(arena, OWN, 0), INDEX_NO_PLACE);
}

static uint64_t
resident_bytes(void)
{
	struct stat status;

	must(fstat(arena_fd(arena), &status) == 0);
	return (uint64_t)status.st_blocks * 512;
}

static void
a_successor_starts_empty_and_the_memory_is_given_back(void **state)
{
	uint64_t before = resident_bytes();
	struct index_entry entry;
	char room[16];

	(void)state;
	for (uint32_t i = 0; i < CONNECTIONS; i++)
		add("ada", i);
	for (int i = 0; i < ROOMS; i++) {
		snprintf(room, sizeof(room), "room %d", i);
		enter(room);
	}
	assert_true(resident_bytes() > before + 100000);
	index_close(own_partition());
	index_open(arena, OWN, 2);
	assert_int_equal(resident_bytes(), before);
	assert_int_equal(count_user("ada"), 0);
	assert_false(index_read(arena, OWN, 0, &entry));
	assert_false(has_room("room 1"));
	assert_int_equal(add("bob", 9), 0);
	assert_int_equal(count_user("bob"), 1);
	assert_true(enter("room 1"));
	assert_int_equal(members("room 1"), 1);
}

/*
 * What an owner leaves that is killed at the worst places: whoever reads comes
 * to an answer, and nothing is seen that was never whole.
 */
static void
an_owner_killed_while_it_adds_leaves_nobody(void **state)
{
	struct index_entry entry;
	struct index_place *place;

	(void)state;
	add("ada", 1);
	add("ada", 2);
	/* taken and filled, neither stamped nor in a chain */
	place = index_place(own_partition(), 2);
	index_store(&own_partition()->places_used, 3);
	index_store_long(&place->words[0], 3);
	assert_false(index_read(arena, OWN, 2, &entry));
	assert_int_equal(count_user("ada"), 2);
	assert_int_equal(index_next(arena, OWN, 2), INDEX_NO_PLACE);
}

static void
an_owner_killed_while_it_removes_leaves_the_others(void **state)
{
	struct index_entry found[3];

	(void)state;
	add("ada", 1);
	add("ada", 2);
	add("ada", 3);
	/* out of the chain, but the way back is as it was, and so is the stamp
	 */
	index_store(&index_place(own_partition(), 2)->next, 1);
	assert_int_equal(
		index_find_user(arena, OWN, acme, text_of("ada"), found, 3), 2);
	assert_int_equal(found[0].secret, 3);
	assert_int_equal(found[1].secret, 1);
}

static void
chains_that_make_no_sense_end_nevertheless(void **state)
{
	struct index_name name;
	struct index_bucket *bucket;

	(void)state;
	add("ada", 1);
	enter("lobby");
	index_store(&index_place(own_partition(), 0)->next, 1);
	assert_true(count_user("ada") <= CONNECTIONS);
	index_store(&index_place(own_partition(), 0)->next, UINT32_MAX);
	assert_true(count_user("ada") <= CONNECTIONS);
	index_name_make(&name, arena, acme, text_of("hall"));
	bucket = index_room_bucket(own_partition(), name.hash);
	index_store(&bucket->first, 1);
	index_store(&index_cell(own_partition(), 0)->next, 1);
	assert_false(has_room("hall"));
	index_store(&bucket->first, UINT32_MAX);
	assert_false(has_room("hall"));
}

/* One owner that never rests and readers beside it. */
#define READERS 2
#define CHANGES 60000

static _Atomic bool is_over;

/* "ever" is always there with two connections and a room; the rest changes,
 * mostly in the same chains. */
static void *
write_all_the_time(void *self)
{
	uint32_t places[40];
	size_t count = 0;
	unsigned seed = 1;
	char name[16];

	(void)self;
	for (uint64_t i = 0; i < CHANGES; i++) {
		snprintf(name, sizeof(name), "%u", (unsigned)i % 64);
		enter(name);
		if (count < ARRAY_LEN(places)) {
			places[count++] = add(i % 3 ? "ever" : name, 1000 + i);
		} else {
			size_t which = (size_t)rand_r(&seed) % count;

			index_remove(arena, OWN, places[which]);
			places[which] = places[--count];
		}
		leave(name);
	}
	is_over = true;
	return NULL;
}

static void
look_once(struct index_entry *found, size_t max)
{
	size_t count =
		index_find_user(arena, OWN, acme, text_of("ever"), found, max);
	size_t old = 0;

	must(count >= 2 && count <= max);
	for (size_t i = 0; i < count; i++) {
		must(is_whole(&found[i]));
		must(found[i].user_length == 4);
		old += found[i].secret < 1000;
	}
	must(old == 2);
	must(has_user("ever"));
	must(has_room("ever") && members("ever") == 1);
	for (uint32_t at = index_next(arena, OWN, 0); at != INDEX_NO_PLACE;
		at = index_next(arena, OWN, at + 1))
		if (index_read(arena, OWN, at, &found[0]))
			must(is_whole(&found[0]) && found[0].place == at);
}

static void *
read_all_the_time(void *self)
{
	struct index_entry found[64];

	(void)self;
	while (!is_over)
		look_once(found, ARRAY_LEN(found));
	return NULL;
}

static void
readers_see_only_what_was_true(void **state)
{
	pthread_t writer, readers[READERS];

	(void)state;
	is_over = false;
	add("ever", 1);
	add("ever", 2);
	enter("ever");
	for (int i = 0; i < READERS; i++)
		pthread_create(&readers[i], NULL, read_all_the_time, NULL);
	pthread_create(&writer, NULL, write_all_the_time, NULL);
	pthread_join(writer, NULL);
	for (int i = 0; i < READERS; i++)
		pthread_join(readers[i], NULL);
}

/* One place that changes hands all the time; not so fast that its stamp is
 * always 0 when the reader's processor gets to see it. */
static void *
change_hands(void *self)
{
	uint32_t place = add("ada", 0);

	(void)self;
	for (uint64_t i = 1; i < 200000; i++) {
		index_remove(arena, OWN, place);
		must(add("ada", i) == place);
		for (int j = 0; j < 4; j++)
			must(has_room("lobby"));
	}
	is_over = true;
	return NULL;
}

static void *
copy_all_the_time(void *self)
{
	struct index_entry entry;
	uint64_t last = 0;

	(void)self;
	while (!is_over)
		if (index_read(arena, OWN, 0, &entry)) {
			must(is_whole(&entry) && entry.secret >= last);
			last = entry.secret;
		}
	return NULL;
}

static void
a_copy_is_never_of_two_connections(void **state)
{
	pthread_t owner, reader;

	(void)state;
	is_over = false;
	enter("lobby");
	pthread_create(&reader, NULL, copy_all_the_time, NULL);
	pthread_create(&owner, NULL, change_hands, NULL);
	pthread_join(owner, NULL);
	pthread_join(reader, NULL);
}

/* Lives follow each other while others read: an answer is of one life. */
static void *
live_and_die(void *self)
{
	(void)self;
	for (uint32_t life = 2; life < 2000; life++) {
		index_close(own_partition());
		index_open(arena, OWN, life);
		add("ever", life);
		add("ever", life);
		enter("ever");
	}
	is_over = true;
	return NULL;
}

static void *
read_many_lives(void *self)
{
	struct index_entry found[3];

	(void)self;
	while (!is_over) {
		size_t count = index_find_user(
			arena, OWN, acme, text_of("ever"), found, 3);

		must(count <= 2);
		for (size_t i = 0; i < count; i++)
			must(is_whole(&found[i]));
		must(count < 2 || found[0].secret == found[1].secret);
		must(members("ever") <= 1);
	}
	return NULL;
}

static void
an_answer_is_never_of_two_lives(void **state)
{
	pthread_t owner, reader;

	(void)state;
	is_over = false;
	pthread_create(&reader, NULL, read_many_lives, NULL);
	pthread_create(&owner, NULL, live_and_die, NULL);
	pthread_join(owner, NULL);
	pthread_join(reader, NULL);
}

static void
a_client_id_names_its_place(void **state)
{
	char id[CLIENT_ID_LENGTH + 1];
	unsigned host, slot;
	uint32_t place;
	uint64_t secret;

	(void)state;
	client_id_write(id, 1023, 1023, UINT32_MAX - 1, 0x0123456789abcdef);
	assert_string_equal(id, "03ff03fffffffffe0123456789abcdef");
	assert_true(client_id_read(text_of(id), &host, &slot, &place, &secret));
	assert_int_equal(host, 1023);
	assert_int_equal(slot, 1023);
	assert_int_equal(place, UINT32_MAX - 1);
	assert_int_equal(secret, 0x0123456789abcdef);
}

static void
what_is_no_client_id_is_refused(void **state)
{
	static const char *const wrong[] = { "", "0",
		"03ff03fffffffffe0123456789abcde",
		"03ff03fffffffffe0123456789abcdef0",
		"03FF03fffffffffe0123456789abcdef",
		"03ff03fffffffffe0123456789abcdeg",
		" 3ff03fffffffffe0123456789abcdef" };
	unsigned host, slot;
	uint32_t place;
	uint64_t secret;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_false(client_id_read(
			text_of(wrong[i]), &host, &slot, &place, &secret));
}

#define INDEX_TEST(name)                                                       \
	cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		INDEX_TEST(a_connection_is_found_by_place_and_by_user),
		INDEX_TEST(the_newest_connections_of_a_user_are_found_alone),
		INDEX_TEST(a_removed_connection_is_nowhere),
		INDEX_TEST(a_user_is_there_while_a_connection_is),
		INDEX_TEST(a_user_who_cannot_be_told_counts_as_there),
		INDEX_TEST(a_place_that_nobody_has_is_no_connection),
		INDEX_TEST(a_full_partition_refuses_until_one_leaves),
		INDEX_TEST(paging_meets_everyone_once),
		INDEX_TEST(a_long_random_life_agrees_with_a_list),
		INDEX_TEST(a_room_is_there_while_it_has_members),
		INDEX_TEST(rooms_of_tenants_and_slots_are_apart),
		INDEX_TEST(a_full_table_of_rooms_claims_all_until_opened_anew),
		INDEX_TEST(rooms_come_and_go_at_random),
		INDEX_TEST(a_closed_partition_is_skipped),
		INDEX_TEST(
			a_successor_starts_empty_and_the_memory_is_given_back),
		INDEX_TEST(an_owner_killed_while_it_adds_leaves_nobody),
		INDEX_TEST(an_owner_killed_while_it_removes_leaves_the_others),
		INDEX_TEST(chains_that_make_no_sense_end_nevertheless),
		INDEX_TEST(readers_see_only_what_was_true),
		INDEX_TEST(a_copy_is_never_of_two_connections),
		INDEX_TEST(an_answer_is_never_of_two_lives),
		INDEX_TEST(who_is_shown_is_found_by_his_secret),
		cmocka_unit_test(a_client_id_names_its_place),
		cmocka_unit_test(what_is_no_client_id_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
