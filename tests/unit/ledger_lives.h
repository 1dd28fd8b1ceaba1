/*
 * What tests of the ledger do with its lives: open and play them, stop them,
 * and look at the files that they leave. Included by one test program each, so
 * everything is static.
 */
#ifndef TESTS_UNIT_LEDGER_LIVES_H
#define TESTS_UNIT_LEDGER_LIVES_H

#include "worker/ledger/checkpoint_file.h"

#include "tests/unit/ledger_fixture.h"

#include <fcntl.h>

#include "shared/crc32c.h"
#include "shared/journal.h"
#include "worker/ledger/ledger.h"

/* --- a ledger for each test --- */

static inline int
open_ledger(void **state)
{
	(void)state;
	fixture_open();
	return 0;
}

static inline int
close_ledger(void **state)
{
	(void)state;
	fixture_close();
	return 0;
}

/* A test that sets up more defines this before it includes this header. */
#ifndef OPEN_LEDGER
#define OPEN_LEDGER open_ledger
#endif
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, OPEN_LEDGER, close_ledger)

static inline struct ledger *
ledger(void)
{
	return fake.self;
}

static inline struct room_class *
class_of_rooms(void)
{
	return &fake.config->room_classes[0];
}

/* --- lives --- */

static inline void
play(void (*script)(void))
{
	assert_int_equal(live(script), 0);
}

/* After a kill, or a stop if the life before came to one. */
static inline void
play_next(void (*script)(void))
{
	next_life();
	play(script);
}

static inline void
stop_now(void)
{
	fake.hooks->on_stop(fake.self, WORKER_STOP_NOW);
	end_turn();
	assert_true(fake.has_ended);
}

/* --- files --- */

static inline void
path_of(char path[256], const char *name)
{
	snprintf(path, 256, "%s/%s", directory, name);
}

static inline bool
exists(const char *name)
{
	char path[256];

	path_of(path, name);
	return access(path, F_OK) == 0;
}

static inline void
write_over(const char *name, const char *text, off_t offset)
{
	char path[256];
	int fd;

	path_of(path, name);
	fd = open(path, O_WRONLY | O_CREAT, 0640);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, text, strlen(text), offset), strlen(text));
	close(fd);
}

static inline void
remove_file(const char *name)
{
	char path[256];

	path_of(path, name);
	assert_int_equal(unlink(path), 0);
}

static inline void
make_segments_old(void)
{
	char command[256];

	snprintf(command, sizeof(command),
		"touch -d '1 hour ago' %s/journal-0/*.seg", directory);
	assert_int_equal(system(command), 0);
}

/* Forty messages over several small segments, with a checkpoint at each. */
static inline void
fill_segments(void)
{
	journal_set_segment_bytes(ledger()->journal, 1000);
	for (uint64_t i = 0; i < 40; i++) {
		show_say(GATEWAY_A, 0, "r", "\"a message\"");
		end_turn();
		fixture_forget_sent();
		while (i % 10 == 9 && !exists("journal-0/checkpoint"))
			fake.hooks->on_tick(fake.self, fake.now_ms);
	}
}

/* Ticks until what other hosts need is said once more, if that is to be. */
static inline void
tick_until_restated(uint64_t now_ms)
{
	do {
		fake.hooks->on_tick(fake.self, now_ms);
		end_turn();
	} while (ledger()->restating.is_on);
}

/* Segments enough for two checkpoints; the journal of the time before goes. */
static inline void
forget_first_segment(void)
{
	fill_segments();
	stop_now();
	arena_row(fake.arena, HISTORIAN)->archived[0] = UINT64_MAX;
	tick_until_restated(fake.now_ms + 60000);
	make_segments_old();
	fake.hooks->on_tick(fake.self, fake.now_ms + 120000);
	assert_false(exists("journal-0/0000000000000000.seg"));
}

/* --- the checkpoint --- */

/* The next part, which the older version had, or had not. */
static inline void
keep_or_cut_part(struct unpack *in, bool is_kept)
{
	uint64_t size;

	memcpy(&size, in->at, sizeof(size));
	size += sizeof(size);
	if (is_kept) {
		in->at += size;
		return;
	}
	memmove((uint8_t *)(uintptr_t)in->at, in->at + size,
		(size_t)(in->end - in->at) - size);
	in->end -= size;
}

/* Makes the checkpoint, which holds one stream, one of an older version: cut()
 * gets what stands behind the parts that have a size of their own, and returns
 * the end of what stays; NULL: all of it stays. */
static inline void
make_checkpoint_old(
	uint32_t version, uint8_t *(*cut)(uint8_t *at, const uint8_t *end))
{
	struct checkpoint_head head;
	struct buffer bytes = { 0 };
	struct unpack in;
	char path[256];
	int fd;

	path_of(path, "journal-0/checkpoint");
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	bytes.length = (size_t)read(fd, buffer_reserve(&bytes, 4096), 4096);
	assert_in_range(bytes.length, sizeof(head) + 64, 4095);
	memcpy(&head, bytes.data, sizeof(head));
	assert_int_equal(head.count, 1);
	assert_true(head.version > version);
	in = unpack_of(buffer_text(&bytes));
	in.at += sizeof(head);
	unpack_text(&in);
	unpack_number(&in);
	unpack_number(&in);
	keep_or_cut_part(&in, version >= CHECKPOINT_VERSION_OF_BANS);
	keep_or_cut_part(&in, version >= CHECKPOINT_VERSION_OF_SYSTEMS);
	keep_or_cut_part(&in, version >= CHECKPOINT_VERSION_OF_ROLLS);
	keep_or_cut_part(&in, version >= CHECKPOINT_VERSION_OF_HOSTS);
	keep_or_cut_part(&in, version >= CHECKPOINT_VERSION_OF_LIFTED);
	keep_or_cut_part(&in, version >= CHECKPOINT_VERSION_OF_ACCORDS);
	if (cut)
		in.end = cut((uint8_t *)(uintptr_t)in.at, in.end);
	head.size = (uint64_t)(in.end - bytes.data);
	head.version = version;
	memcpy(bytes.data, &head, sizeof(head));
	head.crc = crc32c(0, bytes.data + CHECKPOINT_CRC_FROM,
		head.size - CHECKPOINT_CRC_FROM);
	memcpy(bytes.data, &head, sizeof(head));
	assert_int_equal(
		pwrite(fd, bytes.data, head.size, 0), (ssize_t)head.size);
	assert_int_equal(ftruncate(fd, (off_t)head.size), 0);
	close(fd);
	buffer_fini(&bytes);
}

#endif
