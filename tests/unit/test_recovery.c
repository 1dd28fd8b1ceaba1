/*
 * Joins with since at a gateway: step by step, and under a scheduler that deals
 * out letters, kills and hasty clients by seed, with a small model of ledger
 * and historian on the other side; and logins with inbox, under the same.
 */
#include "tests/unit/recovery_fixture.h"

static void
say_join(int fd, uint64_t epoch, uint64_t offset)
{
	ask_since(fd, "join", "\"room\":\"r\"", "since", epoch, offset);
}

static void
say_return(int fd, uint64_t epoch, uint64_t offset)
{
	ask_since(fd, "login", "\"user\":\"u\"", "inbox", epoch, offset);
}

static void
tell_behind(uint64_t request, uint64_t offset)
{
	fixture_tell(BEHIND, behind_pack,
		(struct behind){ .request = request, .offset = offset });
}

static void
tell_recovered(uint64_t request, enum joined_recovery recovery, uint64_t from,
	uint64_t offset)
{
	bool has_any = recovery == RECOVERY_WHOLE && from < offset;

	fixture_tell(JOINED, joined_pack,
		(struct joined){
			.request = request,
			.room = TEXT_LITERAL("r"),
			.epoch = EPOCH,
			.offset = offset,
			.recovery = recovery,
			.count = has_any ? offset - from : 0,
			.messages = packed(from + 1, has_any ? offset : from),
		});
}

static void
tell_next(uint64_t offset)
{
	struct message message = message_at(offset);

	fixture_tell(DELIVER, message_pack, message);
}

/* Reads the numbers behind each "offset": of a frame, at most so many. */
static size_t
offsets_of(const char *frame, uint64_t *offsets, size_t room)
{
	static const char name[] = "\"offset\":";
	size_t count = 0;

	while ((frame = strstr(frame, name)) != NULL && count < room) {
		frame += sizeof(name) - 1;
		offsets[count++] = strtoull(frame, NULL, 10);
	}
	return count;
}

/* The answer: the room's offset and every message from first to it. */
static void
expect_recovered(const char *frame, uint64_t first, uint64_t offset)
{
	uint64_t offsets[1001];
	size_t count = offsets_of(frame, offsets, ARRAY_LEN(offsets));

	assert_has(frame, "\"recovered\":true,\"messages\":[");
	assert_int_equal(count, 1 + offset - first + 1);
	assert_int_equal(offsets[0], offset);
	for (size_t i = 1; i < count; i++)
		assert_int_equal(offsets[i], first + i - 1);
}

/* A join since 3 whose ledger does not remember what is missed. */
static struct join
ask_behind(int fd)
{
	struct join join;

	say_join(fd, EPOCH, 3);
	join = taken_join();
	tell_behind(join.request, 300);
	return join;
}

static void
the_ledgers_memory_goes_into_the_answer(void **state)
{
	int fd = client("u");
	struct join join;

	(void)state;
	say_join(fd, EPOCH, 3);
	join = taken_join();
	assert_true(join.flags & JOIN_RECOVER);
	assert_int_equal(join.from_epoch, EPOCH);
	assert_int_equal(join.from_offset, 3);
	tell_next(5); /* not a member yet */
	tell_recovered(join.request, RECOVERY_WHOLE, 3, 5);
	tell_next(6);
	fixture_turn();
	expect_recovered(fixture_read(fd), 4, 5);
	assert_has(fixture_read(fd), "\"offset\":6,");
	assert_silent(fd);
}

static void
what_is_not_remembered_is_looked_up_page_by_page(void **state)
{
	int fd = client("u");
	struct join join;
	struct lookup lookup;

	(void)state;
	join = ask_behind(fd);
	lookup = taken_lookup();
	assert_int_equal(lookup.mode, LOOKUP_AFTER);
	assert_int_equal(lookup.anchor, 3);
	tell_behind(join.request, 300); /* twice: it is another question now */
	tell_page(lookup.request, 4, 103);
	tell_page(lookup.request, 4, 103);
	join = taken_join();
	assert_int_equal(join.from_offset, 103);
	tell_behind(join.request, 310);
	lookup = taken_lookup();
	assert_int_equal(lookup.anchor, 103);
	tell_page(lookup.request, 104, 203);
	join = taken_join();
	tell_recovered(join.request, RECOVERY_WHOLE, 203, 310);
	fixture_turn();
	expect_recovered(fixture_read(fd), 4, 310);
	assert_null(fixture_letter());
}

