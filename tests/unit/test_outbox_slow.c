/* What a client that does not follow gets in the end: by hand, and with pushes,
 * answers, sizes and stalls at random. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "worker/gateway/frame.h"
#include "worker/gateway/outbox.h"

static int ends[2];
static struct outbox outbox;
static struct buffer got;
static uint64_t dropped; /* of all pushes */

static int
set_up(void **state)
{
	int bytes = 4096;

	(void)state;
	outbox = (struct outbox){ 0 };
	dropped = 0;
	got.length = 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) < 0)
		return -1;
	return setsockopt(
		ends[0], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

static int
tear_down(void **state)
{
	(void)state;
	outbox_fini(&outbox);
	buffer_fini(&got);
	close(ends[0]);
	close(ends[1]);
	return 0;
}

/* A frame "<word><number>", filled up with dots. */
static void
add_frame(struct bundle **bundle, const char *word, unsigned number,
	size_t length)
{
	char text[8192];

	memset(text, '.', sizeof(text));
	text[snprintf(text, sizeof(text), "%s%u ", word, number)] = '.';
	bundle_add_text(bundle, text, length);
}

/* Frames from..to of a room in one bundle, of which the last message is the one
 * before so many events. */
static bool
push_frames(uint64_t source, enum slow_policy policy, const char *word,
	unsigned from, unsigned to, size_t limit)
{
	struct bundle *bundle = bundle_new(0);
	struct push push = { .source = source, .policy = policy };
	uint64_t now = 0;
	bool is_taken;

	for (unsigned i = from; i <= to; i++) {
		push.newest_from = bundle->length;
		add_frame(&bundle, word, i, 20);
		push.newest_end = bundle->length;
	}
	push.bundle = bundle;
	is_taken = outbox_push(&outbox, &push, 0, true, limit, &now);
	dropped += now;
	bundle_unref(&bundle);
	return is_taken;
}

static bool
push_event(uint64_t source, const char *word)
{
	struct bundle *bundle = bundle_new(0);
	struct push push = { .source = source, .policy = SLOW_NEWEST };
	uint64_t now = 0;
	bool is_taken;

	add_frame(&bundle, word, 0, 20);
	push.bundle = bundle;
	is_taken = outbox_push(&outbox, &push, 0, true, SIZE_MAX, &now);
	dropped += now;
	bundle_unref(&bundle);
	return is_taken;
}

static void
read_some(size_t bytes)
{
	ssize_t count =
		recv(ends[1], buffer_reserve(&got, bytes), bytes, MSG_DONTWAIT);

	if (count > 0)
		got.length += (size_t)count;
}

static enum outbox_result
write_some(void)
{
	size_t written;

	return outbox_write(&outbox, ends[0], &written);
}

/* All that waits, as the words of its frames, each behind a space. */
static const char *
words(void)
{
	static char out[4096];
	size_t at = 0, length = 0;

	while (write_some() == OUTBOX_WAITS)
		read_some(65536);
	read_some(65536);
	while (at < got.length) {
		const uint8_t *frame = got.data + at;
		size_t whole = frame_written_length(frame);
		size_t head = frame[1] < 126 ? 2 : 4;

		assert_int_equal(frame[0], 0x81);
		assert_true(at + whole <= got.length);
		length += (size_t)snprintf(out + length, sizeof(out) - length,
			" %.*s", (int)strcspn((const char *)frame + head, " "),
			(const char *)frame + head);
		at += whole;
	}
	out[length] = 0;
	return out;
}

/* A frame of which the socket has taken a part. */
static void
fill_socket(uint64_t source, enum slow_policy policy)
{
	struct bundle *bundle = bundle_new(0);
	struct push push = { .source = source, .policy = policy };
	uint64_t now;

	for (unsigned i = 0; i < 20; i++) {
		push.newest_from = bundle->length;
		add_frame(&bundle, "fill", i, 8000);
		push.newest_end = bundle->length;
	}
	push.bundle = bundle;
	assert_true(outbox_push(&outbox, &push, 0, false, SIZE_MAX, &now));
	bundle_unref(&bundle);
	assert_int_equal(write_some(), OUTBOX_WAITS);
}

static void
the_oldest_go_first_and_are_counted(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 6; i++)
		assert_true(push_frames(1, SLOW_DROP, "d", i, i, 4 * 22));
	assert_int_equal(dropped, 2);
	assert_string_equal(words(), " d2 d3 d4 d5");
}

