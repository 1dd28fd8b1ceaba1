/* The frame parser: RFC 6455 section 5, rule by rule, whole and in pieces. */
#include "worker/gateway/frame.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base.h"
#include "shared/buffer.h"

#define LIMIT 65536

#define TEXT 0x81
#define BINARY 0x82
#define CLOSE 0x88
#define PING 0x89
#define PONG 0x8a
#define MORE(first) ((first)&0x7f)
#define REST 0x80
#define AND_MORE 0x00

static const uint8_t mask[4] = { 0x37, 0xfa, 0x21, 0x3d };

static void
add_payload(struct buffer *out, const void *payload, size_t length)
{
	for (size_t i = 0; i < length; i++)
		buffer_add_byte(
			out, ((const uint8_t *)payload)[i] ^ mask[i & 3]);
}

/* A masked frame whose length takes width bytes behind the second one. */
static void
add_head(struct buffer *out, uint8_t first, uint64_t length, unsigned width)
{
	uint8_t small = width == 0 ? (uint8_t)length : width == 2 ? 126 : 127;

	buffer_add_byte(out, first);
	buffer_add_byte(out, 0x80 | small);
	for (unsigned i = width; i > 0; i--)
		buffer_add_byte(out, (uint8_t)(length >> (8 * (i - 1))));
	buffer_add(out, mask, 4);
}

static void
add_bytes(struct buffer *out, uint8_t first, const void *payload, size_t length)
{
	add_head(out, first, length,
		length < 126           ? 0
		: length <= UINT16_MAX ? 2
				       : 8);
	add_payload(out, payload, length);
}

static void
add(struct buffer *out, uint8_t first, const char *payload)
{
	add_bytes(out, first, payload, strlen(payload));
}

static const char *const names[] = {
	[FRAME_TEXT] = "text",
	[FRAME_BINARY] = "binary",
	[FRAME_PING] = "ping",
	[FRAME_PONG] = "pong",
	[FRAME_CLOSE] = "close",
	[FRAME_BAD] = "bad",
};

static void
note(struct buffer *log, enum frame_event event, const struct frame *frame)
{
	buffer_add_string(log, names[event]);
	if (event == FRAME_CLOSE || event == FRAME_BAD)
		buffer_add_format(log, " %u", frame->close_code);
	if (event != FRAME_BAD && frame->length) {
		buffer_add_byte(log, ' ');
		buffer_add(log, frame->data, frame->length);
	}
	buffer_add_byte(log, '\n');
}

/* Gives a reader the bytes in one read of their own memory, so that a step over
 * the end is seen. False when the connection is over. */
static bool
give(struct frame_reader *reader, const uint8_t *bytes, size_t count,
	size_t limit, struct buffer *log)
{
	uint8_t *copy = base_alloc(count);
	uint8_t *at = copy, *end = copy + count;
	enum frame_event event;
	const struct frame_rules rules = { .limit = limit };
	struct frame frame;

	memcpy(copy, bytes, count);
	do {
		event = frame_read(reader, &at, end, &rules, &frame);
		if (event != FRAME_NEED_MORE)
			note(log, event, &frame);
		else
			assert_ptr_equal(at, end);
	} while (event != FRAME_NEED_MORE && event != FRAME_CLOSE &&
		 event != FRAME_BAD);
	free(copy);
	return event == FRAME_NEED_MORE;
}

/* The events of a stream that is read `step` bytes at a time; 0: at once. */
static struct buffer
events_of(const struct buffer *in, size_t step, size_t limit)
{
	struct frame_reader reader = { 0 };
	struct buffer log = { 0 };
	size_t done = 0;
	bool goes_on = true;

	while (goes_on && done < in->length) {
		size_t count = in->length - done;

		if (step && count > step)
			count = step;
		goes_on = give(&reader, in->data + done, count, limit, &log);
		done += count;
	}
	frame_reader_fini(&reader);
	assert_null(reader.pieces);
	return log;
}

static void
expect_step(
	const struct buffer *in, size_t step, size_t limit, const char *events)
{
	struct buffer log = events_of(in, step, limit);

	buffer_add_byte(&log, 0);
	assert_string_equal((char *)log.data, events);
	buffer_fini(&log);
}

