/*
 * Direct messages and rooms at random, through failed batches and kills: a
 * seeded scheduler decides who says what to whom, what of a turn the gateways
 * still get, and what the next life finds in its rings. Whatever happens, each
 * user sees each message once and in order, and what was answered is there.
 */
#include "shared/ring.h"
#include "tests/unit/ledger_lives.h"
#include "tests/unit/mail_fixture.h"

#define USERS 6
#define SAYS_MAX 4000
#define SAYS_A_TURN 5
#define LIVES 40
#define TURNS_A_LIFE 12

/* What was said, by its number, which is its body and request, too. */
static struct said_once {
	unsigned from;
	char others[USERS * 3];
	bool has_key;
	bool is_answered;
	uint64_t id_time; /* of the answer */
	uint64_t offset;
} says[SAYS_MAX];

/* What the clients of a user have seen, in order, as numbers of says. */
static struct seen {
	unsigned *numbers;
	uint64_t count;
} seen[USERS];

static unsigned seed, say_count, lives;

/* The says that the ledger was shown in the last turn of a killed life. */
static unsigned held[SAYS_A_TURN], held_count;

static const char *const names[USERS] = { "u0", "u1", "u2", "u3", "u4", "u5" };

static unsigned
draw(unsigned below)
{
	return (unsigned)rand_r(&seed) % below;
}

static unsigned
gateway_of(unsigned user)
{
	return user % 2 ? GATEWAY_B : GATEWAY_A;
}

/* A say with a key is shown as often as it is refused; it stays one message. */
static int
open_with_users(void **state)
{
	open_ledger(state);
	seed = 11;
	for (unsigned i = 0; i < USERS; i++)
		add_user(gateway_of(i), names[i]);
	return 0;
}

static int
close_with_users(void **state)
{
	for (unsigned i = 0; i < USERS; i++)
		free(seen[i].numbers);
	memset(seen, 0, sizeof(seen));
	return close_ledger(state);
}

static void
show_say_again(unsigned number)
{
	const struct said_once *say = &says[number];
	struct buffer others = { 0 };
	char body[16], key[16] = "";

	snprintf(body, sizeof(body), "%u", number);
	if (say->has_key)
		snprintf(key, sizeof(key), "key %u", number);
	pack_sides(&others, say->others);
	SHOW(SAY, message, gateway_of(say->from), 1, .kind = STREAM_INBOX,
		.tenant = TEXT_LITERAL("t"),
		.stream = text_of(names[say->from]),
		.from = text_of(names[say->from]), .body = text_of(body),
		.key = text_of(key), .others = buffer_text(&others),
		.request = number + 1);
	buffer_fini(&others);
}

static unsigned
say_something(void)
{
	struct said_once *say = &says[say_count];
	size_t length = 0;

	*say = (struct said_once){ .from = draw(USERS),
		.has_key = draw(2) != 0 };
	for (unsigned i = 0; i < USERS; i++) {
		if (i == say->from || draw(3) > 0)
			continue;
		length += (size_t)snprintf(say->others + length,
			sizeof(say->others) - length, "%s%s", length ? " " : "",
			names[i]);
	}
	show_say_again(say_count);
	return say_count++;
}

static unsigned
number_of(struct text name)
{
	for (unsigned i = 0; i < USERS; i++)
		if (text_equal(name, text_of(names[i])))
			return i;
	fail();
	return 0;
}

static void
see(unsigned gateway, struct text user, uint64_t offset, unsigned number)
{
	unsigned who = number_of(user);
	struct seen *own = &seen[who];

	if (gateway_of(who) != gateway)
		return;
	if (offset <= own->count) {
		assert_int_equal(own->numbers[offset - 1], number);
		return; /* a repeat */
	}
	assert_int_equal(offset, own->count + 1);
	for (uint64_t i = 0; i < own->count; i++)
		assert_true(own->numbers[i] != number);
	own->numbers = base_realloc(
		own->numbers, (own->count + 1) * sizeof(*own->numbers));
	own->numbers[own->count++] = number;
}

static void
get_message(unsigned gateway, const struct letter *letter)
{
	struct unpack in = letter_open(letter);
	struct unpack others;
	struct message message;
	struct mail_side side;
	unsigned number;

	assert_true(message_unpack(&in, &message));
	number = (unsigned)message.request - 1;
	see(gateway, message.stream, message.offset, number);
	others = unpack_of(message.others);
	while (mail_next_side(&others, &side))
		see(gateway, side.user, side.offset, number);
}

