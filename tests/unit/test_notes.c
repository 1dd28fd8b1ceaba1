/* What processes log last stands in the arena. */
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
#include "master/words_context.h"
#include "shared/arena.h"
#include "shared/log.h"
#include "shared/notes.h"

#define MASTER 2

static const struct arena_shape shape = {
	.slots = 2,
	.ring_bytes = 4096,
	.index_connections = 10,
	.index_rooms = 10,
	.roles = { ROLE_GATEWAY, ROLE_LEDGER },
};

static struct arena *arena;
static struct answer answer;

static int
set_up(void **state)
{
	(void)state;
	arena = arena_create(&shape);
	log_open("/dev/null", LOG_LEVEL_DEBUG, LOG_FORMAT_TEXT);
	log_set_name("test");
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	log_set_listener(NULL, NULL);
	buffer_fini(&answer.out);
	arena_free(&arena);
	return 0;
}

static void
be(unsigned slot)
{
	log_set_listener(notes_add, arena_notes(arena, slot));
}

static const char *
note(unsigned slot, enum notes_kind kind, unsigned back)
{
	static struct note found;
	static char text[NOTE_TEXT_BYTES + 1];

	if (!notes_read(arena_notes(arena, slot), kind, back, &found))
		return "none";
	memcpy(text, found.text, found.length);
	text[found.length] = 0;
	return text;
}

static void
trouble_and_infos_are_kept_apart_and_debugging_not_at_all(void **state)
{
	(void)state;
	be(0);
	log_error("first %d", 1);
	log_info("calm");
	log_debug("nobody keeps this");
	log_warning("second");
	assert_string_equal(note(0, NOTES_OF_TROUBLE, 0), "second");
	assert_string_equal(note(0, NOTES_OF_TROUBLE, 1), "first 1");
	assert_string_equal(note(0, NOTES_OF_TROUBLE, 2), "none");
	assert_string_equal(note(0, NOTES_OF_INFO, 0), "calm");
	assert_string_equal(note(0, NOTES_OF_INFO, 1), "none");
	assert_string_equal(note(1, NOTES_OF_TROUBLE, 0), "none");
}

static void
the_oldest_make_room(void **state)
{
	char text[32];

	(void)state;
	for (unsigned i = 0; i < 3 * NOTES_KEPT + 5; i++) {
		snprintf(text, sizeof(text), "number %u", i);
		notes_add(arena_notes(arena, 1), LOG_LEVEL_ERROR, text);
	}
	for (unsigned back = 0; back < NOTES_KEPT; back++) {
		snprintf(text, sizeof(text), "number %u",
			3 * NOTES_KEPT + 4 - back);
		assert_string_equal(note(1, NOTES_OF_TROUBLE, back), text);
	}
	assert_string_equal(note(1, NOTES_OF_TROUBLE, NOTES_KEPT), "none");
}

static void
a_long_one_ends_at_a_character(void **state)
{
	char text[NOTE_TEXT_BYTES + 10];

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text + NOTE_TEXT_BYTES - 2, "\u754c", 3);
	text[sizeof(text) - 1] = 0;
	notes_add(arena_notes(arena, 0), LOG_LEVEL_INFO, text);
	assert_int_equal(
		strlen(note(0, NOTES_OF_INFO, 0)), NOTE_TEXT_BYTES - 2);
	text[NOTE_TEXT_BYTES - 2] = 0;
	notes_add(arena_notes(arena, 0), LOG_LEVEL_INFO, text);
	assert_string_equal(note(0, NOTES_OF_INFO, 0), text);
}

static const char *
show(look_show *what, size_t limit)
{
	const struct words_context context = { .arena = arena };
	struct look look = { .limit = limit };

	buffer_fini(&answer.out);
	answer = (struct answer){ 0 };
	what(&context, &look, &answer);
	buffer_add_byte(&answer.out, 0);
	return (const char *)answer.out.data;
}

static void
the_last_of_all_processes_are_shown_in_order(void **state)
{
	const char *shown;

	(void)state;
	be(MASTER);
	log_info("nothing special");
	log_error("a\tb");
	be(1);
	log_warning("c");
	shown = show(look_errors, 50);
	assert_non_null(strstr(shown, "\terror\tmaster\t"));
	assert_non_null(strstr(shown, "\ta?b\n"));
	assert_non_null(strstr(shown, "\twarning\tledger 0\t"));
	assert_null(strstr(shown, "special"));
	assert_int_equal(answer.items, 2);
	show(look_log, 50);
	assert_int_equal(answer.items, 3);
	shown = show(look_log, 1);
	assert_int_equal(answer.items, 1);
	assert_null(strstr(shown, "special"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(trouble_and_infos_are_kept_apart_and_debugging_not_at_all),
		TEST(the_oldest_make_room),
		TEST(a_long_one_ends_at_a_character),
		TEST(the_last_of_all_processes_are_shown_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