/* What a recovery that starts at 3 comes to after this page. */
static void
expect_lost_after_page(uint64_t first, uint64_t last)
{
	int fd = client("u");
	struct join join;
	const char *frame;

	join = ask_behind(fd);
	tell_page(taken_lookup().request, first, last);
	join = taken_join();
	assert_true(join.flags & JOIN_RECOVER);
	assert_int_equal(join.from_epoch, 0);
	tell_recovered(join.request, RECOVERY_LOST, 0, 300);
	fixture_turn();
	frame = fixture_read(fd);
	assert_has(frame, "\"offset\":300,");
	assert_has(frame, "\"recovered\":false,\"messages\":[]");
	close(fd);
	fixture_turn();
	fixture_forget_letters();
}

static void
a_page_that_does_not_follow_is_no_recovery(void **state)
{
	(void)state;
	expect_lost_after_page(0, 0);
	expect_lost_after_page(5, 20);
	expect_lost_after_page(3, 20);
}

static void
more_than_the_bounds_is_not_recovered(void **state)
{
	int fd = client("u");
	struct join join;

	(void)state;
	say_join(fd, EPOCH, 3);
	join = taken_join();
	tell_behind(join.request, 3 + RECOVERY_MESSAGES_MAX + 1);
	join = taken_join();
	assert_int_equal(join.from_epoch, 0);
	tell_recovered(join.request, RECOVERY_LOST, 0, 2000);
	fixture_turn();
	assert_has(fixture_read(fd), "\"recovered\":false,\"messages\":[]");

	fixture.config.outbox_bytes = 4096;
	fd = client("u");
	say_join(fd, EPOCH, 3);
	join = taken_join();
	tell_recovered(join.request, RECOVERY_WHOLE, 3, 30);
	fixture_turn();
	assert_has(fixture_read(fd), "\"recovered\":false,\"messages\":[]");
}

static void
a_refused_lookup_refuses_the_join_or_loses_what_was(void **state)
{
	int fd = client("u");
	struct join join;
	const struct letter *letter;

	(void)state;
	say_join(fd, EPOCH, 3);
	fixture_say(fd, "{\"cmd\":\"history\",\"data\":{\"room\":\"r\"}}");
	join = taken_join();
	tell_behind(join.request, 300);
	tell_refused(taken_lookup().request, 1004);
	assert_has(fixture_read(fd), "\"code\":1004");
	assert_has(fixture_read(fd), "\"cmd\":\"history\",\"code\":1003");
	letter = fixture_letter();
	assert_int_equal(letter->kind, LETTER_LEAVE);

	join = ask_behind(fd);
	tell_refused(taken_lookup().request, 1012);
	join = taken_join();
	assert_int_equal(join.from_epoch, 0);
	tell_recovered(join.request, RECOVERY_LOST, 0, 300);
	fixture_turn();
	assert_has(fixture_read(fd), "\"recovered\":false");
}

static void
a_full_ring_refuses_a_join_but_not_what_it_has_come_to(void **state)
{
	int fd = client("u");
	struct join join;

	(void)state;
	fixture.is_full = true;
	say_join(fd, EPOCH, 3);
	assert_has(fixture_read(fd), "\"code\":1004");
	fixture.is_full = false;
	lanes_rest(fixture.gateway.lanes, false);
	say_join(fd, EPOCH, 3);
	join = taken_join();
	fixture.is_full = true;
	tell_behind(join.request, 300);
	tell_page(taken_lookup().request, 4, 103);
	assert_int_equal(taken_join().from_offset, 103);
	assert_silent(fd);
}

static void
who_goes_while_it_is_looked_up_leaves_nothing(void **state)
{
	int fd = client("u");
	struct lookup lookup;

	(void)state;
	ask_behind(fd);
	lookup = taken_lookup();
	close(fd);
	fixture_turn();
	fixture_turn();
	assert_int_equal(fixture_letter()->kind, LETTER_LEAVE);
	tell_page(lookup.request, 4, 103);
	assert_null(fixture_letter());
	assert_null(fixture.gateway.rooms->table);
}

static void
one_connection_recovers_few_rooms_at_a_time(void **state)
{
	int fd = client("u");
	char json[256], name[MESSAGE_EPOCH_LENGTH + 1];
	size_t joins = 0;

	(void)state;
	message_epoch_write(name, EPOCH);
	for (int i = 0; i < 20; i++) {
		snprintf(json, sizeof(json),
			"{\"cmd\":\"join\",\"data\":{\"room\":\"%d\","
			"\"since\":{\"epoch\":\"%s\",\"offset\":1}}}",
			i, name);
		fixture_say(fd, json);
	}
	while (fixture_letter() != NULL)
		joins++;
	assert_in_range(joins, 1, 8);
}

