/* What the relay asks another host, and what it makes of the answers. */
#include "tests/unit/relay_fixture.h"

static void
a_hello_that_is_answered_and_a_beat_bring_it_up(void **state)
{
	struct peer *peer = peer_at(FAR);
	struct wire_helloed helloed;

	(void)state;
	after(0);
	assert_int_equal(asked(peer).kind, WIRE_HELLO);
	assert_int_equal(peer->link.state, LINK_GREETING);
	helloed = helloed_of(peer);
	say_hello(far, peer, &helloed);
	assert_int_equal(peer->link.state, LINK_GREETING);
	assert_int_equal(peer->host, 2);
	assert_true(hear_beat(far, 5, 0));
	assert_int_equal(peer->link.state, LINK_UP);
}

static void
a_hello_with_another_nonce_is_refused(void **state)
{
	struct peer *peer = peer_at(FAR);
	struct wire_helloed helloed;

	(void)state;
	after(0);
	helloed = helloed_of(peer);
	helloed.nonce++;
	say_hello(far, peer, &helloed);
	assert_int_equal(peer->host, 0);
	assert_int_equal(peer->link.state, LINK_REFUSED);
	assert_int_equal(peer->link.refused, 1);
}

static void
an_answer_to_another_question_is_refused(void **state)
{
	struct peer *peer = peer_at(FAR);
	struct buffer frame = { 0 };
	struct wire_helloed helloed;

	(void)state;
	after(0);
	helloed = helloed_of(peer);
	wire_begin(&frame);
	wire_helloed_pack(&frame, &helloed);
	answer_as(far, peer, WIRE_HELLOED, asked(peer).count + 1, &frame);
	buffer_fini(&frame);
	assert_int_equal(peer->host, 0);
	assert_int_equal(peer->link.refused, 1);
}

static void
who_has_another_secret_is_refused_with_the_reason(void **state)
{
	struct wire *stranger = wire_of(2, 2002, "another secret");
	struct peer *peer = peer_at(FAR);
	struct wire_helloed helloed;

	(void)state;
	after(0);
	helloed = helloed_of(peer);
	say_hello(stranger, peer, &helloed);
	assert_int_equal(peer->link.state, LINK_REFUSED);
	assert_int_equal(peer->link.reason, LINK_BAD_SECRET);
	assert_int_equal(counted(COUNTER_BUS_REFUSED), 1);
	wire_free(&stranger);
}

static void
our_own_address_is_asked_no_more(void **state)
{
	struct wire *self = wire_of(1, 1001, SECRET);
	struct peer *peer = peer_at(FAR);
	struct wire_helloed helloed;

	(void)state;
	after(0);
	helloed = helloed_of(peer);
	say_hello(self, peer, &helloed);
	assert_int_equal(peer->link.state, LINK_SELF);
	assert_int_equal(peer->bus->rests, 1);
	after(4000);
	assert_int_equal(peer->bus->questions, 1);
	wire_free(&self);
}

static void
another_life_of_us_under_our_number_is_refused(void **state)
{
	struct wire *twin = wire_of(1, 9999, SECRET);
	struct peer *peer = peer_at(FAR);
	struct wire_helloed helloed;

	(void)state;
	after(0);
	helloed = helloed_of(peer);
	say_hello(twin, peer, &helloed);
	assert_int_equal(peer->link.state, LINK_REFUSED);
	assert_int_equal(peer->link.reason, LINK_SAME_HOST);
	wire_free(&twin);
}

static void
a_host_that_does_not_know_itself_yet_is_asked_again_soon(void **state)
{
	struct peer *peer = peer_at(FAR);
	struct wire_helloed helloed;

	(void)state;
	after(0);
	helloed = helloed_of(peer);
	helloed.store = 0;
	say_hello(far, peer, &helloed);
	assert_int_equal(peer->host, 0);
	after(100);
	assert_int_equal(peer->bus->questions, 2);
}

static void
ledgers_out_of_bounds_are_refused(void **state)
{
	const uint64_t counts[] = { 0, LEDGERS_MAX + 1, UINT64_MAX };
	struct peer *peer = peer_at(FAR);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
		struct wire_helloed helloed;

		after(10000);
		helloed = helloed_of(peer);
		helloed.ledgers = counts[i];
		say_hello(far, peer, &helloed);
		assert_int_equal(peer->host, 0);
		assert_int_equal(peer->link.refused, i + 1);
	}
}

static void
a_host_met_at_two_addresses_is_met_at_one(void **state)
{
	struct wire_helloed helloed;
	struct peer *peer, *again;

	(void)state;
	peer = meet();
	set_peers((char *)(uintptr_t)FAR, (char *)(uintptr_t)OTHER);
	again = peer_at(OTHER);
	after(0);
	helloed = helloed_of(again);
	say_hello(far, again, &helloed);
	assert_int_equal(again->link.state, LINK_REFUSED);
	assert_int_equal(again->link.reason, LINK_TWICE);
	assert_ptr_equal(peers_of_host(&relay, 2), peer);
	assert_int_equal(peer->link.state, LINK_UP);
}

static void
no_answer_is_asked_for_again_one_question_at_a_time(void **state)
{
	struct peer *peer = peer_at(FAR);

	(void)state;
	after(0);
	after(10000);
	assert_int_equal(peer->bus->questions, 1);
	no_answer(peer);
	assert_int_equal(peer->link.state, LINK_DOWN);
	assert_int_equal(peer->link.reason, LINK_NOT_REACHED);
	after(500);
	assert_int_equal(peer->bus->questions, 2);
}