/* The same must come of it in whatever pieces it arrives. Takes the stream. */
static void
expect_within(struct buffer *in, size_t limit, const char *events)
{
	static const size_t steps[] = { 0, 1, 2, 3, 5, 7, 64 };

	for (size_t i = 0; i < ARRAY_LEN(steps); i++)
		expect_step(in, steps[i], limit, events);
	buffer_fini(in);
}

static void
expect(struct buffer *in, const char *events)
{
	expect_within(in, LIMIT, events);
}

static void
a_text_message_is_unmasked(void **state)
{
	struct buffer in = { 0 };

	(void)state;
	add(&in, TEXT, "Hello");
	assert_memory_equal(in.data, "\x81\x85\x37\xfa\x21\x3d", 6);
	assert_memory_equal(in.data + 6, "\x7f\x9f\x4d\x51\x58", 5);
	expect(&in, "text Hello\n");
}

static void
an_empty_message_is_a_message(void **state)
{
	struct buffer in = { 0 };

	(void)state;
	add(&in, TEXT, "");
	add(&in, BINARY, "");
	add(&in, MORE(TEXT), "");
	add(&in, REST, "");
	expect(&in, "text\nbinary\ntext\n");
}

static void
messages_of_every_width_of_length_arrive(void **state)
{
	static const size_t lengths[] = { 125, 126, 127, 65535, 65536 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		struct buffer in = { 0 }, wanted = { 0 };
		char *payload = base_alloc(lengths[i]);

		for (size_t k = 0; k < lengths[i]; k++)
			payload[k] = (char)('a' + k % 26);
		add_bytes(&in, TEXT, payload, lengths[i]);
		buffer_add_format(
			&wanted, "text %.*s\n", (int)lengths[i], payload);
		buffer_add_byte(&wanted, 0);
		expect(&in, (char *)wanted.data);
		buffer_fini(&wanted);
		free(payload);
	}
}

static void
fragments_are_joined(void **state)
{
	struct buffer in = { 0 };

	(void)state;
	add(&in, MORE(TEXT), "one ");
	add(&in, AND_MORE, "two ");
	add(&in, AND_MORE, "");
	add(&in, REST, "three");
	add(&in, MORE(BINARY), "\xff");
	add(&in, REST, "\xfe");
	expect(&in, "text one two three\nbinary \xff\xfe\n");
}

static void
control_frames_pass_between_fragments(void **state)
{
	struct buffer in = { 0 };

	(void)state;
	add(&in, MORE(TEXT), "a");
	add(&in, PING, "are you there");
	add(&in, AND_MORE, "b");
	add(&in, PONG, "");
	add(&in, REST, "c");
	expect(&in, "ping are you there\npong\ntext abc\n");
}

static void
ten_pings_are_ten_events(void **state)
{
	struct buffer in = { 0 };

	(void)state;
	for (int i = 0; i < 10; i++)
		add(&in, PING, "p");
	expect(&in, "ping p\nping p\nping p\nping p\nping p\n"
		    "ping p\nping p\nping p\nping p\nping p\n");
}

static void
a_ping_of_125_bytes_is_good(void **state)
{
	struct buffer in = { 0 };
	char payload[126], wanted[140];

	(void)state;
	memset(payload, 'x', 125);
	payload[125] = 0;
	add(&in, PING, payload);
	snprintf(wanted, sizeof(wanted), "ping %s\n", payload);
	expect(&in, wanted);
}

