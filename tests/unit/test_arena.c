#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/arena.h"
#include "shared/base.h"
#include "shared/bell.h"
#include "shared/index.h"
#include "shared/letter.h"
#include "shared/log.h"
#include "shared/ring.h"

static const struct arena_shape shape = {
	.slots = 5,
	.ring_bytes = 16384,
	.index_connections = 1000,
	.index_rooms = 1000,
	.roles = { ROLE_GATEWAY, ROLE_GATEWAY, ROLE_API, ROLE_LEDGER,
		ROLE_HISTORIAN },
};

static const struct letter hello = { .size = sizeof(hello),
	.kind = LETTER_SAY };

static struct arena *arena;

static int
set_up(void **state)
{
	(void)state;
	arena = arena_create(&shape);
	return arena == NULL;
}

static int
tear_down(void **state)
{
	(void)state;
	arena_free(&arena);
	return arena != NULL;
}

/* Exit code of work() in a process of its own. */
static int
run_child(int (*work)(void *self), void *self)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(work(self));
	must(waitpid(child, &status, 0) == child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static void
slots_are_found_by_role(void **state)
{
	(void)state;
	assert_int_equal(arena_role_first(arena, ROLE_GATEWAY), 0);
	assert_int_equal(arena_role_count(arena, ROLE_GATEWAY), 2);
	assert_int_equal(arena_role_first(arena, ROLE_LEDGER), 3);
	assert_int_equal(arena_role_count(arena, ROLE_LEDGER), 1);
	assert_int_equal(arena_role_count(arena, ROLE_RELAY), 0);
	assert_int_equal(arena_row(arena, 1)->role, ROLE_GATEWAY);
	assert_int_equal(arena_row(arena, 1)->number, 1);
	assert_int_equal(arena_row(arena, 2)->role, ROLE_API);
	assert_int_equal(arena_row(arena, 2)->number, 0);
}

static void
no_two_regions_overlap(void **state)
{
	(void)state;
	for (unsigned to = 0; to < shape.slots; to++)
		for (unsigned from = 0; from < shape.slots; from++)
			while (ring_post(arena_ring(arena, from, to), &hello))
				continue;
	for (unsigned slot = 0; slot < shape.slots; slot++) {
		index_open(arena, slot, 1);
		for (int i = 0; i < COUNTER_COUNT; i++)
			row_set(arena_row(arena, slot), i, 1000 * slot + 1);
	}
	for (unsigned to = 0; to < shape.slots; to++)
		for (unsigned from = 0; from < shape.slots; from++) {
			struct ring *ring = arena_ring(arena, from, to);
			struct ring_reader reader;
			unsigned count = 0;

			ring_reader_start(&reader, ring);
			while (ring_next(&reader))
				count++;
			assert_int_equal(count, 16384 / sizeof(hello));
			assert_int_equal(ring_refused(ring), 1);
		}
	for (unsigned slot = 0; slot < shape.slots; slot++)
		assert_int_equal(
			row_read(arena_row(arena, slot), 0), 1000 * slot + 1);
}

static int
answer_letter(void *self)
{
	struct ring_reader reader;

	(void)self;
	ring_reader_start(&reader, arena_ring(arena, 0, 3));
	if (!ring_next(&reader))
		return 1;
	bell_ring(arena_bell(arena, 0));
	return ring_post(arena_ring(arena, 3, 0), &hello) ? 0 : 2;
}

static void
a_forked_child_shares_it(void **state)
{
	struct ring_reader reader;
	uint64_t rings = 0;

	(void)state;
	assert_true(ring_post(arena_ring(arena, 0, 3), &hello));
	assert_int_equal(run_child(answer_letter, NULL), 0);
	ring_reader_start(&reader, arena_ring(arena, 3, 0));
	assert_non_null(ring_next(&reader));
	assert_int_equal(read(arena_bell(arena, 0), &rings, 8), 8);
	assert_int_equal(rings, 1);
}

static uint64_t
resident_bytes(const struct arena *of)
{
	struct stat status;

	must(fstat(arena_fd(of), &status) == 0);
	return (uint64_t)status.st_blocks * 512;
}

static void
what_is_not_touched_costs_nothing(void **state)
{
	struct arena_shape large = shape;
	struct arena *sparse;

	(void)state;
	large.slots = 60;
	memset(large.roles, ROLE_GATEWAY, sizeof(large.roles));
	large.ring_bytes = 1 << 20;
	large.index_connections = 1000000;
	large.index_rooms = 1000000;
	sparse = arena_create(&large);
	assert_non_null(sparse);
	assert_true(resident_bytes(sparse) < 2 << 20);
	index_open(sparse, 3, 1);
	assert_true(resident_bytes(sparse) < 2 << 20);
	arena_free(&sparse);
}

static void
the_size_is_sealed(void **state)
{
	(void)state;
	assert_int_equal(ftruncate(arena_fd(arena), 4096), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(arena_fd(arena), (off_t)1 << 40), -1);
	assert_int_equal(errno, EPERM);
}

static void
descriptors_survive_an_exec(void **state)
{
	(void)state;
	assert_int_equal(fcntl(arena_fd(arena), F_GETFD) & FD_CLOEXEC, 0);
	for (unsigned slot = 0; slot < shape.slots; slot++)
		assert_int_equal(
			fcntl(arena_bell(arena, slot), F_GETFD) & FD_CLOEXEC,
			0);
}

static void
the_layout_follows_from_the_shape(void **state)
{
	struct arena_shape other = shape;
	struct arena *same = arena_create(&shape), *different;

	(void)state;
	assert_int_equal(arena_layout(same), arena_layout(arena));
	assert_int_not_equal(arena_id(same), arena_id(arena));
	other.roles[2] = ROLE_GATEWAY;
	different = arena_create(&other);
	assert_int_not_equal(arena_layout(different), arena_layout(arena));
	arena_free(&different);
	other = shape;
	other.index_rooms++;
	different = arena_create(&other);
	assert_int_not_equal(arena_layout(different), arena_layout(arena));
	arena_free(&different);
	arena_free(&same);
}

/* As a master does after it has executed a new program in place. */
static int
attach_again(void *self)
{
	int fd = dup(arena_fd(arena));
	struct arena *attached = arena_attach(fd);
	struct ring_reader reader;
	bool is_same;

	(void)self;
	if (!attached)
		return 1;
	ring_reader_start(&reader, arena_ring(attached, 1, 2));
	is_same = arena_id(attached) == arena_id(arena) &&
		  memcmp(arena_shape(attached), &shape, sizeof(shape)) == 0 &&
		  arena_bell(attached, 4) == arena_bell(arena, 4) &&
		  memcmp(arena_key(attached), arena_key(arena), 16) == 0 &&
		  ring_next(&reader) != NULL && ring_next(&reader) == NULL &&
		  arena_row(attached, 4)->role == ROLE_HISTORIAN;
	arena_free(&attached);
	return is_same && fcntl(fd, F_GETFD) < 0 ? 0 : 2;
}

static void
another_program_finds_all_as_it_was(void **state)
{
	(void)state;
	assert_true(ring_post(arena_ring(arena, 1, 2), &hello));
	assert_int_equal(run_child(attach_again, NULL), 0);
}

/* A memfd that begins with the header of the arena, changed at one place. */
static int
forge(size_t at, uint8_t change, off_t bytes, bool is_sealed)
{
	int fd = memfd_create("forged", MFD_ALLOW_SEALING);
	uint8_t head[16384];

	must(pread(arena_fd(arena), head, sizeof(head), 0) == sizeof(head));
	head[at] ^= change;
	must(pwrite(fd, head, sizeof(head), 0) == sizeof(head));
	must(ftruncate(fd, bytes) == 0);
	if (is_sealed)
		must(fcntl(fd, F_ADD_SEALS,
			     F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0);
	return fd;
}

static off_t
arena_bytes(void)
{
	struct stat status;

	must(fstat(arena_fd(arena), &status) == 0);
	return status.st_size;
}

struct forged {
	size_t at;
	uint8_t change;
	off_t bytes;
	bool is_sealed;
};

/* 0 when it is refused and its descriptor closed. */
static int
attach_forged(void *self)
{
	const struct forged *how = self;
	int fd = forge(how->at, how->change, how->bytes, how->is_sealed);
	struct arena *attached = arena_attach(fd);

	if (attached)
		return 1;
	return fcntl(fd, F_GETFD) < 0 ? 0 : 2;
}

static void
nothing_is_trusted_before_it_is_checked(void **state)
{
	off_t bytes = arena_bytes();
	struct forged whole = { 0, 0, bytes, true };
	struct forged no_seal = { 0, 0, bytes, false };
	struct forged shorter = { 0, 0, bytes - 65536, true };
	struct forged empty = { 0, 0, 0, true };
	struct forged header_only = { 0, 0, 16384, true };

	(void)state;
	assert_int_equal(run_child(attach_forged, &whole), 1);
	assert_int_equal(run_child(attach_forged, &no_seal), 0);
	assert_int_equal(run_child(attach_forged, &shorter), 0);
	assert_int_equal(run_child(attach_forged, &empty), 0);
	assert_int_equal(run_child(attach_forged, &header_only), 0);
	/* magic, version, header size, layout hash, size */
	for (size_t at = 0; at < 32; at++) {
		struct forged how = { at, 1, bytes, true };

		assert_int_equal(run_child(attach_forged, &how), 0);
	}
	/* shape: slots, ring_bytes, connections, rooms, roles; before it id
	 * and key, which may have any value */
	for (size_t at = 56; at < 77; at++) {
		struct forged how = { at, 0x80, bytes, true };

		assert_int_equal(run_child(attach_forged, &how), 0);
	}
}

static int
attach_any_file(void *self)
{
	int fd = open(self, O_RDONLY);

	return arena_attach(fd) ? 1 : fcntl(fd, F_GETFD) < 0 ? 0 : 2;
}

static int
attach_without_bells(void *self)
{
	(void)self;
	close(arena_bell(arena, 2));
	return arena_attach(dup(arena_fd(arena))) ? 1 : 0;
}

static void
what_is_no_arena_is_refused(void **state)
{
	(void)state;
	assert_int_equal(run_child(attach_any_file, (void *)"/dev/null"), 0);
	assert_int_equal(run_child(attach_any_file, (void *)"/dev/zero"), 0);
	assert_int_equal(run_child(attach_any_file, (void *)"/"), 0);
	assert_int_equal(
		run_child(attach_any_file, (void *)"/proc/self/exe"), 0);
	assert_int_equal(run_child(attach_without_bells, NULL), 0);
}

#define ARENA_TEST(name)                                                       \
	cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ARENA_TEST(slots_are_found_by_role),
		ARENA_TEST(no_two_regions_overlap),
		ARENA_TEST(a_forked_child_shares_it),
		ARENA_TEST(what_is_not_touched_costs_nothing),
		ARENA_TEST(the_size_is_sealed),
		ARENA_TEST(descriptors_survive_an_exec),
		ARENA_TEST(the_layout_follows_from_the_shape),
		ARENA_TEST(another_program_finds_all_as_it_was),
		ARENA_TEST(nothing_is_trusted_before_it_is_checked),
		ARENA_TEST(what_is_no_arena_is_refused),
	};

	/* Each refusal says why; here that is dozens of lines. */
	log_open("/dev/null", LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