/*
 * The scheduler. Ledger and historian are a row of offsets up to `top`; the
 * ledger remembers the last MEMORY of them. Letters to it wait in the fixture,
 * those from it in a line, and those from the historian in another. A kill
 * makes the ledger do again the letters that it did since its ring was
 * released, and deliver again what it may not have delivered.
 */
#define MEMORY 5
#define LINE_MAX 65536
#define CLIENTS 4

enum told {
	TOLD_DELIVER,
	TOLD_JOINED,
	TOLD_BEHIND,
	TOLD_PAGE
};

struct told_letter {
	enum told what;
	uint64_t request, first, last; /* first: behind what the asker has */
	enum joined_recovery recovery;
};

struct line {
	struct told_letter letters[LINE_MAX];
	size_t count, read;
};

static struct line from_ledger, from_historian;
static struct {
	uint64_t top;
	uint64_t released; /* messages up to here are surely delivered */
	size_t ring;       /* letters up to here are released */
} model;
static unsigned seed;

static struct {
	int fd; /* -1: away */
	bool is_in;
	uint64_t last; /* it has all up to here */
	unsigned returns, pushes;
} people[CLIENTS];

static unsigned
draw(unsigned below)
{
	seed = seed * 1103515245 + 12345;
	return seed / 65536 % below;
}

static void
put(struct line *line, struct told_letter letter)
{
	must(line->count < LINE_MAX);
	line->letters[line->count++] = letter;
}

static void
ledger_joins(const struct join *join)
{
	struct told_letter told = { .request = join->request,
		.first = join->from_offset,
		.last = model.top };

	if (join->from_epoch != EPOCH || join->from_offset > model.top) {
		told.what = TOLD_JOINED;
		told.recovery = RECOVERY_LOST;
	} else if (model.top - join->from_offset <= MEMORY) {
		told.what = TOLD_JOINED;
		told.recovery = RECOVERY_WHOLE;
	} else {
		told.what = TOLD_BEHIND;
	}
	put(&from_ledger, told);
}

/* Near pages the ledger answers itself, others the historian. */
static void
ledger_looks_up(const struct lookup *lookup)
{
	uint64_t missed = model.top - lookup->anchor;
	uint64_t limit = 1 + draw(7);
	struct told_letter told = { TOLD_PAGE, lookup->request, lookup->anchor,
		lookup->anchor + MIN_OF(missed, limit), 0 };

	put(missed <= MEMORY ? &from_ledger : &from_historian, told);
}

static bool
ledger_does_a_letter(void)
{
	const struct letter *letter = fixture_letter();
	struct unpack in;
	struct join join;
	struct lookup lookup;

	if (letter == NULL)
		return false;
	in = letter_open(letter);
	if (letter->kind == LETTER_JOIN && join_unpack(&in, &join))
		ledger_joins(&join);
	else if (letter->kind == LETTER_LOOKUP && lookup_unpack(&in, &lookup))
		ledger_looks_up(&lookup);
	return true;
}

static void
ledger_publishes(void)
{
	model.top++;
	put(&from_ledger, (struct told_letter){
				  .what = TOLD_DELIVER, .last = model.top });
}

static void
ledger_is_killed(void)
{
	for (uint64_t last = model.released + 1; last <= model.top; last++)
		put(&from_ledger, (struct told_letter){
					  .what = TOLD_DELIVER, .last = last });
	fixture.letters_read = model.ring;
}

static bool
take_letter(struct line *line)
{
	const struct told_letter *told = &line->letters[line->read];

	if (line->read == line->count)
		return false;
	line->read++;
	if (told->what == TOLD_DELIVER)
		tell_next(told->last);
	else if (told->what == TOLD_JOINED)
		tell_recovered(
			told->request, told->recovery, told->first, told->last);
	else if (told->what == TOLD_BEHIND)
		tell_behind(told->request, told->last);
	else
		tell_page(told->request, told->first + 1, told->last);
	return true;
}

/* What a client reads must go on where it was. */
static void
read_frames(unsigned who)
{
	uint64_t offsets[1001];
	const char *frame;

	while (*(frame = fixture_read(people[who].fd)) != 0) {
		size_t count = offsets_of(frame, offsets, ARRAY_LEN(offsets));

		if (strstr(frame, is_inbox ? "\"cmd\":\"login\""
					   : "\"cmd\":\"join\"")) {
			assert_false(people[who].is_in);
			assert_true(offsets[0] >= people[who].last);
			expect_recovered(
				frame, people[who].last + 1, offsets[0]);
			people[who].is_in = true;
			people[who].last = offsets[0];
			people[who].returns++;
			continue;
		}
		assert_true(people[who].is_in);
		assert_int_equal(count, 1);
		assert_int_equal(offsets[0], people[who].last + 1);
		people[who].last++;
		people[who].pushes++;
	}
}