/* Streams of one frame that break a rule of 5.2 to 5.5 in the head. */
static void
heads_that_break_a_rule_are_1002(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
	} bad[] = {
		{ "\x81\x05Hello", 7 }, /* not masked */
		{ "\x81\x00", 2 },      /* not masked, empty */
		{ "\xc1\x80mask", 6 },  /* RSV1 */
		{ "\xa1\x80mask", 6 },  /* RSV2 */
		{ "\x91\x80mask", 6 },  /* RSV3 */
		{ "\xc9\x80mask", 6 },  /* RSV1 of a ping */
		{ "\x83\x80mask", 6 },  /* opcodes 3 to 7, 11 to 15 */
		{ "\x84\x80mask", 6 },
		{ "\x87\x80mask", 6 },
		{ "\x8b\x80mask", 6 },
		{ "\x8f\x80mask", 6 },
		{ "\x09\x80mask", 6 }, /* a ping in fragments */
		{ "\x08\x80mask", 6 },
		{ "\x80\x80mask", 6 }, /* the rest of nothing */
		{ "\x00\x80mask", 6 },
		{ "\x89\xfe\x00\x7e", 4 }, /* a ping of 126 bytes */
		{ "\x88\xff", 2 },         /* a close of very many */
		{ "\x81\xfe\x00\x7d", 4 }, /* 125 in two bytes */
		{ "\x81\xfe\x00\x00", 4 },
		{ "\x81\xff\0\0\0\0\0\0\xff\xff", 10 }, /* 65535 in eight */
		{ "\x81\xff\x80\0\0\0\0\0\0\x01", 10 }, /* top bit */
		{ "\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff", 10 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct buffer in = { 0 };

		buffer_add(&in, bad[i].bytes, bad[i].length);
		expect(&in, "bad 1002\n");
	}
}

static void
a_new_message_inside_one_is_1002(void **state)
{
	struct buffer in = { 0 };

	(void)state;
	add(&in, MORE(TEXT), "a");
	add(&in, TEXT, "b");
	expect(&in, "bad 1002\n");
	add(&in, MORE(TEXT), "a");
	add(&in, MORE(BINARY), "b");
	expect(&in, "bad 1002\n");
	add(&in, MORE(TEXT), "a");
	add(&in, REST, "b");
	add(&in, REST, "c");
	expect(&in, "text ab\nbad 1002\n");
}

static void
a_bad_frame_behind_a_good_one_leaves_that(void **state)
{
	struct buffer in = { 0 };

	(void)state;
	add(&in, TEXT, "good");
	buffer_add(&in, "\x83\x80", 2);
	expect(&in, "text good\nbad 1002\n");
}

static void
a_message_over_the_limit_is_1009_at_its_head(void **state)
{
	struct buffer in = { 0 };

	(void)state;
	add_head(&in, TEXT, 101, 0);
	in.length = 2; /* neither mask nor payload has come */
	expect_within(&in, 100, "bad 1009\n");
	add_head(&in, TEXT, LIMIT + 1, 8);
	in.length = 10;
	expect(&in, "bad 1009\n");
	add_head(&in, BINARY, INT64_MAX, 8);
	expect(&in, "bad 1009\n");
}

static void
the_limit_counts_all_fragments(void **state)
{
	struct buffer in = { 0 };

	(void)state;
	add(&in, MORE(TEXT), "12345");
	add(&in, PING, "a control frame does not count");
	add(&in, REST, "67890");
	expect_within(&in, 10,
		"ping a control frame does not count\ntext 1234567890\n");
	add(&in, MORE(TEXT), "12345");
	add(&in, AND_MORE, "678901");
	expect_within(&in, 10, "bad 1009\n");
	add(&in, MORE(TEXT), "12345");
	add_head(&in, AND_MORE, INT64_MAX, 8);
	expect_within(&in, 10, "bad 1009\n");
}

static void
text_that_is_not_utf8_is_1007(void **state)
{
	static const char *const bad[] = {
		"\x80",     /* begins inside a character */
		"\xc0\xaf", /* overlong */
		"\xc1\x81",
		"\xe0\x80\xaf",
		"\xf0\x80\x80\xaf",
		"\xed\xa0\x80",     /* a surrogate */
		"\xf4\x90\x80\x80", /* beyond U+10FFFF */
		"\xf5\x80\x80\x80",
		"\xff",
		"abcdefghijkl\xe4\xb8z",
		"abcdefgh\xe4\xb8", /* ends inside a character */
		"\xf0\x9f\x98",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct buffer in = { 0 };

		add(&in, TEXT, bad[i]);
		expect(&in, "bad 1007\n");
		for (size_t cut = 0; cut <= strlen(bad[i]); cut++) {
			add_bytes(&in, MORE(TEXT), bad[i], cut);
			add(&in, PONG, "");
			add(&in, REST, bad[i] + cut);
			struct buffer log = events_of(&in, 0, LIMIT);

			assert_memory_equal(
				log.data + log.length - 9, "bad 1007\n", 9);
			buffer_fini(&log);
			buffer_fini(&in);
		}
	}
}

