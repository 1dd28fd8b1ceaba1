/* What one program of the master leaves for the next one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "master/handover.h"
#include "shared/base.h"
#include "shared/heritage.h"

#define CONFIG "listener a { address = \"x\" }\nchild 3 1 1 1 1 1 1 1\n"

/* As a program of any version may have written it. */
static struct handover *
read_text(const char *text)
{
	int fd = memfd_create("handover", 0);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return handover_read(fd);
}

static struct handover *
read_back(const struct handover *from)
{
	int fd = handover_write(from);

	assert_true(fd >= 0);
	return handover_read(fd);
}

static struct handover *
made(void)
{
	static struct heritage_socket sockets[] = {
		{ .fd = 9, .slot = 1, .listener = 2, .is_given = true },
		{ .fd = 10, .slot = HERITAGE_ANY_SLOT, .listener = 0 },
	};
	struct handover *handover = base_alloc_zeroed(1, sizeof(*handover));

	*handover = (struct handover){
		.arena = 3,
		.status = 4,
		.run_lock = 5,
		.data_lock = 6,
		.writers_lock = 7,
		.generation = UINT32_MAX,
		.started_ms = UINT64_MAX,
		.has_taken_over = true,
		.path = "/etc/a file with blanks.conf",
		.listening = { .sockets = sockets,
			.count = ARRAY_LEN(sockets) },
	};
	buffer_add_string(&handover->config, CONFIG);
	handover->listening.is_on[0] = true;
	handover->listening.is_on[SLOTS_MAX - 1] = true;
	handover->children[SLOTS_MAX - 1] = (struct handover_child){
		.pid = 4711,
		.life = UINT32_MAX,
		.state = CHILD_SERVING,
		.was_healthy = true,
		.line = 11,
		.since_ms = UINT64_MAX,
		.started_ms = 17,
	};
	handover->children[2] = (struct handover_child){
		.life = 3,
		.state = CHILD_RESTING,
		.line = -1,
	};
	return handover;
}

static void
assert_same_socket(
	const struct heritage_socket *one, const struct heritage_socket *other)
{
	assert_int_equal(one->fd, other->fd);
	assert_int_equal(one->slot, other->slot);
	assert_int_equal(one->listener, other->listener);
	assert_int_equal(one->is_given, other->is_given);
}

static void
assert_same_child(
	const struct handover_child *one, const struct handover_child *other)
{
	assert_int_equal(one->pid, other->pid);
	assert_int_equal(one->life, other->life);
	assert_int_equal(one->state, other->state);
	assert_int_equal(one->was_healthy, other->was_healthy);
	assert_int_equal(one->line, other->line);
	assert_true(one->since_ms == other->since_ms);
	assert_true(one->started_ms == other->started_ms);
}

static void
what_was_written_is_read(void **state)
{
	struct handover *from = made(), *to = read_back(from);

	(void)state;
	assert_non_null(to);
	assert_int_equal(to->arena, 3);
	assert_int_equal(to->status, 4);
	assert_int_equal(to->run_lock, 5);
	assert_int_equal(to->data_lock, 6);
	assert_int_equal(to->writers_lock, 7);
	assert_true(to->generation == UINT32_MAX);
	assert_true(to->started_ms == UINT64_MAX);
	assert_true(to->has_taken_over);
	assert_string_equal(to->path, from->path);
	assert_true(text_equal(buffer_text(&to->config), text_of(CONFIG)));
	assert_int_equal(to->listening.count, from->listening.count);
	for (size_t i = 0; i < to->listening.count; i++)
		assert_same_socket(
			&to->listening.sockets[i], &from->listening.sockets[i]);
	for (size_t i = 0; i < SLOTS_MAX; i++) {
		assert_int_equal(
			to->listening.is_on[i], from->listening.is_on[i]);
		assert_same_child(&to->children[i], &from->children[i]);
	}
	handover_free(&to);
	assert_null(to);
	buffer_fini(&from->config);
	free(from);
}

static void
without_a_file_there_is_no_path(void **state)
{
	struct handover *from = made(), *to;

	(void)state;
	from->path = NULL;
	to = read_back(from);
	assert_non_null(to);
	assert_null(to->path);
	handover_free(&to);
	buffer_fini(&from->config);
	free(from);
}

static void
lines_of_later_versions_are_passed_over(void **state)
{
	struct handover *to = read_text("confab handover 1\n"
					"arena 3\nstatus 4\n"
					"something new 1 2 3\n"
					"socket 9 1 2\n"
					"child 1 2\n"
					"child 100000 1 1 1 1 1 1 1\n"
					"on 100000\n"
					"config\nx");

	(void)state;
	assert_non_null(to);
	assert_int_equal(to->writers_lock, -1);
	assert_int_equal(to->listening.count, 1);
	assert_false(to->listening.sockets[0].is_given);
	assert_int_equal(to->children[1].pid, 0);
	assert_true(text_equal(buffer_text(&to->config), text_of("x")));
	handover_free(&to);
}

static void
what_is_no_handover_is_refused(void **state)
{
	static const char *const bad[] = { "", "confab handover 2\n",
		"confab handover 1\n", "confab handover 1\narena 3\nstatus 4\n",
		"confab handover 1\narena 3\nstatus 4\nconfig\n",
		"confab handover 1\narena 3\nconfig\nx",
		"confab handover 1\nstatus 4\nconfig\nx" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_null(read_text(bad[i]));
	assert_null(handover_read(-1));
}

static bool
closes_on_exec(int fd)
{
	return fcntl(fd, F_GETFD) & FD_CLOEXEC;
}

/* Of a child without a process the line is none of ours. */
static void
all_descriptors_go_on_or_end_together(void **state)
{
	int fds[6];
	struct heritage_socket socket;
	struct handover *handover = base_alloc_zeroed(1, sizeof(*handover));

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		assert_true(fds[i] >= 0);
	}
	handover->status = fds[0];
	handover->run_lock = fds[1];
	handover->data_lock = -1;
	handover->writers_lock = fds[2];
	socket = (struct heritage_socket){ .fd = fds[3] };
	handover->listening.sockets = &socket;
	handover->listening.count = 1;
	handover->children[5] =
		(struct handover_child){ .pid = 1, .line = fds[4] };
	handover->children[6] = (struct handover_child){ .line = fds[5] };
	handover_close_on_exec(handover, false);
	for (size_t i = 0; i < 5; i++)
		assert_false(closes_on_exec(fds[i]));
	assert_true(closes_on_exec(fds[5]));
	handover_close_on_exec(handover, true);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		assert_true(closes_on_exec(fds[i]));
		close(fds[i]);
	}
	free(handover);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(without_a_file_there_is_no_path),
		cmocka_unit_test(lines_of_later_versions_are_passed_over),
		cmocka_unit_test(what_is_no_handover_is_refused),
		cmocka_unit_test(all_descriptors_go_on_or_end_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
