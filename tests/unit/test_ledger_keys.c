/*
 * Messages said again with their key: in one turn, later, by another gateway,
 * after a kill, a stop, and a damaged checkpoint.
 */
#include "worker/ledger/checkpoint_file.h"

#include "tests/unit/ledger_fixture.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "shared/crc32c.h"
#include "shared/journal.h"
#include "worker/ledger/ledger.h"

static int
open_fixture(void **state)
{
	(void)state;
	fixture_open();
	return 0;
}

static int
close_fixture(void **state)
{
	(void)state;
	fixture_close();
	return 0;
}

static void
show_keyed(unsigned from, uint64_t request, const char *tenant,
	const char *room, const char *user, const char *key)
{
	SHOW(SAY, message, from, 1, .kind = STREAM_ROOM,
		.tenant = text_of(tenant), .stream = text_of(room),
		.from = text_of(user), .body = TEXT_LITERAL("1"),
		.key = text_of(key), .request = request,
		.connection = 100 + request);
}

static void
show_k(unsigned from, uint64_t request)
{
	show_keyed(from, request, "t", "r", "ann", "k");
}

static struct said
take_said(unsigned to, uint64_t request, uint64_t offset)
{
	NEXT(SAID, said, to);
	assert_int_equal(said.request, request);
	assert_int_equal(said.connection, 100 + request);
	assert_int_equal(said.offset, offset);
	return said;
}

static struct said first;

/* Answered like the first one, and delivered to nobody. */
static void
expect_repeat(unsigned to, uint64_t request)
{
	struct said said = take_said(to, request, first.offset);

	assert_int_equal(said.id_time, first.id_time);
	assert_int_equal(said.id_origin, first.id_origin);
	assert_int_equal(said.epoch, first.epoch);
	assert_true(said.epoch != 0);
}

static void
script_repeats(void)
{
	settle();
	add_room(GATEWAY_A, "r");
	show_k(GATEWAY_A, 1);
	show_k(GATEWAY_B, 2);
	show_say(GATEWAY_A, 3, "r", "\"other\"");
	show_k(GATEWAY_A, 4);
	end_turn();
	expect_deliver(GATEWAY_A, 1, "1");
	first = take_said(GATEWAY_A, 1, 1);
	expect_repeat(GATEWAY_B, 2);
	expect_deliver(GATEWAY_A, 2, "\"other\"");
	expect_said(GATEWAY_A, 3, 2);
	expect_repeat(GATEWAY_A, 4);
	show_k(GATEWAY_B, 5);
	end_turn();
	expect_repeat(GATEWAY_B, 5);
	assert_no_more();
	assert_int_equal(row_read(worker_row(&fake), COUNTER_REPEATS), 3);
	assert_int_equal(row_read(worker_row(&fake), COUNTER_MESSAGES), 2);
}

static void
a_repeat_is_answered_like_the_first_and_not_delivered(void **state)
{
	(void)state;
	assert_int_equal(live(script_repeats), 0);
}

static void
script_targets(void)
{
	settle();
	show_k(GATEWAY_A, 1);
	show_keyed(GATEWAY_A, 2, "t", "s", "ann", "k");
	show_keyed(GATEWAY_A, 3, "u", "s", "ann", "k");
	show_keyed(GATEWAY_A, 4, "t", "s", "bob", "k");
	show_keyed(GATEWAY_A, 5, "t", "s", "ann", "l");
	end_turn();
	expect_said(GATEWAY_A, 1, 1);
	expect_refused(GATEWAY_A, 2, 1009);
	expect_said(GATEWAY_A, 3, 1);
	expect_said(GATEWAY_A, 4, 1);
	expect_said(GATEWAY_A, 5, 2);
	assert_no_more();
}

static void
another_room_is_a_conflict_another_sender_is_none(void **state)
{
	(void)state;
	assert_int_equal(live(script_targets), 0);
}

static void
script_full_disk(void)
{
	settle();
	show_k(GATEWAY_A, 1);
	end_turn();
	first = take_said(GATEWAY_A, 1, 1);
	limit_journal(10);
	show_keyed(GATEWAY_A, 2, "t", "r", "ann", "new");
	show_keyed(GATEWAY_A, 3, "t", "r", "ann", "new");
	show_keyed(GATEWAY_A, 4, "t", "s", "ann", "new");
	show_k(GATEWAY_A, 5);
	end_turn();
	limit_journal(RLIM_INFINITY);
	expect_refused(GATEWAY_A, 2, 1008);
	expect_refused(GATEWAY_A, 3, 1008);
	expect_refused(GATEWAY_A, 4, 1008);
	expect_repeat(GATEWAY_A, 5);
	show_keyed(GATEWAY_A, 6, "t", "s", "ann", "new");
	end_turn();
	expect_said(GATEWAY_A, 6, 1);
	assert_no_more();
}

static void
what_was_not_stored_keeps_no_key(void **state)
{
	(void)state;
	assert_int_equal(live(script_full_disk), 0);
}

static void
script_first(void)
{
	settle();
	show_k(GATEWAY_A, 1);
	end_turn();
	first = take_said(GATEWAY_A, 1, 1);
}