static void
characters_may_be_cut_by_fragments(void **state)
{
	static const char text[] = "\u00fc\u4f60\u597d \U0001f600 \ud7ff\ue000"
				   "\U0010ffff";

	(void)state;
	for (size_t cut = 0; cut < sizeof(text); cut++) {
		struct buffer in = { 0 };
		char wanted[64];

		add_bytes(&in, MORE(TEXT), text, cut);
		add(&in, REST, text + cut);
		snprintf(wanted, sizeof(wanted), "text %s\n", text);
		expect(&in, wanted);
	}
}

static void
the_first_impossible_byte_ends_it(void **state)
{
	struct frame_reader reader = { 0 };
	struct buffer in = { 0 }, log = { 0 };

	(void)state;
	add(&in, MORE(TEXT), "\xf4\x90 the rest never comes");
	in.length = 6 + 1;
	assert_true(give(&reader, in.data, 7, LIMIT, &log));
	assert_false(give(&reader, in.data + 7, 1, LIMIT, &log));
	buffer_add_byte(&log, 0);
	assert_string_equal((char *)log.data, "bad 1007\n");
	frame_reader_fini(&reader);
	buffer_fini(&in);
	buffer_fini(&log);
}

static void
a_binary_message_may_hold_anything(void **state)
{
	struct buffer in = { 0 };

	(void)state;
	add(&in, BINARY, "\x80\xff\xed\xa0\x80");
	expect(&in, "binary \x80\xff\xed\xa0\x80\n");
}

static void
a_close_tells_code_and_reason(void **state)
{
	struct buffer in = { 0 };

	(void)state;
	add_bytes(&in, CLOSE,
		"\x03\xe8"
		"bye \xe4\xbd\xa0",
		9);
	expect(&in, "close 1000 bye \xe4\xbd\xa0\n");
	add(&in, CLOSE, "");
	expect(&in, "close 1005\n");
	add(&in, MORE(TEXT), "unfinished");
	add_bytes(&in, CLOSE, "\x03\xe9", 2);
	expect(&in, "close 1001\n");
}

