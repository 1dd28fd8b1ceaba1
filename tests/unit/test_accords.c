/* What a ledger knows of what other hosts had. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/pack.h"
#include "worker/ledger/accords.h"
#include "worker/ledger/hosts.h"

#define HERE 1
#define THERE 2
#define THIRD 3
#define STORE(host) (UINT64_C(1000) + (host))

static struct accords accords;
static struct hosts hosts;
static struct buffer items, peers, one;

/* How far the journals are, by host: here, and as that host tells. */
static uint64_t here_at[4], there_at[4];

static int
set_up(void **state)
{
	(void)state;
	accords = (struct accords){ 0 };
	hosts = (struct hosts){ 0 };
	for (unsigned host = 0; host < 4; host++)
		here_at[host] = there_at[host] = 0;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	accords_fini(&accords);
	hosts_fini(&hosts);
	buffer_fini(&items);
	buffer_fini(&peers);
	buffer_fini(&one);
	return 0;
}

static void
have_here(uint64_t host, uint64_t position)
{
	here_at[host] = position;
	if (host != HERE)
		hosts_replay_note(&hosts, &(struct haul_place){ .host = host,
						  .epoch = STORE(host),
						  .position = position });
}

static void
pack_extent(uint64_t host, uint64_t epoch, uint64_t position)
{
	buffer_clear(&one, SIZE_MAX);
	extent_pack(&one,
		&(struct extent){
			.host = host, .epoch = epoch, .position = position });
	pack_text(&items, buffer_text(&one));
}

static void
have_peers(uint64_t first, uint64_t second)
{
	buffer_clear(&peers, SIZE_MAX);
	pack_number(&peers, first);
	pack_number(&peers, second);
}

static bool
tell_packed(uint64_t clock_there, uint64_t clock_here)
{
	const struct extents told = {
		.host = THERE,
		.store = STORE(THERE),
		.clock = clock_there,
		.items = buffer_text(&items),
		.peers = buffer_text(&peers),
	};
	const struct accord_now now = {
		.own = { .host = HERE,
			.epoch = STORE(HERE),
			.position = here_at[HERE] },
		.hosts = &hosts,
		.clock = clock_here,
	};

	return accords_take(&accords, &told, &now);
}

/* The other host tells what it has. */
static void
tell(uint64_t clock_there, uint64_t clock_here)
{
	if (peers.length == 0)
		have_peers(THERE, THIRD);
	buffer_clear(&items, SIZE_MAX);
	for (uint64_t host = HERE; host <= THIRD; host++)
		pack_extent(host, STORE(host), there_at[host]);
	assert_true(tell_packed(clock_there, clock_here));
}

static void
have_both(uint64_t position)
{
	for (uint64_t host = HERE; host <= THIRD; host++) {
		have_here(host, position);
		there_at[host] = position;
	}
}

#define NOTHING UINT64_MAX

static uint64_t
find(uint64_t there)
{
	uint64_t here;

	return accords_find(&accords, STORE(THERE), there, &here) ? here
								  : NOTHING;
}

static void
who_has_all_makes_a_mark(void **state)
{
	(void)state;
	have_both(10);
	tell(100, 1000);
	assert_true(find(UINT64_MAX) == NOTHING);
	tell(200, 2000);
	assert_int_equal(find(200), 1000);
	assert_int_equal(find(250), 1000);
	assert_true(find(199) == NOTHING);
	tell(300, 3000);
	assert_int_equal(find(300), 2000);
	assert_int_equal(find(299), 1000);
}

static void
of_another_store_nothing_is_known(void **state)
{
	uint64_t here;

	(void)state;
	have_both(10);
	tell(100, 1000);
	tell(200, 2000);
	assert_false(accords_find(&accords, STORE(THIRD), 300, &here));
	assert_false(accords_find(&accords, 0, 300, &here));
}

static void
expect_it_waits_for(uint64_t host)
{
	have_both(10);
	tell(100, 1000);
	tell(200, 2000);
	have_here(host, 20);
	tell(300, 3000);
	tell(400, 4000);
	tell(500, 5000);
	assert_int_equal(find(600), 2000);
	there_at[host] = 20;
	tell(600, 6000);
	assert_int_equal(find(600), 3000);
	assert_int_equal(find(599), 2000);
}

static void
who_lacks_what_a_third_host_said_makes_none(void **state)
{
	(void)state;
	expect_it_waits_for(THIRD);
}

static void
who_lacks_what_was_said_here_makes_none(void **state)
{
	(void)state;
	expect_it_waits_for(HERE);
}

/* What is told may be older than what came from there since. */
static void
what_came_from_there_after_it_was_told_counts(void **state)
{
	(void)state;
	expect_it_waits_for(THERE);
}

static void
a_journal_of_another_epoch_is_another_one(void **state)
{
	(void)state;
	have_both(10);
	tell(100, 1000);
	buffer_clear(&items, SIZE_MAX);
	pack_extent(HERE, STORE(HERE), 10);
	pack_extent(THERE, STORE(THERE), 10);
	pack_extent(THIRD, STORE(THIRD) + 1, 10);
	assert_true(tell_packed(200, 2000));
	assert_true(find(UINT64_MAX) == NOTHING);
}