static void
come_or_go(unsigned who)
{
	if (people[who].fd >= 0 && draw(people[who].is_in ? 3 : 30) > 0)
		return;
	if (people[who].fd >= 0) {
		fixture_turn();
		read_frames(who);
		close(people[who].fd);
		fixture_turn();
		people[who].fd = -1;
		people[who].is_in = false;
		return;
	}
	if (people[who].returns == 0)
		people[who].last = model.top;
	people[who].fd = is_inbox ? fixture_connect() : client("u");
	if (is_inbox)
		say_return(people[who].fd, EPOCH, people[who].last);
	else
		say_join(people[who].fd, EPOCH, people[who].last);
}

static void
step(void)
{
	switch (draw(9)) {
	case 0:
		ledger_publishes();
		break;
	case 1:
	case 2:
	case 3:
		ledger_does_a_letter();
		break;
	case 4:
	case 5:
		take_letter(&from_ledger);
		break;
	case 6:
		take_letter(&from_historian);
		break;
	case 7:
		come_or_go(draw(CLIENTS));
		break;
	case 8:
		if (draw(10) == 0)
			ledger_is_killed();
		if (draw(4) == 0) {
			model.ring = fixture.letters_read;
			model.released = model.top;
		}
		fixture_turn();
		for (unsigned i = 0; i < CLIENTS; i++)
			if (people[i].fd >= 0)
				read_frames(i);
		break;
	}
}

/* Everything that waits is done, and everybody who is there is in. */
static void
finish(void)
{
	while (ledger_does_a_letter() || take_letter(&from_ledger) ||
		take_letter(&from_historian))
		fixture_turn();
	for (unsigned i = 0; i < CLIENTS; i++) {
		if (people[i].fd < 0)
			continue;
		read_frames(i);
		assert_true(people[i].is_in);
		assert_int_equal(people[i].last, model.top);
		close(people[i].fd);
	}
	fixture_turn();
	fixture_turn();
	assert_null(fixture.gateway.rooms->table);
}

static void
play_all_rounds(void)
{
	unsigned returns = 0, pushes = 0, lookups = 0;

	for (unsigned round = 0; round < 200; round++) {
		seed = round;
		memset(&model, 0, sizeof(model));
		memset(people, 0, sizeof(people));
		from_ledger.count = from_ledger.read = 0;
		from_historian.count = from_historian.read = 0;
		for (unsigned i = 0; i < CLIENTS; i++)
			people[i].fd = -1;
		fixture.keeps_entries = is_inbox;
		for (unsigned i = 0; i < 3000; i++)
			step();
		finish();
		lookups += from_historian.count;
		for (unsigned i = 0; i < CLIENTS; i++) {
			returns += people[i].returns;
			pushes += people[i].pushes;
		}
		assert_int_equal(
			row_read(fixture.gateway.row, COUNTER_GAPS), 0);
		fixture_close();
		fixture_open(1);
	}
	print_message("%u returns, %u pushes, %u pages of the archive\n",
		returns, pushes, lookups);
	assert_true(returns > 2000);
	assert_true(pushes > 2000);
	assert_true(lookups > 2000);
}

static void
whatever_the_order_nobody_sees_a_gap_or_a_repeat(void **state)
{
	(void)state;
	play_all_rounds();
}

static void
whatever_the_order_an_inbox_has_no_gap_or_repeat(void **state)
{
	(void)state;
	is_inbox = true;
	play_all_rounds();
	is_inbox = false;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_ledgers_memory_goes_into_the_answer),
		TEST(what_is_not_remembered_is_looked_up_page_by_page),
		TEST(a_page_that_does_not_follow_is_no_recovery),
		TEST(more_than_the_bounds_is_not_recovered),
		TEST(a_refused_lookup_refuses_the_join_or_loses_what_was),
		TEST(a_full_ring_refuses_a_join_but_not_what_it_has_come_to),
		TEST(who_goes_while_it_is_looked_up_leaves_nothing),
		TEST(one_connection_recovers_few_rooms_at_a_time),
		TEST(whatever_the_order_nobody_sees_a_gap_or_a_repeat),
		TEST(whatever_the_order_an_inbox_has_no_gap_or_repeat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