static void
answers_and_what_must_not_go_stay(void **state)
{
	uint8_t head[FRAME_HEAD_MAX];

	(void)state;
	assert_true(push_frames(1, SLOW_CLOSE, "c", 0, 0, 4 * 22));
	outbox_add(&outbox, head, frame_write_head(head, 7));
	outbox_add(&outbox, "answer ", 7);
	assert_true(push_frames(2, SLOW_DROP, "d", 0, 0, 4 * 22));
	assert_true(push_frames(3, SLOW_NEWEST, "n", 0, 0, 4 * 22));
	assert_true(push_frames(1, SLOW_CLOSE, "c", 1, 1, 4 * 22));
	/* These need the room of the two that may go. */
	assert_true(push_frames(1, SLOW_CLOSE, "c", 2, 2, 4 * 22));
	assert_true(push_frames(1, SLOW_CLOSE, "c", 3, 3, 4 * 22));
	assert_int_equal(dropped, 2);
	/* Now nothing may go but what comes. */
	assert_true(push_frames(2, SLOW_DROP, "d", 9, 10, 4 * 22));
	assert_true(push_frames(3, SLOW_NEWEST, "n", 9, 10, 4 * 22));
	assert_int_equal(dropped, 6);
	assert_false(push_frames(1, SLOW_CLOSE, "c", 4, 4, 4 * 22));
	assert_string_equal(words(), " c0 answer c1 c2 c3");
}

static void
of_a_room_with_newest_one_message_waits(void **state)
{
	(void)state;
	fill_socket(9, SLOW_CLOSE);
	assert_true(push_frames(1, SLOW_NEWEST, "a", 0, 4, SIZE_MAX));
	assert_true(push_frames(2, SLOW_NEWEST, "b", 0, 0, SIZE_MAX));
	assert_true(push_frames(1, SLOW_NEWEST, "a", 5, 7, SIZE_MAX));
	assert_true(push_event(2, "event"));
	assert_int_equal(dropped, 4 + 1 + 2 + 1);
	assert_non_null(strstr(words(), "fill19 b0 a7"));
}

static void
an_event_waits_only_where_nothing_does(void **state)
{
	(void)state;
	fill_socket(9, SLOW_CLOSE);
	assert_true(push_event(1, "event"));
	assert_int_equal(dropped, 0);
	assert_true(push_event(1, "event"));
	assert_int_equal(dropped, 1);
	assert_true(push_frames(1, SLOW_NEWEST, "a", 1, 1, SIZE_MAX));
	assert_int_equal(dropped, 2);
	assert_non_null(strstr(words(), "fill19 a1"));
}

static void
of_frames_in_one_piece_the_begun_one_is_finished(void **state)
{
	static const enum slow_policy policies[] = { SLOW_DROP, SLOW_NEWEST };

	for (size_t i = 0; i < ARRAY_LEN(policies); i++) {
		unsigned begun;
		char expected[64];
		const char *last;

		fill_socket(1, policies[i]);
		assert_true(push_frames(1, policies[i], "x", 1, 1, 8030));
		last = words();
		begun = (unsigned)(20 - dropped - 1);
		snprintf(expected, sizeof(expected), " fill%u x1", begun);
		assert_true(dropped > 0);
		assert_non_null(strstr(last, expected));
		assert_null(strstr(last, "fill19"));
		tear_down(state);
		set_up(state);
	}
}

static void
what_the_socket_took_in_part_is_finished(void **state)
{
	struct bundle *bundle = bundle_new(0);
	struct push push = { .source = 1, .policy = SLOW_NEWEST };
	uint64_t now;

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		push.newest_from = bundle->length;
		add_frame(&bundle, "x", i, 20);
		push.newest_end = bundle->length;
	}
	push.bundle = bundle;
	/* 22 bytes each: the lane has sent one and a half. */
	buffer_add(&got, bundle->data, 33);
	assert_true(outbox_push(&outbox, &push, 33, true, SIZE_MAX, &now));
	assert_int_equal(now, 2);
	bundle_unref(&bundle);
	assert_string_equal(words(), " x0 x1 x4");
}

static void
who_follows_gets_all(void **state)
{
	struct bundle *bundle = bundle_new(0);
	struct push push = { .source = 1, .policy = SLOW_NEWEST };
	uint64_t now = 9;

	(void)state;
	outbox_add(&outbox, "\x81\x02w ", 4);
	for (unsigned i = 0; i < 3; i++)
		add_frame(&bundle, "x", i, 20);
	push.bundle = bundle;
	push.newest_from = 44;
	push.newest_end = 66;
	assert_true(outbox_push(&outbox, &push, 0, false, SIZE_MAX, &now));
	assert_int_equal(now, 0);
	bundle_unref(&bundle);
	assert_string_equal(words(), " w x0 x1 x2");
}

