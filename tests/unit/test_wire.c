#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "worker/relay/wire.h"

/* Two hosts of one cluster, and what one has sealed last. */
static struct wire *ann, *bob;
static struct buffer sealed;

#define ANN 1
#define BOB 2
#define ANN_EPOCH 0x1234567890abcdefU
#define BOB_EPOCH 77U

static struct wire *
member(unsigned host, uint64_t epoch, const char *cluster, const char *secret)
{
	return wire_new(&(struct wire_self){
		.cluster = text_of(cluster),
		.secret = text_of(secret),
		.host = host,
		.epoch = epoch,
	});
}

static int
set_up(void **state)
{
	(void)state;
	ann = member(ANN, ANN_EPOCH, "confab", "secret");
	bob = member(BOB, BOB_EPOCH, "confab", "secret");
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	wire_free(&ann);
	wire_free(&bob);
	buffer_fini(&sealed);
	return 0;
}

static struct text
beat_of(struct wire *from)
{
	struct wire_beat beat = { .unix_ms = 5, .live_head = 7 };

	wire_begin(&sealed);
	wire_beat_pack(&sealed, &beat);
	wire_seal(from, WIRE_BEAT, 0, 0, &sealed);
	return buffer_text(&sealed);
}

/* The answer to a hello, as a relay gives it. */
static struct text
helloed_of(struct wire *from, unsigned to, uint64_t asked, uint64_t nonce)
{
	struct wire_helloed helloed = { .nonce = nonce, .ledgers = 4 };

	wire_begin(&sealed);
	wire_helloed_pack(&sealed, &helloed);
	wire_seal(from, WIRE_HELLOED, to, asked, &sealed);
	return buffer_text(&sealed);
}

static bool
greet(struct wire *us, struct wire *them, uint64_t nonce)
{
	struct wire_helloed helloed;
	struct wire_frame frame;
	struct text bytes = helloed_of(them, 0, 9, nonce);

	return wire_open_answer(us, bytes, 9, &frame) == WIRE_GOOD &&
	       wire_believe(us, &frame, nonce, &helloed);
}

static void
a_frame_comes_back_as_it_was(void **state)
{
	struct wire_frame frame;
	struct wire_beat beat;
	struct unpack in;

	(void)state;
	assert_true(greet(bob, ann, 42));
	assert_int_equal(wire_open_bus(bob, beat_of(ann), &frame), WIRE_GOOD);
	assert_int_equal(frame.kind, WIRE_BEAT);
	assert_int_equal(frame.host, ANN);
	assert_true(frame.epoch == ANN_EPOCH);
	in = unpack_of(frame.body);
	assert_true(wire_beat_unpack(&in, &beat));
	assert_ptr_equal(in.at, in.end);
	assert_int_equal(beat.unix_ms, 5);
	assert_int_equal(beat.live_head, 7);
	assert_int_equal(beat.sources.length, 0);
}

static void
counts_grow_and_are_told(void **state)
{
	struct wire_frame frame;
	uint64_t first, second;

	(void)state;
	assert_true(greet(bob, ann, 42));
	wire_begin(&sealed);
	first = wire_seal(ann, WIRE_BYE, 0, 0, &sealed);
	wire_begin(&sealed);
	second = wire_seal(ann, WIRE_BYE, 0, 0, &sealed);
	assert_true(first > 0 && second > first);
	assert_int_equal(
		wire_open_bus(bob, buffer_text(&sealed), &frame), WIRE_GOOD);
	assert_true(frame.count == second);
}

static void
an_epoch_is_unknown_until_it_answers_a_hello(void **state)
{
	struct wire_frame frame;

	(void)state;
	assert_int_equal(
		wire_open_bus(bob, beat_of(ann), &frame), WIRE_UNKNOWN_EPOCH);
	assert_int_equal(frame.host, ANN);
	assert_true(greet(bob, ann, 1));
	assert_int_equal(wire_open_bus(bob, beat_of(ann), &frame), WIRE_GOOD);
	wire_forget(bob, ANN);
	assert_int_equal(
		wire_open_bus(bob, beat_of(ann), &frame), WIRE_UNKNOWN_EPOCH);
}

