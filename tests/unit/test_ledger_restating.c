/* What is said once more in the journal before its files go. */
#include "tests/unit/ledger_lives.h"

#include "shared/bans.h"
#include "shared/bans_writer.h"
#include "shared/journal_reader.h"
#include "shared/systems.h"

#define LINES 2500

/* What the journal has from a position on. */
static struct {
	unsigned bans, lifts, systems, enrols;
	uint64_t since_of_ben;
} found;

static void
count_ban(const struct message *message)
{
	struct unpack in = unpack_of(message->body);
	struct ban ban;

	assert_true(ban_unpack(&in, &ban));
	found.bans += ban.what == BAN_SET;
	found.lifts += ban.what == BAN_LIFT;
	if (text_equal(ban.name, TEXT_LITERAL("ben")))
		found.since_of_ben = ban.since;
}

static void
count_record(struct text record)
{
	struct unpack in = unpack_of(record);
	struct message message;

	assert_true(message_unpack(&in, &message));
	assert_int_equal(message.via, 0);
	if (message.flags & MESSAGE_BAN)
		count_ban(&message);
	found.systems += message.flags & MESSAGE_SYSTEM ? 1 : 0;
	found.enrols += message.flags & MESSAGE_ENROL ? 1 : 0;
}

static void
look_behind(uint64_t position)
{
	struct journal_reader *reader =
		journal_reader_new(ledger()->directory, position);
	struct journal_batch batch;

	memset(&found, 0, sizeof(found));
	while (journal_reader_next(reader, journal_end(ledger()->journal),
		       &batch) == JOURNAL_READ_BATCH) {
		struct unpack in = unpack_of(batch.records);

		for (size_t i = 0; i < batch.count; i++)
			count_record(unpack_text(&in));
	}
	journal_reader_free(&reader);
}

static void
show_ban(unsigned what, const char *name)
{
	SHOW(BAN, ban, GATEWAY_A, 1, .what = what, .kind = BAN_USER,
		.tenant = TEXT_LITERAL("t"), .name = text_of(name));
}

static void
show_enrol(unsigned number)
{
	char user[16], room[16];

	snprintf(user, sizeof(user), "u%u", number);
	snprintf(room, sizeof(room), "r%u", number % 7);
	SHOW(ENROL, enrol, GATEWAY_A, 1, .tenant = TEXT_LITERAL("t"),
		.room = text_of(room), .user = text_of(user), .platform = 1);
}

/* What gateways are told of bans is another test's. */
static void
settle_again(void)
{
	show_announced(GATEWAY_A);
	show_announced(GATEWAY_B);
	end_turn();
	fixture_forget_sent();
}

/* One ban, one that was lifted, a system, many lines of rolls. */
static void
give_all(void)
{
	char name[TENANT_BYTES_MAX];

	settle();
	show_ban(BAN_SET, "ann");
	show_ban(BAN_SET, "ben");
	end_turn();
	show_ban(BAN_LIFT, "ann");
	SHOW(REGISTER, registration, GATEWAY_A, 1, .request = 1,
		.tenant = systems_tenant(name, TEXT_LITERAL("s")));
	for (unsigned i = 0; i < LINES; i++) {
		show_enrol(i);
		if (i % 50 == 49)
			end_turn();
	}
	end_turn();
	fixture_forget_sent();
}

static void
assert_all_behind(uint64_t position)
{
	look_behind(position);
	assert_int_equal(found.bans, 1);
	assert_int_equal(found.lifts, 1);
	assert_int_equal(found.systems, 1);
	assert_int_equal(found.enrols, LINES);
}

static void
script_forgets(void)
{
	uint64_t since, begin;

	give_all();
	look_behind(0);
	since = found.since_of_ben;
	forget_first_segment();
	begin = journal_begin(ledger()->journal);
	assert_true(begin > 0);
	assert_all_behind(begin);
	assert_int_equal(found.since_of_ben, since);
}

static void
the_journal_that_is_left_has_all(void **state)
{
	(void)state;
	play(script_forgets);
}

static void
script_no_need(void)
{
	uint64_t end;

	give_all();
	end = journal_end(ledger()->journal);
	tick_until_restated(fake.now_ms + 60000);
	tick_until_restated(fake.now_ms + 120000);
	assert_int_equal(journal_end(ledger()->journal), end);
}

static void
while_nothing_goes_nothing_is_said_again(void **state)
{
	(void)state;
	play(script_no_need);
}

static void
script_starts(void)
{
	uint64_t end = journal_end(ledger()->journal);

	settle_again();
	assert_true(journal_begin(ledger()->journal) > 0);
	tick_until_restated(fake.now_ms);
	assert_all_behind(end);
	end = journal_end(ledger()->journal);
	tick_until_restated(fake.now_ms);
	assert_int_equal(journal_end(ledger()->journal), end);
}

static void
a_start_with_a_part_of_the_journal_says_all_again(void **state)
{
	(void)state;
	play(script_forgets);
	fixture_forget_sent();
	play_next(script_starts);
	play_next(script_starts);
}

/* A file that takes no more for a while. */
static void
script_full(void)
{
	struct rlimit limit = { 0, RLIM_INFINITY }, before;
	uint64_t end = journal_end(ledger()->journal);

	settle_again();
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit.rlim_max = before.rlim_max;
	limit.rlim_cur = 1;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	for (unsigned i = 0; i < 3; i++) {
		fake.hooks->on_tick(fake.self, fake.now_ms);
		end_turn();
	}
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(journal_end(ledger()->journal), end);
	tick_until_restated(fake.now_ms);
	assert_all_behind(end);
}

static void
what_could_not_be_written_is_said_later(void **state)
{
	(void)state;
	play(script_forgets);
	fixture_forget_sent();
	play_next(script_full);
}

/* A ban that is lifted in the turn in which it is said again. */
static void
script_race(void)
{
	settle_again();
	fake.hooks->on_tick(fake.self, fake.now_ms);
	show_ban(BAN_LIFT, "ben");
	end_turn();
	show_ban(BAN_SET, "cleo");
	fake.hooks->on_tick(fake.self, fake.now_ms);
	end_turn();
	tick_until_restated(fake.now_ms);
	fixture_forget_sent();
}

static void
script_after_race(void)
{
	assert_int_equal(bans_writer_count(ledger()->bans), 1);
	fixture_forget_sent();
}

static void
what_changes_meanwhile_stays_changed(void **state)
{
	(void)state;
	play(script_forgets);
	fixture_forget_sent();
	play_next(script_race);
	play_next(script_after_race);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_journal_that_is_left_has_all),
		TEST(while_nothing_goes_nothing_is_said_again),
		TEST(a_start_with_a_part_of_the_journal_says_all_again),
		TEST(what_could_not_be_written_is_said_later),
		TEST(what_changes_meanwhile_stays_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