static void
a_small_message_does_not_hold_a_large_piece(void **state)
{
	struct bundle *bundle = bundle_new(0);
	struct push push = { .source = 1, .policy = SLOW_NEWEST };
	uint64_t now;

	(void)state;
	add_frame(&bundle, "big", 0, 8000);
	push.newest_from = bundle->length;
	add_frame(&bundle, "small", 0, 20);
	push.newest_end = bundle->length;
	push.bundle = bundle;
	assert_true(outbox_push(&outbox, &push, 0, true, SIZE_MAX, &now));
	assert_int_equal(bundle->references, 1);
	assert_int_equal(outbox_waiting(&outbox), 22);
	bundle_unref(&bundle);
	assert_string_equal(words(), " small0");
}

/* What has come of one room. */
struct line {
	unsigned pushed, received;
	unsigned last; /* the number received last */
	enum slow_policy policy;
};

/* Takes whole frames out of what has come; "R<room>-<number>". */
static void
take_frames(struct line *lines)
{
	while (got.length >= 4) {
		size_t whole = frame_written_length(got.data);
		unsigned room, number;
		struct line *line;

		if (whole > got.length)
			return;
		assert_int_equal(got.data[0], 0x81);
		buffer_add_byte(&got, '\0');
		got.length--;
		assert_int_equal(sscanf((const char *)got.data +
						 (got.data[1] < 126 ? 2 : 4),
					 "R%u-%u ", &room, &number),
			2);
		line = &lines[room];
		assert_true(number > line->last && number <= line->pushed);
		if (line->policy == SLOW_CLOSE)
			assert_int_equal(number, line->last + 1);
		line->last = number;
		line->received++;
		buffer_drop_front(&got, whole);
	}
}

static void
push_at_random(struct line *lines, unsigned room, bool *is_behind)
{
	struct line *line = &lines[room];
	struct bundle *bundle = bundle_new(0);
	struct push push = { .source = room, .policy = line->policy };
	unsigned count = 1 + (unsigned)rand() % 4;
	uint64_t now = 0;
	size_t sent = 0;
	bool is_taken = true;
	char word[16];

	snprintf(word, sizeof(word), "R%u-", room);
	for (unsigned i = 1; i <= count; i++) {
		push.newest_from = bundle->length;
		add_frame(&bundle, word, line->pushed + i,
			20 + (size_t)(rand() % 300));
		push.newest_end = bundle->length;
	}
	push.bundle = bundle;
	line->pushed += count;
	if (!outbox.queue) {
		ssize_t took = send(
			ends[0], bundle->data, bundle->length, MSG_DONTWAIT);

		sent = took > 0 ? (size_t)took : 0;
		*is_behind = sent < bundle->length;
	}
	if (sent < bundle->length)
		is_taken = outbox_push(
			&outbox, &push, sent, *is_behind, 20000, &now);
	if (!is_taken)
		line->pushed -= count;
	dropped += now;
	bundle_unref(&bundle);
}

static void
frames_stay_whole_in_order_and_counted_whatever_happens(void **state)
{
	struct line lines[6] = { 0 };
	uint64_t pushed = 0, received = 0;
	bool is_behind = false;

	(void)state;
	srand(7);
	for (unsigned i = 0; i < ARRAY_LEN(lines); i++)
		lines[i].policy = (enum slow_policy)(i % 3);
	for (unsigned i = 0; i < 20000; i++) {
		unsigned room = (unsigned)rand() % ARRAY_LEN(lines);

		/* One seldom talks where nothing may be left out. */
		if (lines[room].policy != SLOW_CLOSE || rand() % 8 == 0)
			push_at_random(lines, room, &is_behind);
		if (rand() % 4 == 0)
			read_some((size_t)(rand() % 3000) + 1);
		if (rand() % 3 == 0 && outbox.queue)
			is_behind = write_some() == OUTBOX_WAITS;
		assert_true(outbox_waiting(&outbox) <= 20000 + 4 * 400);
		take_frames(lines);
	}
	while (outbox.queue) {
		write_some();
		read_some(65536);
		take_frames(lines);
	}
	read_some(65536);
	take_frames(lines);
	assert_int_equal(got.length, 0);
	for (unsigned i = 0; i < ARRAY_LEN(lines); i++) {
		assert_true(lines[i].received > 0);
		pushed += lines[i].pushed;
		received += lines[i].received;
		if (lines[i].policy != SLOW_DROP)
			assert_int_equal(lines[i].last, lines[i].pushed);
	}
	assert_true(dropped > 0);
	assert_int_equal(received + dropped, pushed);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(the_oldest_go_first_and_are_counted),
		TEST(answers_and_what_must_not_go_stay),
		TEST(of_a_room_with_newest_one_message_waits),
		TEST(an_event_waits_only_where_nothing_does),
		TEST(of_frames_in_one_piece_the_begun_one_is_finished),
		TEST(what_the_socket_took_in_part_is_finished),
		TEST(who_follows_gets_all),
		TEST(a_small_message_does_not_hold_a_large_piece),
		TEST(frames_stay_whole_in_order_and_counted_whatever_happens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
