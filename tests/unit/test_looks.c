/* What the status socket shows of the index: complete, without repeats, and
 * with a bounded amount of work for each page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "master/answer.h"
#include "master/look.h"
#include "master/looks.h"
#include "master/words_context.h"
#include "shared/arena.h"
#include "shared/base.h"
#include "shared/config.h"
#include "shared/index.h"

#define GATEWAYS 3
#define STAYING 1200
#define MANY 1000000

static struct arena *arena;
static const struct config config = { .host_id = 7 };
static struct words_context context = { .config = &config };
static struct answer answer;

static void
make_arena(uint32_t connections, uint32_t rooms)
{
	const struct arena_shape shape = { .slots = GATEWAYS + 1,
		.ring_bytes = 4096,
		.index_connections = connections,
		.index_rooms = rooms,
		.roles = { ROLE_GATEWAY, ROLE_GATEWAY, ROLE_GATEWAY,
			ROLE_LEDGER } };

	arena = arena_create(&shape);
	context.arena = arena;
	for (unsigned i = 0; i < GATEWAYS; i++)
		index_open(arena, i, 1);
}

static int
set_up(void **state)
{
	(void)state;
	make_arena(5000, 5000);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	buffer_fini(&answer.out);
	arena_free(&arena);
	return 0;
}

static const struct text tenant = { "default", 7 };

static void
enter(unsigned slot, const char *room)
{
	assert_true(index_room_add(arena, slot, tenant, text_of(room)));
}

static void
leave(unsigned slot, const char *room)
{
	index_room_remove(arena, slot, tenant, text_of(room));
}

static uint32_t
come(unsigned slot, const char *user, uint64_t secret)
{
	struct index_entry entry = { .secret = secret,
		.since_ms = 1000 + secret,
		.platform = 101,
		.port = 80,
		.tenant_length = 7,
		.user_length = (uint8_t)strlen(user) };

	memcpy(entry.tenant, "default", 7);
	memcpy(entry.user, user, entry.user_length);
	assert_true(index_add(arena, slot, &entry));
	return entry.place;
}

/* The answer to a request; valid until the next one. */
static char *
ask(const char *request)
{
	buffer_fini(&answer.out);
	answer = (struct answer){ 0 };
	assert_true(looks_answer(&context, text_of(request), &answer));
	buffer_add_byte(&answer.out, 0);
	return (char *)answer.out.data;
}

static void
refuses(const char *request)
{
	assert_memory_equal(ask(request), "error: ", 7);
	assert_string_equal(strchr((char *)answer.out.data, '\n'), "\n\n");
}

static void
what_makes_no_sense_is_refused(void **state)
{
	static const char *const requests[] = { "show rooms limit=0",
		"show rooms limit=1001", "show rooms limit=", "show rooms x",
		"show rooms limit=5x", "show rooms limit=-1",
		"show rooms limit=99999999999999999999",
		"show rooms after=", "show rooms limit=5 limit=6",
		"show rooms after=\x01", "show rooms after=\xff",
		"show rooms prefix=\t",
		"show rooms tenant=", "show rooms rooms",
		"show clients after=x",
		"show clients after=0001000000000000000000000000000Z",
		"show clients prefix=x", "show client",
		"show client 00070000000000000000000000000000",
		"show client \x80", "show room", "show room a\tb", "show user",
		"show user u after=u", "show rings after=1",
		"show rings after=1-", "show rings after=1-2-3",
		"show rings after=-1", "show peers now", "show ledger 1",
		"show room r limit=5 tenant=\x7f" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(requests); i++)
		refuses(requests[i]);
}

static void
other_words_are_no_look(void **state)
{
	(void)state;
	assert_false(looks_answer(&context, TEXT_LITERAL("show"), &answer));
	assert_false(looks_answer(&context, TEXT_LITERAL(""), &answer));
	assert_false(looks_answer(&context, TEXT_LITERAL("rooms"), &answer));
	assert_false(looks_answer(&context, TEXT_LITERAL("show r"), &answer));
}

/* The rows of the answer, and where the first column of the last one is. */
static size_t
rows_of(char *page, struct text *last)
{
	char *line = strchr(page, '\n') + 1;
	size_t rows = 0;

	for (; *line != '\n'; rows++) {
		*last = (struct text){ line, strcspn(line, "\t") };
		line = strchr(line, '\n') + 1;
	}
	return rows;
}

static bool
has_row(const char *page, const char *row)
{
	char line[300];

	snprintf(line, sizeof(line), "\n%s\n", row);
	return strstr(page, line) != NULL;
}

static void
a_room_is_added_up_over_gateways(void **state)
{
	(void)state;
	enter(0, "r");
	enter(0, "r");
	enter(2, "r");
	enter(1, "s");
	enter(1, "");
	assert_true(has_row(ask("show rooms"), "r\tdefault\t3\t2"));
	assert_true(has_row(ask("show rooms"), "s\tdefault\t1\t1"));
	assert_string_equal(ask("show rooms prefix=s"),
		"room\ttenant\tconnections\tgateways\ns\tdefault\t1\t1\n\n");
	assert_string_equal(ask("show room r"),
		"slot\tgateway\tpid\tconnections\n0\t0\t0\t2\n2\t2\t0\t1\n\n");
	assert_null(strstr(ask("show rooms tenant=other"), "default"));
	leave(2, "r");
	assert_true(has_row(ask("show rooms"), "r\tdefault\t2\t1"));
}

