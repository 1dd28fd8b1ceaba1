/* Who comes from another host to a gateway, and what it tells of losses. */
#include "tests/unit/recovery_fixture.h"

#define ITS_EPOCH 99

/* With id, as another host told it; "": without one. */
static void
say_join(int fd, const char *id)
{
	char epoch[MESSAGE_EPOCH_LENGTH + 1], more[256];

	message_epoch_write(epoch, ITS_EPOCH);
	snprintf(more, sizeof(more),
		"\"room\":\"r\",\"since\":{\"epoch\":\"%s\",\"offset\":9%s}",
		epoch, id);
	ask(fd, "join", more);
}

static const char *
with_id(void)
{
	static char member[64];
	char id[MESSAGE_ID_LENGTH + 1];

	message_id_write(id, ITS_TIME, 2049);
	snprintf(member, sizeof(member), ",\"id\":\"%s\"", id);
	return member;
}

static void
tell_recovered(
	uint64_t request, uint64_t is_of_other, uint64_t began, uint64_t offset)
{
	fixture_tell(JOINED, joined_pack,
		(struct joined){
			.request = request,
			.room = TEXT_LITERAL("r"),
			.epoch = EPOCH,
			.offset = offset,
			.recovery = RECOVERY_WHOLE,
			.count = offset - began,
			.messages = packed(began + 1, offset),
			.id_time = ITS_TIME + 1000,
			.id_origin = 1024,
			.is_of_other = is_of_other,
			.began = began,
		});
}

/* To the join that was taken: what it needs is not in memory. */
static void
tell_behind(const struct join *join, struct behind behind)
{
	behind.request = join->request;
	behind.epoch = EPOCH;
	fixture_tell(BEHIND, behind_pack, behind);
}

/* The way of joins goes on from there. */
static struct join
taken_join_from(uint64_t offset)
{
	struct join join = taken_join();

	assert_int_equal(join.from_epoch, EPOCH);
	assert_int_equal(join.from_offset, offset);
	return join;
}

/* Somebody comes with an id of the other host. */
static struct join
come_from_other(int *fd)
{
	*fd = client("u");
	say_join(*fd, with_id());
	return taken_join();
}

static void
expect_overlap(int fd, const char *first_offset)
{
	const char *frame;

	fixture_turn();
	frame = fixture_read(fd);
	assert_has(frame, "\"recovered\":true,\"overlap\":true,\"messages\":[");
	assert_has(frame, first_offset);
}

static void
the_ledger_is_told_the_id_and_says_where_it_begins(void **state)
{
	int fd;
	struct join join = come_from_other(&fd);
	const char *frame;
	char id[MESSAGE_ID_LENGTH + 1];

	(void)state;
	assert_int_equal(join.from_epoch, ITS_EPOCH);
	assert_true(join.from_time == ITS_TIME);
	assert_int_equal(join.from_origin, 2049);
	tell_recovered(join.request, 1, 40, 42);
	fixture_turn();
	frame = fixture_read(fd);
	message_id_write(id, ITS_TIME + 1000, 1024);
	assert_has(frame, id);
	assert_has(frame, "\"recovered\":true,\"overlap\":true,\"messages\":[");
	assert_has(frame, "\"offset\":41,");
	assert_silent(fd);
}

static void
an_id_that_is_none_says_nothing(void **state)
{
	int fd = client("u");

	(void)state;
	say_join(fd, ",\"id\":\"what?\"");
	assert_true(taken_join().from_time == 0);
	fd = client("v");
	say_join(fd, ",\"id\":7");
	assert_true(taken_join().from_time == 0);
}