static void
closes_that_break_a_rule_are_refused(void **state)
{
	static const struct {
		uint16_t from, to;
		bool is_good;
	} codes[] = {
		{ 0, 0, false },
		{ 1, 999, false },
		{ 1000, 1003, true },
		{ 1004, 1006, false },
		{ 1007, 1014, true },
		{ 1015, 1016, false },
		{ 1017, 2999, false },
		{ 3000, 4999, true },
		{ 5000, 65535, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
		for (unsigned code = codes[i].from; code <= codes[i].to;
			code++) {
			uint8_t payload[2] = { (uint8_t)(code >> 8),
				(uint8_t)code };
			struct buffer in = { 0 };
			char wanted[32];

			add_bytes(&in, CLOSE, payload, 2);
			snprintf(wanted, sizeof(wanted),
				codes[i].is_good ? "close %u\n" : "bad 1002\n",
				code);
			expect_step(&in, code % 2 ? 1 : 0, LIMIT, wanted);
			buffer_fini(&in);
		}
	}
	struct buffer in = { 0 };

	add(&in, CLOSE, "\x03");
	expect(&in, "bad 1002\n");
	add_bytes(&in, CLOSE, "\x03\xe8\xff", 3);
	expect(&in, "bad 1007\n");
	add_bytes(&in, CLOSE, "\x03\xe8\xe4\xbd", 4);
	expect(&in, "bad 1007\n");
}

static void
a_whole_frame_is_told_where_it_lies(void **state)
{
	struct frame_reader reader = { 0 };
	struct buffer in = { 0 };
	const struct frame_rules rules = { .limit = LIMIT };
	struct frame frame;
	uint8_t *at;

	(void)state;
	add(&in, TEXT, "in place");
	at = in.data;
	assert_int_equal(
		frame_read(&reader, &at, in.data + in.length, &rules, &frame),
		FRAME_TEXT);
	assert_ptr_equal(frame.data, in.data + 6);
	assert_null(reader.pieces);
	buffer_fini(&in);
}

static size_t
heap_bytes(void)
{
	return mallinfo2().uordblks;
}

static void
memory_follows_what_came_and_not_what_was_announced(void **state)
{
	struct frame_reader reader = { 0 };
	struct buffer in = { 0 }, log = { 0 };
	size_t before;

	(void)state;
	add_head(&in, TEXT, 1 << 30, 8);
	add_payload(&in, "x", 1);
	before = heap_bytes();
	assert_true(give(&reader, in.data, in.length, SIZE_MAX, &log));
	assert_non_null(reader.pieces);
	assert_true(heap_bytes() - before < 1024);
	frame_reader_fini(&reader);
	buffer_fini(&in);
	buffer_fini(&log);
}

static void
nothing_is_kept_between_messages(void **state)
{
	struct frame_reader reader = { 0 };
	struct buffer in = { 0 }, log = { 0 };

	(void)state;
	add(&in, MORE(TEXT), "a");
	add(&in, PING, "b");
	add(&in, REST, "c");
	for (size_t i = 0; i < in.length; i++)
		assert_true(give(&reader, in.data + i, 1, LIMIT, &log));
	assert_null(reader.pieces);
	assert_int_equal(sizeof(reader), sizeof(void *));
	buffer_fini(&in);
	buffer_fini(&log);
}

/* A small generator, the same on every machine. */
static uint32_t
draw(uint64_t *seed, uint32_t below)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33) % below;
}

static void
add_random_text(struct buffer *out, uint64_t *seed, uint8_t first, size_t count)
{
	static const char *const letters[] = { "a", "Z", " ", "\u00fc",
		"\u4f60", "\U0001f600" };
	struct buffer text = { 0 };

	buffer_reserve(&text, 1);
	while (count--)
		buffer_add_string(
			&text, letters[draw(seed, ARRAY_LEN(letters))]);
	if (draw(seed, 3) == 0) {
		size_t cut = draw(seed, (uint32_t)text.length + 1);

		add_bytes(out, MORE(first), text.data, cut);
		if (draw(seed, 2))
			add(out, PING, "between");
		add_bytes(out, REST, text.data + cut, text.length - cut);
	} else {
		add_bytes(out, first, text.data, text.length);
	}
	buffer_fini(&text);
}

static void
add_random_frame(struct buffer *out, uint64_t *seed)
{
	static const uint32_t sizes[] = { 1, 20, 200, 2000 };

	switch (draw(seed, 6)) {
	case 0:
		add(out, PING, "ping");
		break;
	case 1:
		add(out, PONG, "");
		break;
	case 2:
		add_random_text(out, seed, BINARY, draw(seed, 300));
		break;
	default:
		add_random_text(
			out, seed, TEXT, draw(seed, sizes[draw(seed, 4)]));
	}
}

static void
compare_cut_and_whole(const struct buffer *in, uint64_t *seed)
{
	struct buffer whole = events_of(in, 0, LIMIT), cut = { 0 };
	struct frame_reader reader = { 0 };
	bool goes_on = true;

	for (size_t done = 0; goes_on && done < in->length;) {
		size_t count = 1 + draw(seed, draw(seed, 4) ? 40 : 4000);

		count = MIN_OF(count, in->length - done);
		goes_on = give(&reader, in->data + done, count, LIMIT, &cut);
		done += count;
	}
	frame_reader_fini(&reader);
	assert_int_equal(whole.length, cut.length);
	if (whole.length)
		assert_memory_equal(whole.data, cut.data, whole.length);
	buffer_fini(&whole);
	buffer_fini(&cut);
}