static void
a_name_may_have_spaces_and_look_like_an_option(void **state)
{
	(void)state;
	enter(0, "my room");
	enter(0, "x limit=1");
	assert_true(
		has_row(ask("show room my room tenant=default"), "0\t0\t0\t1"));
	assert_true(has_row(ask("show room x limit=1"), "0\t0\t0\t1"));
	assert_true(has_row(ask("show room \"my room\""), "0\t0\t0\t1"));
	ask("show rooms limit=9 prefix= tenant=default after=x limit=1");
	assert_null(strstr((char *)answer.out.data, "x limit"));
	assert_true(has_row(ask("show rooms prefix=my r limit=9"),
		"my room\tdefault\t1\t1"));
}

static void
a_name_never_breaks_the_table(void **state)
{
	static const struct text names[] = { { "a\nb\tc\x7f"
					       "d",
						     7 },
		{ "\xff\xc2", 2 }, { "\0", 1 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_true(index_room_add(arena, 0, tenant, names[i]));
	assert_true(has_row(ask("show rooms"), "a?b?c?d\tdefault\t1\t1"));
	assert_true(has_row(ask("show rooms"), "?\?\tdefault\t1\t1"));
	answer.is_json = false;
}

static void
remember_row(const char *line, unsigned *seen)
{
	unsigned number;

	if (sscanf(line, "stays-%u\t", &number) != 1)
		return;
	assert_in_range(number, 0, STAYING - 1);
	seen[number]++;
}

/* Reads all pages of rooms or users, and lets others come and go between
 * them. */
static void
read_all(const char *what, unsigned *seen, void (*change)(void))
{
	char request[300];
	struct text last;

	snprintf(request, sizeof(request), "show %s limit=37", what);
	while (rows_of(ask(request), &last) > 0) {
		char *line = strchr((char *)answer.out.data, '\n') + 1;

		for (; *line != '\n'; line = strchr(line, '\n') + 1)
			remember_row(line, seen);
		snprintf(request, sizeof(request),
			"show %s limit=37 after=%.*s", what, TEXT_ARGS(last));
		change();
	}
	for (size_t i = 0; i < STAYING; i++)
		assert_int_equal(seen[i], 1);
}

static unsigned changes;

static void
change_rooms(void)
{
	char name[32];

	for (unsigned i = 0; i < 50; i++) {
		if (changes >= 100) {
			snprintf(name, sizeof(name), "x%u", changes - 100);
			leave((changes - 100) % GATEWAYS, name);
		}
		snprintf(name, sizeof(name), "x%u", changes);
		enter(changes % GATEWAYS, name);
		changes++;
	}
	snprintf(name, sizeof(name), "stays-%u", changes % STAYING);
	enter(changes % GATEWAYS, name);
}

static void
all_rooms_are_listed_once_whoever_comes_and_goes(void **state)
{
	unsigned seen[STAYING] = { 0 };
	char name[32];

	(void)state;
	changes = 0;
	for (unsigned i = 0; i < STAYING; i++) {
		snprintf(name, sizeof(name), "stays-%u", i);
		enter(i % GATEWAYS, name);
	}
	read_all("rooms", seen, change_rooms);
}

static uint32_t places[4000];

static void
change_users(void)
{
	char name[32];

	for (unsigned i = 0; i < 50; i++, changes++) {
		unsigned slot = changes % GATEWAYS;
		uint32_t *place = &places[changes % 100 * GATEWAYS + slot];

		if (*place)
			index_remove(arena, slot, *place - 1);
		snprintf(name, sizeof(name), "x%u", changes);
		*place = 1 + come(slot, name, changes);
	}
}

static void
come_all(void)
{
	char name[32];

	changes = 0;
	memset(places, 0, sizeof(places));
	for (unsigned i = 0; i < STAYING; i++) {
		snprintf(name, sizeof(name), "stays-%u", i);
		come(i % GATEWAYS, name, i);
		if (i % 3 == 0)
			come((i + 1) % GATEWAYS, name, i);
		if (i % 5 == 0)
			change_users();
	}
}

static void
all_users_are_listed_once_whoever_comes_and_goes(void **state)
{
	unsigned seen[STAYING] = { 0 };

	(void)state;
	come_all();
	read_all("users", seen, change_users);
	assert_true(has_row(ask("show users prefix=stays-3 limit=1000"),
		"stays-3\tdefault\t2\t2\t1003"));
}

static void
all_clients_are_listed_once_whoever_comes_and_goes(void **state)
{
	unsigned seen[STAYING] = { 0 };
	char request[100] = "show clients limit=91";
	struct text last;

	(void)state;
	come_all();
	while (rows_of(ask(request), &last) > 0) {
		char *line = strchr((char *)answer.out.data, '\n') + 1;

		for (; *line != '\n'; line = strchr(line, '\n') + 1)
			remember_row(strchr(line, '\t') + 1, seen);
		snprintf(request, sizeof(request),
			"show clients after=%.*s limit=91", TEXT_ARGS(last));
		change_users();
	}
	for (size_t i = 0; i < STAYING; i++)
		assert_int_equal(seen[i], i % 3 == 0 ? 2 : 1);
}

static void
a_client_is_found_by_its_id(void **state)
{
	struct text last = { 0 };
	char request[100];

	(void)state;
	come(1, "u", 5);
	come(2, "u", 6);
	assert_int_equal(rows_of(ask("show user u"), &last), 2);
	assert_int_equal(rows_of(ask("show user u limit=1"), &last), 1);
	snprintf(request, sizeof(request), "show user u after=%.*s",
		TEXT_ARGS(last));
	assert_int_equal(rows_of(ask(request), &last), 1);
	snprintf(request, sizeof(request), "show client %.*s", TEXT_ARGS(last));
	assert_non_null(strstr(ask(request), "\nuser: u\ntenant: default\n"));
	assert_non_null(strstr((char *)answer.out.data, "\nslot: 2\n"));
	request[strlen(request) - 1] ^= 1;
	refuses(request);
	assert_int_equal(rows_of(ask("show user v"), &last), 0);
}

static void
json_says_the_same(void **state)
{
	(void)state;
	enter(0, "r\"");
	answer = (struct answer){ .is_json = true };
	assert_true(
		looks_answer(&context, TEXT_LITERAL("show rooms"), &answer));
	buffer_add_byte(&answer.out, 0);
	assert_string_equal((char *)answer.out.data,
		"[{\"room\":\"r\\\"\",\"tenant\":\"default\",\"connections\":1,"
		"\"gateways\":1}]\n\n");
}

/* One page; returns how many rows it has. */
static size_t
look_at(look_show *show, struct look *look)
{
	buffer_fini(&answer.out);
	answer = (struct answer){ 0 };
	look->looked = 0;
	look->tenant = tenant;
	show(&context, look, &answer);
	buffer_add_byte(&answer.out, 0);
	return answer.items;
}

static void
a_page_of_a_million_is_a_bounded_amount_of_work(void **state)
{
	struct look nobody = { .limit = 100, .prefix = TEXT_LITERAL("no") };
	struct look look = { .limit = 100 };
	size_t pages = 0;
	char name[32];

	(void)state;
	make_arena(MANY, 1000);
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "user %u", i);
		come(0, name, i);
	}
	assert_int_equal(look_at(look_clients, &look), 100);
	assert_int_equal(look.looked, 100);
	look = (struct look){ .limit = 1000 };
	assert_int_equal(look_at(look_users, &look), 1000);
	assert_in_range(look.looked, 1000, 1100);
	for (; look_at(look_users, &nobody) > 0; pages++) {
		static char cursor[32];

		assert_in_range(nobody.looked, 1, LOOK_ENTRIES_MAX + 100);
		snprintf(cursor, sizeof(cursor), "%s",
			strchr((char *)answer.out.data, '\n') + 1);
		*strchr(cursor, '\t') = 0;
		nobody.after = text_of(cursor);
		nobody.limit = 100;
	}
	assert_in_range(pages, MANY / LOOK_ENTRIES_MAX - 1,
		MANY / LOOK_ENTRIES_MAX + 1);

	for (uint32_t i = 0; i < MANY - 1; i++)
		index_remove(arena, 0, i);
	look = (struct look){ .limit = 100 };
	assert_int_equal(look_at(look_clients, &look), 1);
	assert_int_equal(look.looked, LOOK_PLACES_MAX);
}