static void
get_answer(const struct letter *letter)
{
	struct unpack in = letter_open(letter);
	struct said_once *say;
	struct said said;

	assert_true(said_unpack(&in, &said));
	say = &says[said.request - 1];
	if (say->is_answered) {
		assert_int_equal(say->id_time, said.id_time);
		assert_int_equal(say->offset, said.offset);
	}
	say->is_answered = true;
	say->id_time = said.id_time;
	say->offset = said.offset;
	/* Whoever is answered has seen it. */
	assert_true(seen[say->from].count >= said.offset);
	assert_int_equal(
		seen[say->from].numbers[said.offset - 1], said.request - 1);
}

/* The gateway gets the first so many of the letters for it. */
static void
get_letters(unsigned gateway, size_t most)
{
	for (size_t i = 0; i < fake.sent_count && most > 0; i++) {
		const struct sent *sent = &fake.sent[i];

		if (sent->to != gateway)
			continue;
		most--;
		if (sent->letter->kind == LETTER_DELIVER)
			get_message(gateway, sent->letter);
		else if (sent->letter->kind == LETTER_SAID)
			get_answer(sent->letter);
	}
}

static void
get_all_letters(void)
{
	get_letters(GATEWAY_A, SIZE_MAX);
	get_letters(GATEWAY_B, SIZE_MAX);
	fixture_forget_sent();
}

static struct ring *
ring_to(unsigned gateway)
{
	return arena_ring(fake.arena, LEDGER, gateway);
}

/* The last thing that this life does; what of it arrives is left to chance. */
static void
die(void)
{
	uint64_t positions[SLOTS], noted[2] = { ring_noted(ring_to(GATEWAY_A)),
		ring_noted(ring_to(GATEWAY_B)) };

	memcpy(positions, fake.positions, sizeof(positions));
	held_count = draw(SAYS_A_TURN + 1);
	for (unsigned i = 0; i < held_count; i++)
		held[i] = say_something();
	end_turn();
	for (unsigned gateway = GATEWAY_A; gateway <= GATEWAY_B; gateway++) {
		bool is_all = draw(2) != 0;

		get_letters(gateway, is_all ? SIZE_MAX : draw(4));
		if (!is_all)
			ring_note(ring_to(gateway), noted[gateway]);
	}
	fixture_forget_sent();
	worker_row(&fake)->delivered = MIN_OF(
		ring_noted(ring_to(GATEWAY_A)), ring_noted(ring_to(GATEWAY_B)));
	memcpy(fake.positions, positions, sizeof(positions));
}

/* The rings still hold what the last life had taken and not released. */
static void
come_back(void)
{
	get_all_letters(); /* those of messages sent on again */
	for (unsigned i = 0; i < held_count; i++)
		show_say_again(held[i]);
	held_count = 0;
	end_turn();
	get_all_letters();
}

/* A client who got no answer says it again when it has a key. */
static void
insist(void)
{
	for (unsigned i = say_count - MIN_OF(say_count, 20U); i < say_count;
		i++)
		if (says[i].has_key && !says[i].is_answered)
			show_say_again(i);
}

static void
script_life(void)
{
	come_back();
	for (unsigned turn = draw(TURNS_A_LIFE); turn > 0; turn--) {
		bool is_failing = draw(5) == 0;

		if (is_failing)
			limit_journal(draw(400));
		for (unsigned i = draw(SAYS_A_TURN + 1); i > 0; i--)
			say_something();
		if (draw(3) == 0)
			insist();
		end_turn();
		limit_journal(RLIM_INFINITY);
		get_all_letters();
	}
	if (++lives < LIVES)
		die();
}

/* What a user has seen is what the ledger remembers. */
static void
assert_seen_all(void)
{
	for (unsigned i = 0; i < USERS; i++) {
		struct unpack in;
		uint64_t offset;

		SHOW(LOOKUP, lookup, GATEWAY_A, 1, .kind = STREAM_INBOX,
			.tenant = TEXT_LITERAL("t"),
			.stream = text_of(names[i]), .limit = 100);
		end_turn();
		NEXT(PAGE, page, GATEWAY_A);
		in = unpack_of(page.messages);
		assert_int_equal(page.last, seen[i].count);
		assert_int_equal(page.count, 100);
		for (offset = page.first; offset <= page.last; offset++) {
			struct unpack one = unpack_of(unpack_text(&in));
			struct message message;

			assert_true(message_unpack(&one, &message));
			assert_int_equal(message.offset, offset);
			assert_int_equal(message.request - 1,
				seen[i].numbers[offset - 1]);
		}
	}
}

static void
script_end(void)
{
	come_back();
	fixture_forget_sent();
	assert_seen_all();
}

static void
each_user_sees_each_message_once_and_in_order(void **state)
{
	(void)state;
	say_count = lives = 0;
	while (lives < LIVES) {
		play(script_life);
		next_life();
	}
	play(script_end);
	assert_true(say_count > 300);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			each_user_sees_each_message_once_and_in_order,
			open_with_users, close_with_users),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
