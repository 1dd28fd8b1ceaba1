/*
 * What the api asks on behalf of exchanges, without exchanges: numbers that are
 * used once, questions that are asked again, and messages gathered for ledgers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/arena.h"
#include "shared/base.h"
#include "shared/config.h"
#include "worker/api/errand.h"
#include "worker/api/gather.h"
#include "worker/edge/ledgers.h"

#define API 1
#define LEDGER 2
#define LEDGERS 2
#define LETTERS_MAX 64

static struct config config = { .host_id = 1 };
static struct errands errands;
static struct letter *sent[LETTERS_MAX];
static unsigned sent_to[LETTERS_MAX];
static size_t sent_count;
static bool is_full;
static unsigned ended;

static void
keep(unsigned to, const struct letter *letter)
{
	must(sent_count < LETTERS_MAX);
	sent[sent_count] = base_alloc(letter->size);
	memcpy(sent[sent_count], letter, letter->size);
	sent_to[sent_count++] = to;
}

static bool
offer(void *self, unsigned to, struct letter *letter)
{
	(void)self;
	if (!is_full)
		keep(to, letter);
	return !is_full;
}

static void
send_later(void *self, unsigned to, struct letter *letter)
{
	(void)self;
	keep(to, letter);
}

static void
forget_sent(void)
{
	while (sent_count > 0)
		free(sent[--sent_count]);
}

static int
set_up(void **state)
{
	const struct arena_shape shape = {
		.slots = LEDGER + LEDGERS,
		.ring_bytes = 8192,
		.index_connections = 64,
		.index_rooms = 64,
		.roles = { ROLE_GATEWAY, ROLE_API, ROLE_LEDGER, ROLE_LEDGER },
	};

	(void)state;
	is_full = false;
	ended = 0;
	errands = (struct errands){
		.edge = {
			.config = &config,
			.arena = arena_create(&shape),
			.slot = API,
			.life = 5,
			.office = { offer, send_later, NULL, NULL },
		},
	};
	must(errands.edge.arena != NULL);
	errands_init(&errands);
	return 0;
}

static int
tear_down(void **state)
{
	struct arena *arena = errands.edge.arena;

	(void)state;
	errands_fini(&errands);
	arena_free(&arena);
	forget_sent();
	return 0;
}

/* An errand that counts what comes. */
struct counting {
	struct errand errand;
	unsigned letters, deaths;
};

static void
on_letter(struct errand *errand, const struct letter *letter)
{
	struct counting *counting = (struct counting *)errand;

	(void)letter;
	counting->letters++;
}

static void
on_death(struct errand *errand, unsigned slot)
{
	struct counting *counting = (struct counting *)errand;

	counting->deaths += slot == 0;
}

static void
on_late(struct errand *errand)
{
	errand_end(errand);
}

static void
on_end(struct errand *errand)
{
	(void)errand;
	ended++;
}

static struct counting *
begin(void)
{
	static const struct errand_hooks hooks = {
		.on_letter = on_letter,
		.on_death = on_death,
		.on_late = on_late,
		.on_end = on_end,
	};

	return errand_begin(&errands, NULL, sizeof(struct counting), &hooks);
}

static bool
tell_said(uint64_t request)
{
	struct buffer out = { 0 };
	bool is_answer;

	letter_begin(&out, LETTER_SAID);
	said_pack(&out, &(struct said){ .request = request });
	is_answer = errands_on_letter(&errands, letter_end(&out));
	buffer_fini(&out);
	return is_answer;
}

static void
an_answer_finds_its_errand_and_no_later_one(void **state)
{
	struct counting *first = begin(), *second;
	uint64_t request = first->errand.request;

	(void)state;
	assert_true(tell_said(request));
	assert_int_equal(first->letters, 1);
	errand_end(&first->errand);
	assert_int_equal(ended, 1);
	second = begin();
	assert_true(second->errand.request != request);
	assert_true(tell_said(request));
	assert_true(tell_said(0));
	assert_true(tell_said(UINT64_MAX));
	assert_int_equal(second->letters, 0);
	assert_true(tell_said(second->errand.request));
	assert_int_equal(second->letters, 1);
}

static void
a_letter_that_is_no_answer_is_not_taken(void **state)
{
	struct buffer out = { 0 };

	(void)state;
	letter_begin(&out, LETTER_DELIVER);
	message_pack(&out, &(struct message){ 0 });
	assert_false(errands_on_letter(&errands, letter_end(&out)));
	buffer_fini(&out);
}

static void
a_new_ledger_is_asked_again(void **state)
{
	struct counting *of_one = begin(), *of_all = begin();

	(void)state;
	begin();
	members_wanted_pack(edge_letter(&errands.edge, LETTER_MEMBERS_WANTED),
		&(struct members_wanted){ .request = of_one->errand.request });
	errand_keep(&of_one->errand, 1);
	rooms_wanted_pack(edge_letter(&errands.edge, LETTER_ROOMS_WANTED),
		&(struct rooms_wanted){ .request = of_all->errand.request });
	errand_keep(&of_all->errand, LEDGERS_ALL);
	errands_on_peer(&errands, LEDGER, true);
	assert_int_equal(sent_count, 1);
	assert_int_equal(sent[0]->kind, LETTER_ROOMS_WANTED);
	assert_int_equal(sent_to[0], LEDGER);
	errands_on_peer(&errands, LEDGER + 1, true);
	assert_int_equal(sent_count, 3);
	errands_on_peer(&errands, LEDGER, false);
	errands_on_peer(&errands, 0, true);
	assert_int_equal(sent_count, 3);
}