static void
one_of_a_small_tenant_is_found_among_very_many_others(void **state)
{
	struct index_entry alone = { .secret = 1,
		.tenant_length = 3,
		.user_length = 5,
		.tenant = "few",
		.user = "alone" };
	char name[32];

	(void)state;
	make_arena(MANY, 1000);
	for (unsigned i = 0; i < MANY / 2; i++) {
		snprintf(name, sizeof(name), "user %u", i);
		come(0, name, i);
	}
	assert_true(index_add(arena, 1, &alone));
	assert_non_null(
		strstr(ask("show users tenant=few"), "\nalone\tfew\t1"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_makes_no_sense_is_refused),
		TEST(other_words_are_no_look),
		TEST(a_room_is_added_up_over_gateways),
		TEST(a_name_may_have_spaces_and_look_like_an_option),
		TEST(a_name_never_breaks_the_table),
		TEST(all_rooms_are_listed_once_whoever_comes_and_goes),
		TEST(all_users_are_listed_once_whoever_comes_and_goes),
		TEST(all_clients_are_listed_once_whoever_comes_and_goes),
		TEST(a_client_is_found_by_its_id),
		TEST(json_says_the_same),
		cmocka_unit_test_teardown(
			a_page_of_a_million_is_a_bounded_amount_of_work,
			tear_down),
		cmocka_unit_test_teardown(
			one_of_a_small_tenant_is_found_among_very_many_others,
			tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