static void
who_is_no_peer_any_more_does_not_count(void **state)
{
	(void)state;
	have_here(THIRD, 10);
	have_peers(THERE, 0);
	tell(100, 1000);
	tell(200, 2000);
	assert_true(find(UINT64_MAX) == NOTHING);
	have_peers(THERE, THERE);
	tell(300, 3000);
	assert_int_equal(find(300), 1000);
}

static void
what_was_not_for_us_need_not_be_there(void **state)
{
	struct host_source *source;

	(void)state;
	have_both(10);
	source = hosts_find(&hosts, THIRD, 0);
	source->held.position = source->ahead.position = 1000;
	tell(100, 1000);
	tell(200, 2000);
	assert_int_equal(find(200), 1000);
}

static void
a_clock_that_is_set_back_takes_marks_back(void **state)
{
	(void)state;
	have_both(10);
	for (uint64_t i = 1; i <= 5; i++)
		tell(i * 100, i * 1000);
	tell(250, 6000);
	assert_int_equal(find(500), 5000);
	assert_int_equal(find(250), 5000);
	assert_int_equal(find(249), 1000);
}

/* With a mark each second for a month, who was away gets at most a third more
 * than he has missed. */
static void
marks_are_thinned_out_with_their_age(void **state)
{
	const uint64_t last = 300000;

	(void)state;
	have_both(10);
	for (uint64_t i = 1; i <= last; i++)
		tell(i, i);
	assert_int_equal(accords.list[0].count, ACCORD_MARKS_MAX);
	for (uint64_t age = 2; age < last - 2; age += 1 + age / 50) {
		uint64_t here = find(last - age);

		assert_true(here < last - age);
		assert_true(last - here <= age + age / 3 + 3);
	}
	assert_int_equal(find(2), 1);
}

static void
a_checkpoint_keeps_them(void **state)
{
	struct buffer out = { 0 };
	struct unpack in;

	(void)state;
	have_both(10);
	for (uint64_t i = 1; i <= 5; i++)
		tell(i * 100, i * 1000);
	accords_write(&accords, &out);
	accords_fini(&accords);
	in = unpack_of(buffer_text(&out));
	assert_true(accords_read(&accords, &in));
	assert_int_equal(find(200), 1000);
	assert_int_equal(find(500), 4000);
	for (size_t length = 1; length < out.length; length++) {
		struct accords part = { 0 };

		in = unpack_of((struct text){ (char *)out.data, length });
		assert_false(accords_read(&part, &in));
		accords_fini(&part);
	}
	buffer_fini(&out);
}

static void
what_makes_no_sense_is_refused(void **state)
{
	(void)state;
	have_both(10);
	tell(100, 1000);
	pack_number(&items, 5);
	assert_false(tell_packed(200, 2000));
	buffer_clear(&items, SIZE_MAX);
	for (unsigned i = 0; i < 1000; i++)
		pack_extent(THERE, 1, 1);
	assert_false(tell_packed(200, 2000));
	buffer_clear(&items, SIZE_MAX);
	have_peers(THERE, 5000);
	assert_false(tell_packed(200, 2000));
	have_peers(THERE, THIRD);
	assert_false(tell_packed(UINT64_MAX, 2000));
	assert_true(find(INT64_MAX) == NOTHING);
}

/* Hosts come and go for years. */
static void
the_one_without_news_for_longest_makes_place(void **state)
{
	const struct accord_now now = {
		.own = { .host = HERE, .epoch = STORE(HERE) },
		.hosts = &hosts,
		.clock = 1000,
	};
	uint64_t here;

	(void)state;
	have_both(0);
	tell(100, 1000);
	tell(200, 2000);
	for (uint64_t host = 10; host < 10 + 2 * ACCORDS_MAX; host++)
		assert_true(accords_take(&accords,
			&(struct extents){ .host = host,
				.store = STORE(host),
				.clock = 5,
				.items = buffer_text(&items),
				.peers = buffer_text(&peers) },
			&now));
	assert_int_equal(accords.count, ACCORDS_MAX);
	assert_true(accords_find(&accords, STORE(THERE), 300, &here));
}

#define ACCORD_TEST(name)                                                      \
	cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ACCORD_TEST(who_has_all_makes_a_mark),
		ACCORD_TEST(of_another_store_nothing_is_known),
		ACCORD_TEST(who_lacks_what_a_third_host_said_makes_none),
		ACCORD_TEST(who_lacks_what_was_said_here_makes_none),
		ACCORD_TEST(what_came_from_there_after_it_was_told_counts),
		ACCORD_TEST(a_journal_of_another_epoch_is_another_one),
		ACCORD_TEST(who_is_no_peer_any_more_does_not_count),
		ACCORD_TEST(what_was_not_for_us_need_not_be_there),
		ACCORD_TEST(a_clock_that_is_set_back_takes_marks_back),
		ACCORD_TEST(marks_are_thinned_out_with_their_age),
		ACCORD_TEST(a_checkpoint_keeps_them),
		ACCORD_TEST(what_makes_no_sense_is_refused),
		ACCORD_TEST(the_one_without_news_for_longest_makes_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