static void
who_said_goodbye_has_done_so_when_he_does_not_answer(void **state)
{
	struct peer *peer = meet();

	(void)state;
	no_answer(peer);
	peers_say_bye(peer);
	after(5000);
	assert_int_equal(peer->link.state, LINK_GREETING);
	no_answer(peer);
	assert_int_equal(peer->link.state, LINK_DOWN);
	assert_int_equal(peer->link.reason, LINK_SAID_BYE);
}

static void
who_cannot_be_reached_is_not_greeted(void **state)
{
	struct peer *peer = peer_at(FAR);

	(void)state;
	peer->bus->is_away = true;
	after(1000);
	assert_int_equal(peer->link.state, LINK_DOWN);
	assert_false(peer->open.is_open);
	peer->bus->is_away = false;
	after(100);
	assert_int_equal(peer->link.state, LINK_GREETING);
}

/* After the first beat of a life the page of its sessions is asked for. */
static void
answer_page(struct peer *peer, const struct wire_snapshot *page)
{
	struct buffer frame = { 0 };

	wire_begin(&frame);
	wire_snapshot_pack(&frame, page);
	answer_as(far, peer, WIRE_SNAPSHOT, asked(peer).count, &frame);
	buffer_fini(&frame);
}

static void
pages_go_on_until_the_last(void **state)
{
	struct peer *peer = meet();

	(void)state;
	assert_int_equal(asked(peer).kind, WIRE_SNAPSHOT_WANTED);
	answer_page(peer, &(struct wire_snapshot){ .next = 10 });
	assert_int_equal(peer->snapshot, SNAPSHOT_PAGES);
	assert_int_equal(peer->page_after, 10);
	assert_int_equal(asked(peer).kind, WIRE_SNAPSHOT_WANTED);
	answer_page(peer, &(struct wire_snapshot){ .next = 0 });
	assert_int_equal(peer->snapshot, SNAPSHOT_DONE);
}

static void
pages_that_go_backward_or_have_no_end_are_refused(void **state)
{
	struct peer *peer = meet();

	(void)state;
	answer_page(peer, &(struct wire_snapshot){ .next = 10 });
	answer_page(peer, &(struct wire_snapshot){ .next = 10 });
	assert_int_equal(peer->snapshot, SNAPSHOT_DUE);
	assert_int_equal(peer->link.refused, 1);
	assert_int_equal(peer->link.state, LINK_UP);
}

static void
a_list_that_is_not_complete_is_begun_again(void **state)
{
	struct peer *peer = meet();

	(void)state;
	answer_page(
		peer, &(struct wire_snapshot){ .next = WIRE_SNAPSHOT_LATER });
	assert_int_equal(peer->snapshot, SNAPSHOT_DUE);
	assert_int_equal(peer->link.refused, 0);
	assert_true(hear_beat(far, 5, 0));
	assert_int_equal(peer->snapshot, SNAPSHOT_PAGES);
}

static void
an_answer_of_another_kind_is_refused(void **state)
{
	struct peer *peer = meet();
	const struct wire_pulled pulled = { 0 };
	struct buffer frame = { 0 };

	(void)state;
	wire_begin(&frame);
	wire_pulled_pack(&frame, &pulled);
	answer_as(far, peer, WIRE_PULLED, asked(peer).count, &frame);
	buffer_fini(&frame);
	assert_int_equal(peer->link.refused, 1);
	assert_int_equal(peer->link.state, LINK_UP);
}

static void
an_answer_of_another_life_ends_the_question(void **state)
{
	const struct wire_snapshot later = { .next = WIRE_SNAPSHOT_LATER };
	struct wire *next = wire_of(2, 3003, SECRET);
	struct peer *peer = meet();
	struct buffer frame = { 0 };

	(void)state;
	wire_begin(&frame);
	wire_snapshot_pack(&frame, &later);
	answer_as(next, peer, WIRE_SNAPSHOT, asked(peer).count, &frame);
	buffer_fini(&frame);
	assert_false(peer->open.is_open);
	assert_int_equal(peer->link.refused, 0);
	after(500);
	assert_int_equal(asked(peer).kind, WIRE_HELLO);
	wire_free(&next);
}

static void
a_question_to_a_life_that_is_over_is_given_up(void **state)
{
	struct peer *peer = meet();

	(void)state;
	assert_true(peer->open.is_open);
	asking_doubt(peer);
	assert_int_equal(peer->bus->redials, 0);
	peer->open.asked_us -= 400000;
	asking_doubt(peer);
	assert_int_equal(peer->bus->redials, 1);
	assert_false(peer->open.is_open);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(a_hello_that_is_answered_and_a_beat_bring_it_up),
		CLAIM(a_hello_with_another_nonce_is_refused),
		CLAIM(an_answer_to_another_question_is_refused),
		CLAIM(who_has_another_secret_is_refused_with_the_reason),
		CLAIM(our_own_address_is_asked_no_more),
		CLAIM(another_life_of_us_under_our_number_is_refused),
		CLAIM(a_host_that_does_not_know_itself_yet_is_asked_again_soon),
		CLAIM(ledgers_out_of_bounds_are_refused),
		CLAIM(a_host_met_at_two_addresses_is_met_at_one),
		CLAIM(no_answer_is_asked_for_again_one_question_at_a_time),
		CLAIM(who_said_goodbye_has_done_so_when_he_does_not_answer),
		CLAIM(who_cannot_be_reached_is_not_greeted),
		CLAIM(pages_go_on_until_the_last),
		CLAIM(pages_that_go_backward_or_have_no_end_are_refused),
		CLAIM(a_list_that_is_not_complete_is_begun_again),
		CLAIM(an_answer_of_another_kind_is_refused),
		CLAIM(an_answer_of_another_life_ends_the_question),
		CLAIM(a_question_to_a_life_that_is_over_is_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
