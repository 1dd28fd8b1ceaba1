#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "worker/gateway/outbox.h"

static int ends[2];
static struct outbox outbox;

static int
set_up(void **state)
{
	(void)state;
	outbox = (struct outbox){ 0 };
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends);
}

static int
tear_down(void **state)
{
	(void)state;
	outbox_fini(&outbox);
	close(ends[0]);
	close(ends[1]);
	return 0;
}

/* What must not be left out. */
static bool
push(struct bundle *bundle, size_t from, size_t limit)
{
	const struct push one = { .bundle = bundle };
	uint64_t dropped;
	bool is_taken = outbox_push(&outbox, &one, from, true, limit, &dropped);

	assert_int_equal(dropped, 0);
	return is_taken;
}

static struct bundle *
bundle_with(const char *text)
{
	struct bundle *bundle = bundle_new(1);

	bundle_add(&bundle, text, strlen(text));
	return bundle;
}

static void
read_all(struct buffer *into)
{
	for (;;) {
		ssize_t got =
			recv(ends[1], buffer_reserve(into, 65536), 65536, 0);

		if (got <= 0)
			return;
		into->length += (size_t)got;
	}
}

static void
nothing_waits_in_an_empty_outbox(void **state)
{
	size_t written;

	(void)state;
	assert_int_equal(
		outbox_write(&outbox, ends[0], &written), OUTBOX_EMPTY);
	assert_int_equal(written, 0);
	assert_null(outbox.queue);
}

static void
what_was_queued_comes_out_in_order_and_is_freed(void **state)
{
	struct bundle *shared = bundle_with("..bbb");
	struct buffer got = { 0 };
	size_t written;

	(void)state;
	outbox_add(&outbox, "a", 1);
	outbox_add(&outbox, "A", 1);
	assert_true(push(shared, 2, 100));
	outbox_add(&outbox, "c", 1);
	assert_int_equal(outbox_waiting(&outbox), 6);
	assert_int_equal(shared->references, 2);
	assert_int_equal(
		outbox_write(&outbox, ends[0], &written), OUTBOX_EMPTY);
	assert_int_equal(written, 6);
	assert_null(outbox.queue);
	assert_int_equal(shared->references, 1);
	read_all(&got);
	assert_int_equal(got.length, 6);
	assert_memory_equal(got.data, "aAbbbc", 6);
	buffer_fini(&got);
	bundle_unref(&shared);
	assert_null(shared);
}

static void
a_push_over_the_limit_is_refused_and_an_answer_is_not(void **state)
{
	struct bundle *bundle = bundle_with("0123456789");

	(void)state;
	outbox_add(&outbox, "answers do not count", 20);
	assert_true(push(bundle, 0, 25));
	assert_true(push(bundle, 0, 25));
	assert_false(push(bundle, 0, 25));
	assert_true(push(bundle, 5, 25));
	outbox_add(&outbox, "nor here", 8);
	assert_int_equal(outbox_waiting(&outbox), 20 + 25 + 8);
	assert_int_equal(bundle->references, 4);
	outbox_fini(&outbox);
	assert_int_equal(bundle->references, 1);
	bundle_unref(&bundle);
}

static void
bytes_survive_a_full_socket_in_any_cut(void **state)
{
	struct buffer sent = { 0 }, got = { 0 };
	bool has_waited = false;

	(void)state;
	for (int i = 0; i < 2000; i++) {
		char text[400];
		size_t length = (size_t)(i * 7 % 397 + 1);
		struct bundle *bundle;

		memset(text, 'a' + i % 26, length);
		buffer_add(&sent, text, length);
		if (i % 3 == 0) {
			outbox_add(&outbox, text, length);
			continue;
		}
		bundle = bundle_new(1);
		bundle_add(&bundle, text, length);
		assert_true(push(bundle, 0, SIZE_MAX));
		bundle_unref(&bundle);
	}
	for (;;) {
		size_t written;
		enum outbox_result result =
			outbox_write(&outbox, ends[0], &written);

		read_all(&got);
		if (result == OUTBOX_EMPTY)
			break;
		assert_int_equal(result, OUTBOX_WAITS);
		has_waited = true;
	}
	assert_true(has_waited);
	assert_int_equal(got.length, sent.length);
	assert_memory_equal(got.data, sent.data, sent.length);
	buffer_fini(&sent);
	buffer_fini(&got);
}

static void
a_broken_socket_is_told(void **state)
{
	size_t written;

	(void)state;
	close(ends[1]);
	ends[1] = -1;
	outbox_add(&outbox, "a", 1);
	assert_int_equal(
		outbox_write(&outbox, ends[0], &written), OUTBOX_BROKEN);
}

static void
a_bundle_grows_and_frames_texts(void **state)
{
	struct bundle *bundle = bundle_new(1);
	char text[200];

	(void)state;
	memset(text, 'x', sizeof(text));
	bundle_add_text(&bundle, "hi", 2);
	bundle_add_text(&bundle, text, sizeof(text));
	assert_int_equal(bundle->length, 2 + 2 + 4 + 200);
	assert_memory_equal(bundle->data, "\x81\x02hi\x81\x7e\x00\xc8xxx", 11);
	bundle_unref(&bundle);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(nothing_waits_in_an_empty_outbox),
		TEST(what_was_queued_comes_out_in_order_and_is_freed),
		TEST(a_push_over_the_limit_is_refused_and_an_answer_is_not),
		TEST(bytes_survive_a_full_socket_in_any_cut),
		TEST(a_broken_socket_is_told),
		TEST(a_bundle_grows_and_frames_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