static void
cuts_change_no_event(void **state)
{
	(void)state;
	for (uint64_t run = 1; run <= 2000; run++) {
		struct buffer in = { 0 };
		uint64_t seed = run;

		for (uint32_t i = draw(&seed, 12) + 1; i > 0; i--)
			add_random_frame(&in, &seed);
		if (run % 2 == 0) /* and of a damaged stream neither */
			in.data[draw(&seed, (uint32_t)in.length)] ^=
				(uint8_t)(1 << draw(&seed, 8));
		compare_cut_and_whole(&in, &seed);
		buffer_fini(&in);
	}
}

static void
frames_are_written_as_the_rfc_says(void **state)
{
	uint8_t head[FRAME_HEAD_MAX];
	struct buffer out = { 0 };

	(void)state;
	frame_add_text(&out, "Hello", 5);
	frame_add_ping(&out, "", 0);
	frame_add_pong(&out, "x", 1);
	frame_add_close(&out, CLOSE_NORMAL, "bye");
	frame_add_close(&out, CLOSE_NO_STATUS, "");
	assert_int_equal(out.length, 7 + 2 + 3 + 7 + 2);
	assert_memory_equal(out.data,
		"\x81\x05Hello\x89\x00\x8a\x01x\x88\x05\x03\xe8"
		"bye\x88\x00",
		out.length);
	buffer_fini(&out);
	assert_int_equal(frame_write_head(head, 125), 2);
	assert_memory_equal(head, "\x81\x7d", 2);
	assert_int_equal(frame_write_head(head, 126), 4);
	assert_memory_equal(head, "\x81\x7e\x00\x7e", 4);
	assert_int_equal(frame_write_head(head, 65535), 4);
	assert_memory_equal(head, "\x81\x7e\xff\xff", 4);
	assert_int_equal(frame_write_head(head, 65536), 10);
	assert_memory_equal(head, "\x81\x7f\0\0\0\0\0\x01\0\0", 10);
}

static void
a_long_reason_is_cut_between_characters(void **state)
{
	struct buffer out = { 0 };
	char reason[256] = "";

	(void)state;
	memset(reason, 'x', 122);
	strlcpy(reason + 122, "\u4f60\u597d", sizeof(reason) - 122);
	frame_add_close(&out, CLOSE_RESTART, reason);
	assert_int_equal(out.length, 2 + 2 + 122);
	assert_int_equal(out.data[1], 124);
	buffer_fini(&out);
	memset(reason, 'y', 123);
	reason[123] = 0;
	frame_add_close(&out, CLOSE_RESTART, reason);
	assert_int_equal(out.length, 2 + 125);
	buffer_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_message_is_unmasked),
		cmocka_unit_test(an_empty_message_is_a_message),
		cmocka_unit_test(messages_of_every_width_of_length_arrive),
		cmocka_unit_test(fragments_are_joined),
		cmocka_unit_test(control_frames_pass_between_fragments),
		cmocka_unit_test(ten_pings_are_ten_events),
		cmocka_unit_test(a_ping_of_125_bytes_is_good),
		cmocka_unit_test(heads_that_break_a_rule_are_1002),
		cmocka_unit_test(a_new_message_inside_one_is_1002),
		cmocka_unit_test(a_bad_frame_behind_a_good_one_leaves_that),
		cmocka_unit_test(a_message_over_the_limit_is_1009_at_its_head),
		cmocka_unit_test(the_limit_counts_all_fragments),
		cmocka_unit_test(text_that_is_not_utf8_is_1007),
		cmocka_unit_test(characters_may_be_cut_by_fragments),
		cmocka_unit_test(the_first_impossible_byte_ends_it),
		cmocka_unit_test(a_binary_message_may_hold_anything),
		cmocka_unit_test(a_close_tells_code_and_reason),
		cmocka_unit_test(closes_that_break_a_rule_are_refused),
		cmocka_unit_test(a_whole_frame_is_told_where_it_lies),
		cmocka_unit_test(
			memory_follows_what_came_and_not_what_was_announced),
		cmocka_unit_test(nothing_is_kept_between_messages),
		cmocka_unit_test(cuts_change_no_event),
		cmocka_unit_test(frames_are_written_as_the_rfc_says),
		cmocka_unit_test(a_long_reason_is_cut_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