static void
a_new_life_is_another_epoch(void **state)
{
	struct wire *again = member(ANN, 3, "confab", "secret");
	struct wire_frame frame;

	(void)state;
	assert_true(greet(bob, ann, 1));
	assert_int_equal(
		wire_open_bus(bob, beat_of(again), &frame), WIRE_UNKNOWN_EPOCH);
	assert_true(greet(bob, again, 2));
	assert_int_equal(wire_open_bus(bob, beat_of(again), &frame), WIRE_GOOD);
	assert_int_equal(
		wire_open_bus(bob, beat_of(ann), &frame), WIRE_UNKNOWN_EPOCH);
	wire_free(&again);
}

static void
anybody_may_say_hello(void **state)
{
	struct wire_hello hello = { .nonce = 3 };
	struct wire_frame frame;

	(void)state;
	wire_begin(&sealed);
	wire_hello_pack(&sealed, &hello);
	wire_seal(ann, WIRE_HELLO, 0, 0, &sealed);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
			wire_open_request(bob, buffer_text(&sealed), &frame),
			WIRE_GOOD);
		assert_int_equal(frame.kind, WIRE_HELLO);
	}
}

static void
an_answer_to_another_hello_is_not_believed(void **state)
{
	struct wire_helloed helloed;
	struct wire_frame frame;
	struct text bytes = helloed_of(ann, BOB, 9, 1000);

	(void)state;
	assert_int_equal(wire_open_answer(bob, bytes, 9, &frame), WIRE_GOOD);
	assert_false(wire_believe(bob, &frame, 1001, &helloed));
	assert_int_equal(
		wire_open_bus(bob, beat_of(ann), &frame), WIRE_UNKNOWN_EPOCH);
}

static void
a_frame_counts_once(void **state)
{
	struct wire_frame frame;
	struct text bytes;

	(void)state;
	assert_true(greet(bob, ann, 1));
	bytes = beat_of(ann);
	assert_int_equal(wire_open_bus(bob, bytes, &frame), WIRE_GOOD);
	assert_int_equal(wire_open_bus(bob, bytes, &frame), WIRE_OLD_COUNT);
}

static void
what_was_said_before_a_hello_is_old(void **state)
{
	struct buffer before = { 0 };
	struct wire_frame frame;

	(void)state;
	buffer_add_text(&before, beat_of(ann));
	assert_true(greet(bob, ann, 1));
	assert_int_equal(wire_open_bus(bob, buffer_text(&before), &frame),
		WIRE_OLD_COUNT);
	buffer_fini(&before);
}

static void
a_second_hello_brings_no_old_frame_back(void **state)
{
	struct wire_frame frame;
	struct buffer hello = { 0 }, beat = { 0 };
	struct wire_helloed helloed;

	(void)state;
	assert_true(greet(bob, ann, 1));
	buffer_add_text(&hello, helloed_of(ann, 0, 9, 2));
	buffer_add_text(&beat, beat_of(ann));
	assert_int_equal(
		wire_open_bus(bob, buffer_text(&beat), &frame), WIRE_GOOD);
	assert_int_equal(wire_open_answer(bob, buffer_text(&hello), 9, &frame),
		WIRE_GOOD);
	assert_true(wire_believe(bob, &frame, 2, &helloed));
	assert_int_equal(
		wire_open_bus(bob, buffer_text(&beat), &frame), WIRE_OLD_COUNT);
	buffer_fini(&hello);
	buffer_fini(&beat);
}

static void
ways_overtake_each_other(void **state)
{
	struct buffer beat = { 0 }, answer = { 0 };
	struct wire_frame frame;

	(void)state;
	assert_true(greet(bob, ann, 1));
	wire_begin(&answer);
	wire_seal(ann, WIRE_PULLED, BOB, 5, &answer);
	buffer_add_text(&beat, beat_of(ann));
	wire_begin(&sealed);
	wire_seal(ann, WIRE_PULL, BOB, 0, &sealed);
	assert_int_equal(wire_open_request(bob, buffer_text(&sealed), &frame),
		WIRE_GOOD);
	assert_int_equal(
		wire_open_bus(bob, buffer_text(&beat), &frame), WIRE_GOOD);
	assert_int_equal(wire_open_answer(bob, buffer_text(&answer), 5, &frame),
		WIRE_GOOD);
	buffer_fini(&beat);
	buffer_fini(&answer);
}