static void
who_died_is_told_of(void **state)
{
	struct counting *counting = begin();

	(void)state;
	errands_on_peer(&errands, 0, false);
	errands_on_peer(&errands, LEDGER, false);
	assert_int_equal(counting->deaths, 1);
}

static void
an_errand_that_takes_too_long_is_ended(void **state)
{
	struct counting *first = begin();
	uint64_t late_ms = first->errand.late_ms;

	(void)state;
	errands_on_tick(&errands, late_ms - 1);
	assert_int_equal(ended, 0);
	errands_on_tick(&errands, late_ms + 2000);
	assert_int_equal(ended, 1);
	assert_int_equal(errands.count, 0);
}

static void
those_that_are_open_end_with_the_process(void **state)
{
	(void)state;
	begin();
	begin();
	errands_fini(&errands);
	assert_int_equal(ended, 2);
	errands_init(&errands);
}

/* Gathering */

static void
add(struct gather *gather, unsigned ledger, uint64_t number, const char *body)
{
	gather_add(gather, ledger,
		&(struct message){ .kind = STREAM_ROOM,
			.tenant = TEXT_LITERAL("t"),
			.stream = TEXT_LITERAL("r"),
			.from = TEXT_LITERAL("u"),
			.body = text_of(body),
			.connection = number });
}

/* How many messages are in the letter, and that they have their bodies. */
static size_t
count_in(const struct letter *letter, const char *body, uint64_t first)
{
	struct unpack in = letter_open(letter);
	struct says says;
	size_t count = 0;

	assert_int_equal(letter->kind, LETTER_SAY_MANY);
	assert_true(says_unpack(&in, &says));
	in = unpack_of(says.messages);
	while (in.at < in.end) {
		struct unpack one = unpack_of(unpack_text(&in));
		struct message message;

		assert_true(message_unpack(&one, &message));
		if (message.body.length == 0)
			message.body = says.body;
		assert_true(text_equal(message.body, text_of(body)));
		assert_int_equal(message.connection, first + count);
		count++;
	}
	return count;
}

static void
messages_for_one_ledger_are_one_letter(void **state)
{
	struct gather *gather = gather_new(&errands.edge);
	char body[2048];
	uint64_t number;

	(void)state;
	memset(body, 'x', sizeof(body) - 1);
	body[sizeof(body) - 1] = 0;
	for (uint64_t i = 0; i < 20; i++)
		add(gather, 0, i, body);
	add(gather, 1, 20, "1");
	assert_int_equal(sent_count, 0);
	gather_send(gather);
	assert_int_equal(sent_count, 2);
	assert_int_equal(sent_to[0], LEDGER);
	assert_int_equal(count_in(sent[0], body, 0), 20);
	assert_true(sent[0]->size < 2 * sizeof(body));
	assert_int_equal(sent_to[1], LEDGER + 1);
	assert_int_equal(count_in(sent[1], "1", 20), 1);
	assert_false(gather_next_refused(gather, &number));
	gather_free(&gather);
}

static void
what_does_not_fit_into_one_letter_goes_in_several(void **state)
{
	struct gather *gather = gather_new(&errands.edge);
	char body[1024];
	size_t count = 0;

	(void)state;
	for (uint64_t i = 0; i < 30; i++) {
		memset(body, 'a' + (int)i % 26, sizeof(body) - 1);
		body[sizeof(body) - 1] = 0;
		add(gather, 0, i, body);
	}
	gather_send(gather);
	assert_true(sent_count > 8);
	for (size_t i = 0; i < sent_count; i++) {
		struct unpack in = letter_open(sent[i]);
		struct says says;

		assert_true(sent[i]->size <= ledgers_letter_max(&errands.edge));
		assert_true(says_unpack(&in, &says));
		in = unpack_of(says.messages);
		while (in.at < in.end) {
			unpack_text(&in);
			count++;
		}
	}
	assert_int_equal(count, 30);
	gather_free(&gather);
}

static void
what_a_busy_ledger_does_not_take_is_named(void **state)
{
	struct gather *gather = gather_new(&errands.edge);
	uint64_t number;

	(void)state;
	is_full = true;
	add(gather, 0, 7, "1");
	add(gather, 0, 9, "2");
	gather_send(gather);
	assert_int_equal(sent_count, 0);
	assert_true(gather_next_refused(gather, &number));
	assert_int_equal(number, 7);
	assert_true(gather_next_refused(gather, &number));
	assert_int_equal(number, 9);
	assert_false(gather_next_refused(gather, &number));
	gather_free(&gather);
}

/* Otherwise a part of a request would be said, and a part not. */
static void
what_follows_a_letter_that_was_taken_may_wait(void **state)
{
	struct gather *gather = gather_new(&errands.edge);
	char body[3000];
	uint64_t number;

	(void)state;
	memset(body, 'a', sizeof(body) - 1);
	body[sizeof(body) - 1] = 0;
	add(gather, 0, 1, body);
	body[0] = 'b';
	add(gather, 0, 2, body);
	assert_int_equal(sent_count, 1);
	is_full = true;
	gather_send(gather);
	assert_int_equal(sent_count, 2);
	assert_false(gather_next_refused(gather, &number));
	gather_free(&gather);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_answer_finds_its_errand_and_no_later_one),
		TEST(a_letter_that_is_no_answer_is_not_taken),
		TEST(a_new_ledger_is_asked_again),
		TEST(who_died_is_told_of),
		TEST(an_errand_that_takes_too_long_is_ended),
		TEST(those_that_are_open_end_with_the_process),
		TEST(messages_for_one_ledger_are_one_letter),
		TEST(what_does_not_fit_into_one_letter_goes_in_several),
		TEST(what_a_busy_ledger_does_not_take_is_named),
		TEST(what_follows_a_letter_that_was_taken_may_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