static void
what_memory_does_not_reach_is_looked_up(void **state)
{
	int fd;
	struct lookup lookup;
	struct join join = come_from_other(&fd);

	(void)state;
	tell_behind(
		&join, (struct behind){
			       .offset = 300, .is_of_other = 1, .began = 100 });
	lookup = taken_lookup();
	assert_int_equal(lookup.mode, LOOKUP_AFTER);
	assert_int_equal(lookup.anchor, 100);
	tell_page(lookup.request, 101, 250);
	join = taken_join_from(250);
	tell_recovered(join.request, 0, 250, 300);
	expect_overlap(fd, "\"offset\":101,");
}

static void
where_it_begins_is_looked_up_too(void **state)
{
	int fd;
	struct lookup lookup;
	struct join join = come_from_other(&fd);

	(void)state;
	tell_behind(&join, (struct behind){ .offset = 3000,
				   .is_of_other = 1,
				   .seek = ITS_TIME - 5 });
	lookup = taken_lookup();
	assert_int_equal(lookup.mode, LOOKUP_BEFORE_ID);
	assert_true(lookup.anchor == ITS_TIME - 5);
	assert_int_equal(lookup.limit, 1);
	assert_int_equal(lookup.changes, 1);
	tell_page(lookup.request, 2950, 2950);
	join = taken_join_from(2950);
	tell_recovered(join.request, 0, 2950, 3000);
	expect_overlap(fd, "\"offset\":2951,");
}

/* Nothing is older there, but what there is does not begin at 1. */
static void
an_archive_that_begins_too_late_is_no_recovery(void **state)
{
	int fd;
	struct join join = come_from_other(&fd);

	(void)state;
	tell_behind(&join,
		(struct behind){
			.offset = 300, .is_of_other = 1, .seek = ITS_TIME });
	tell_page(taken_lookup().request, 0, 0);
	join = taken_join_from(0);
	tell_behind(&join, (struct behind){ .offset = 300 });
	tell_page(taken_lookup().request, 200, 300);
	join = taken_join();
	assert_int_equal(join.from_epoch, 0);
	fixture_tell(JOINED, joined_pack,
		(struct joined){ .request = join.request,
			.room = TEXT_LITERAL("r"),
			.epoch = EPOCH,
			.offset = 300,
			.recovery = RECOVERY_LOST });
	fixture_turn();
	assert_has(fixture_read(fd), "\"recovered\":false,\"messages\":[]");
}

static void
too_much_is_no_recovery(void **state)
{
	int fd;
	struct join join = come_from_other(&fd);

	(void)state;
	tell_behind(&join,
		(struct behind){ .offset = 100 + RECOVERY_MESSAGES_MAX + 1,
			.is_of_other = 1,
			.began = 100 });
	assert_int_equal(taken_join().from_epoch, 0);
	(void)fd;
}

static void
a_loss_is_told_in_every_room_and_inbox(void **state)
{
	int fd = client("u");

	(void)state;
	say_join(fd, with_id());
	tell_recovered(taken_join().request, 1, 40, 42);
	fixture_turn();
	fixture_read(fd);
	fixture_tell(MOVED, loss_pack, (struct loss){ 0 });
	fixture_turn();
	assert_has(fixture_read(fd), "{\"cmd\":\"moved\",\"data\":{");
	assert_has(fixture_read(fd), "{\"cmd\":\"moved\",\"data\":{");
	assert_silent(fd);
	fixture_tell(MOVED, loss_pack,
		(struct loss){ .tenant = TEXT_LITERAL("default"),
			.room = TEXT_LITERAL("r") });
	fixture_turn();
	assert_has(fixture_read(fd),
		"{\"cmd\":\"moved\",\"data\":{\"room\":\"r\",\"epoch\":\"");
	assert_silent(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_ledger_is_told_the_id_and_says_where_it_begins),
		TEST(an_id_that_is_none_says_nothing),
		TEST(what_memory_does_not_reach_is_looked_up),
		TEST(where_it_begins_is_looked_up_too),
		TEST(an_archive_that_begins_too_late_is_no_recovery),
		TEST(too_much_is_no_recovery),
		TEST(a_loss_is_told_in_every_room_and_inbox),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