static void
an_answer_is_one_to_what_was_asked(void **state)
{
	struct wire_frame frame;

	(void)state;
	assert_true(greet(bob, ann, 1));
	wire_begin(&sealed);
	wire_seal(ann, WIRE_PULLED, BOB, 5, &sealed);
	assert_int_equal(wire_open_answer(bob, buffer_text(&sealed), 6, &frame),
		WIRE_NOT_ASKED);
	assert_int_equal(wire_open_answer(bob, buffer_text(&sealed), 5, &frame),
		WIRE_GOOD);
}

static void
each_kind_has_its_way(void **state)
{
	struct wire_frame frame;

	(void)state;
	assert_true(greet(bob, ann, 1));
	for (int kind = 0; kind <= WIRE_KIND_COUNT; kind++) {
		unsigned ways = 0;

		wire_begin(&sealed);
		wire_seal(ann, (enum wire_kind)kind, 0, 0, &sealed);
		ways += wire_open_bus(bob, buffer_text(&sealed), &frame) !=
			WIRE_MISPLACED;
		ways += wire_open_request(bob, buffer_text(&sealed), &frame) !=
			WIRE_MISPLACED;
		ways += wire_open_answer(bob, buffer_text(&sealed), 0,
				&frame) != WIRE_MISPLACED;
		assert_int_equal(
			ways, kind >= WIRE_BEAT && kind < WIRE_KIND_COUNT);
	}
}

static void
a_frame_for_another_host_is_not_ours(void **state)
{
	struct wire_frame frame;

	(void)state;
	assert_true(greet(bob, ann, 1));
	wire_begin(&sealed);
	wire_seal(ann, WIRE_PULL, 3, 0, &sealed);
	assert_int_equal(wire_open_request(bob, buffer_text(&sealed), &frame),
		WIRE_NOT_FOR_US);
}