static void
script_again(void)
{
	fixture_forget_sent();
	show_k(GATEWAY_B, 2);
	end_turn();
	expect_repeat(GATEWAY_B, 2);
	show_keyed(GATEWAY_A, 3, "t", "s", "ann", "k");
	end_turn();
	expect_refused(GATEWAY_A, 3, 1009);
	assert_no_more();
}

static void
keys_survive_a_kill(void **state)
{
	(void)state;
	assert_int_equal(live(script_first), 0);
	next_life();
	assert_int_equal(live(script_again), 0);
	next_life();
	assert_int_equal(live(script_again), 0);
}

/* As the ledger was killed between its commit and its answers: the repeat lies
 * before the cursor of the batch. */
static void
script_killed_before_answers(void)
{
	settle();
	show_k(GATEWAY_A, 1);
	show_k(GATEWAY_B, 2);
	show_say(GATEWAY_B, 3, "r", "\"other\"");
	end_turn();
	first = take_said(GATEWAY_A, 1, 1);
	fixture_forget_sent();
	worker_row(&fake)->delivered = 0;
}

static void
script_after_kill(void)
{
	fixture_forget_sent();
	memset(fake.positions, 0, sizeof(fake.positions));
	show_k(GATEWAY_B, 2);
	show_say(GATEWAY_B, 3, "r", "\"other\"");
	end_turn();
	expect_repeat(GATEWAY_B, 2);
	expect_refused(GATEWAY_B, 3, 1004); /* it has been answered before */
	assert_no_more();
}

static void
a_repeat_whose_answer_was_lost_is_answered_after_a_kill(void **state)
{
	(void)state;
	assert_int_equal(live(script_killed_before_answers), 0);
	next_life();
	assert_int_equal(live(script_after_kill), 0);
}

static void
stop_now(void)
{
	fake.hooks->on_stop(fake.self, WORKER_STOP_NOW);
	end_turn();
	assert_true(fake.has_ended);
}

static bool
exists(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return access(path, F_OK) == 0;
}

/* The key is said first; then come segments enough for two checkpoints, and the
 * journal of that time goes. */
static void
script_forgotten_segments(void)
{
	char command[256];

	script_first();
	journal_set_segment_bytes(((struct ledger *)fake.self)->journal, 1000);
	for (uint64_t i = 0; i < 40; i++) {
		show_say(GATEWAY_A, 0, "r", "\"a message\"");
		end_turn();
		fixture_forget_sent();
		while (i % 10 == 9 && !exists("journal-0/checkpoint"))
			fake.hooks->on_tick(fake.self, fake.now_ms);
	}
	stop_now();
	snprintf(command, sizeof(command),
		"touch -d '1 hour ago' %s/journal-0/*.seg", directory);
	assert_int_equal(system(command), 0);
	arena_row(fake.arena, HISTORIAN)->archived[0] = UINT64_MAX;
	fake.hooks->on_tick(fake.self, fake.now_ms + 60000);
	assert_false(exists("journal-0/0000000000000000.seg"));
}

static void
keys_survive_the_journal_that_they_came_from(void **state)
{
	(void)state;
	assert_int_equal(live(script_forgotten_segments), 0);
	next_life();
	assert_int_equal(live(script_again), 0);
}

static void
damage_checkpoint(void)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/journal-0/checkpoint", directory);
	fd = open(path, O_WRONLY);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "damage", 6, 80), 6);
	close(fd);
}

static void
keys_survive_a_damaged_checkpoint(void **state)
{
	(void)state;
	assert_int_equal(live(script_forgotten_segments), 0);
	damage_checkpoint();
	next_life();
	assert_int_equal(live(script_again), 0);
	assert_true(exists("journal-0/checkpoint.bad"));
}

static void
script_stopping(void)
{
	script_first();
	stop_now();
}

/* Makes the checkpoint one of version 1: without what stands behind the one
 * stream in it. */
static void
make_checkpoint_old(void)
{
	struct checkpoint_head head;
	struct buffer bytes = { 0 };
	struct unpack in;
	char path[256];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "%s/journal-0/checkpoint", directory);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	got = read(fd, buffer_reserve(&bytes, 4096), 4096);
	assert_in_range(got, sizeof(head) + 64, 4095);
	memcpy(&head, bytes.data, sizeof(head));
	assert_int_equal(head.count, 1);
	in = unpack_of((struct text){ (const char *)bytes.data, (size_t)got });
	in.at += sizeof(head);
	unpack_text(&in);
	unpack_number(&in);
	unpack_number(&in);
	head.size = (uint64_t)(in.at - bytes.data);
	head.version = 1;
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

static void
a_checkpoint_without_keys_is_read_too(void **state)
{
	(void)state;
	assert_int_equal(live(script_stopping), 0);
	make_checkpoint_old();
	next_life();
	/* The journal is still there and knows the key. */
	assert_int_equal(live(script_again), 0);
	assert_false(exists("journal-0/checkpoint.bad"));
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_repeat_is_answered_like_the_first_and_not_delivered),
		TEST(another_room_is_a_conflict_another_sender_is_none),
		TEST(what_was_not_stored_keeps_no_key),
		TEST(keys_survive_a_kill),
		TEST(a_repeat_whose_answer_was_lost_is_answered_after_a_kill),
		TEST(keys_survive_the_journal_that_they_came_from),
		TEST(keys_survive_a_damaged_checkpoint),
		TEST(a_checkpoint_without_keys_is_read_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