static void
every_bit_is_signed(void **state)
{
	struct buffer changed = { 0 };
	struct wire_frame frame;

	(void)state;
	assert_true(greet(bob, ann, 1));
	buffer_add_text(&changed, beat_of(ann));
	for (size_t bit = 0; bit < changed.length * 8; bit++) {
		changed.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
		assert_int_not_equal(
			wire_open_bus(bob, buffer_text(&changed), &frame),
			WIRE_GOOD);
		changed.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	assert_int_equal(
		wire_open_bus(bob, buffer_text(&changed), &frame), WIRE_GOOD);
	buffer_fini(&changed);
}

static void
every_cut_is_refused(void **state)
{
	struct wire_frame frame;
	struct text whole;

	(void)state;
	assert_true(greet(bob, ann, 1));
	whole = beat_of(ann);
	for (size_t length = 0; length < whole.length; length++)
		assert_int_not_equal(
			wire_open_bus(
				bob, (struct text){ whole.at, length }, &frame),
			WIRE_GOOD);
	assert_int_equal(wire_open_bus(bob, whole, &frame), WIRE_GOOD);
}

static enum wire_fault
fault_of(unsigned host, uint64_t epoch, const char *cluster, const char *secret)
{
	struct wire *other = member(host, epoch, cluster, secret);
	struct wire_frame frame;
	enum wire_fault fault = wire_open_bus(bob, beat_of(other), &frame);

	wire_free(&other);
	return fault;
}

static void
strangers_are_told_apart(void **state)
{
	(void)state;
	assert_int_equal(
		fault_of(ANN, 5, "confab", "secret"), WIRE_UNKNOWN_EPOCH);
	assert_int_equal(
		fault_of(ANN, 5, "other", "secret"), WIRE_OTHER_CLUSTER);
	assert_int_equal(
		fault_of(ANN, 5, "confab", "guess"), WIRE_BAD_SIGNATURE);
	assert_int_equal(fault_of(ANN, 5, "confab", ""), WIRE_BAD_SIGNATURE);
	assert_int_equal(fault_of(BOB, 5, "confab", "secret"), WIRE_SAME_HOST);
	assert_int_equal(
		fault_of(BOB, BOB_EPOCH, "confab", "secret"), WIRE_OWN_FRAME);
}

static void
another_version_is_named_as_such(void **state)
{
	struct wire_frame frame;
	struct text bytes = beat_of(ann);

	(void)state;
	sealed.data[4]++;
	assert_int_equal(wire_open_bus(bob, bytes, &frame), WIRE_OTHER_VERSION);
	sealed.data[0]++;
	assert_int_equal(wire_open_bus(bob, bytes, &frame), WIRE_NOT_OURS);
}

static void
without_a_secret_damage_is_found(void **state)
{
	struct wire *one = member(4, 1, "confab", "");
	struct wire *other = member(5, 2, "confab", "");
	struct wire_frame frame;
	struct text bytes;

	(void)state;
	assert_true(greet(other, one, 1));
	bytes = beat_of(one);
	sealed.data[WIRE_HEAD_BYTES] ^= 1;
	assert_int_equal(
		wire_open_bus(other, bytes, &frame), WIRE_BAD_SIGNATURE);
	sealed.data[WIRE_HEAD_BYTES] ^= 1;
	assert_int_equal(wire_open_bus(other, bytes, &frame), WIRE_GOOD);
	wire_free(&one);
	wire_free(&other);
}

static void
each_fault_has_its_name(void **state)
{
	(void)state;
	for (int fault = 0; fault < WIRE_FAULT_COUNT; fault++)
		assert_non_null(wire_fault_name((enum wire_fault)fault));
	assert_string_equal(
		wire_fault_name(WIRE_BAD_SIGNATURE), "bad signature");
}

/* Whole is a body also when it ends where a version of before ended it. */
#define MORE ends++;
#define NUMBER(field) in.field = next++;
#define TEXT(field) in.field = text_of(words[next++ % ARRAY_LEN(words)]);
#define RECORD(name, fields)                                                   \
	static void check_##name(uint64_t next)                                \
	{                                                                      \
		static const char *const words[] = { "", "one", "two words" }; \
		struct name in, out;                                           \
		struct buffer again = { 0 };                                   \
		struct unpack bytes;                                           \
		size_t ends = 0;                                               \
		(void)words;                                                   \
		fields;                                                        \
		sealed.length = 0;                                             \
		name##_pack(&sealed, &in);                                     \
		bytes = unpack_of(buffer_text(&sealed));                       \
		assert_true(name##_unpack(&bytes, &out));                      \
		assert_ptr_equal(bytes.at, bytes.end);                         \
		name##_pack(&again, &out);                                     \
		assert_true(text_equal(                                        \
			buffer_text(&sealed), buffer_text(&again)));           \
		for (size_t cut = 0; cut < sealed.length; cut++) {             \
			bytes = unpack_of(                                     \
				(struct text){ (char *)sealed.data, cut });    \
			ends -= name##_unpack(&bytes, &out);                   \
		}                                                              \
		assert_int_equal(ends, 0);                                     \
		buffer_fini(&again);                                           \
	}
#include "worker/relay/wire.def"
#undef RECORD
#undef TEXT
#undef NUMBER
#undef MORE

static void
bodies_come_back_whole_or_not(void **state)
{
	(void)state;
#define RECORD(name, fields) check_##name(UINT64_MAX - 3);
#include "worker/relay/wire.def"
#undef RECORD
#define RECORD(name, fields) check_##name(1);
#include "worker/relay/wire.def"
#undef RECORD
}

int
main(void)
{
#define CLAIM(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CLAIM(a_frame_comes_back_as_it_was),
		CLAIM(counts_grow_and_are_told),
		CLAIM(an_epoch_is_unknown_until_it_answers_a_hello),
		CLAIM(a_new_life_is_another_epoch),
		CLAIM(anybody_may_say_hello),
		CLAIM(an_answer_to_another_hello_is_not_believed),
		CLAIM(a_frame_counts_once),
		CLAIM(what_was_said_before_a_hello_is_old),
		CLAIM(a_second_hello_brings_no_old_frame_back),
		CLAIM(ways_overtake_each_other),
		CLAIM(an_answer_is_one_to_what_was_asked),
		CLAIM(each_kind_has_its_way),
		CLAIM(a_frame_for_another_host_is_not_ours),
		CLAIM(every_bit_is_signed),
		CLAIM(every_cut_is_refused),
		CLAIM(strangers_are_told_apart),
		CLAIM(another_version_is_named_as_such),
		CLAIM(without_a_secret_damage_is_found),
		CLAIM(each_fault_has_its_name),
		CLAIM(bodies_come_back_whole_or_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
