#include "tests/unit/bus_fixture.h"

#include <dirent.h>
#include <malloc.h>

static struct host ann, bob, cleo;

#define LOCAL "tcp://127.0.0.1"

static int
set_up(void **state)
{
	(void)state;
	memset(&ann, 0, sizeof(ann));
	memset(&bob, 0, sizeof(bob));
	memset(&cleo, 0, sizeof(cleo));
	fixture_open();
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	host_close(&ann);
	host_close(&bob);
	host_close(&cleo);
	fixture_close();
	return 0;
}

static void
open_two(void)
{
	host_open(&ann, LOCAL, &usual);
	host_open(&bob, LOCAL, &usual);
}

static void
reach(struct host *from, struct host *to, const char *words)
{
	until(from->pipes > 0 && to->pipes > 0);
	assert_int_equal(send_words(from, words), from->pipes);
	until(text_equal(buffer_text(&to->frame), text_of(words)));
}

/* Asked is by a pipe of its own, which may come later. */
static void
ask(struct bus_peer *peer, const char *words)
{
	until(bus_request(peer, text_of(words)));
}

static void
a_frame_reaches_all_and_not_oneself(void **state)
{
	(void)state;
	open_two();
	host_open(&cleo, LOCAL, &usual);
	dial(&ann, &bob);
	dial(&cleo, &ann);
	until(ann.pipes == 2 && bob.pipes == 1 && cleo.pipes == 1);
	assert_int_equal(ann.dialed, 1);
	assert_int_equal(bob.dialed, 0);
	assert_int_equal(send_words(&ann, "hello"), 2);
	until(bob.frames == 1 && cleo.frames == 1);
	assert_true(text_equal(buffer_text(&bob.frame), text_of("hello")));
	reach(&bob, &ann, "back");
	assert_int_equal(ann.frames, 1);
	assert_int_equal(cleo.frames, 1);
}

static void
a_frame_without_bytes_is_one(void **state)
{
	(void)state;
	open_two();
	dial(&ann, &bob);
	reach(&ann, &bob, "");
	assert_int_equal(bob.frame.length, 0);
}

static void
a_pipe_has_an_address(void **state)
{
	char address[BUS_ADDRESS_BYTES];

	(void)state;
	open_two();
	dial(&ann, &bob);
	until(ann.pipes == 1 && bob.pipes == 1);
	bus_pipe_address(ann.bus, ann.pipe, address);
	assert_string_equal(address, ann.url[0] ? bob.url + 6 : "");
	bus_pipe_address(bob.bus, bob.pipe, address);
	assert_memory_equal(address, "127.0.0.1:", 10);
	bus_pipe_address(bob.bus, bob.pipe + 1000, address);
	assert_string_equal(address, "somebody");
}

static void
a_request_is_answered(void **state)
{
	struct bus_peer *peer;

	(void)state;
	open_two();
	bob.says = "you said ";
	peer = dial(&ann, &bob);
	for (unsigned i = 1; i <= 3; i++) {
		ask(peer, "a word");
		assert_true(bus_is_asked(peer));
		assert_false(bus_request(peer, text_of("another")));
		until(ann.answers == i);
		assert_true(text_equal(
			buffer_text(&ann.answer), text_of("you said a word")));
	}
	assert_int_equal(bob.requests, 3);
	assert_int_equal(ann.silences, 0);
	assert_int_equal(bus_figures(ann.bus).requests_sent, 3);
	assert_int_equal(bus_figures(bob.bus).requests_got, 3);
}

static void
nobody_is_not_asked(void **state)
{
	struct bus_peer *peer;

	(void)state;
	host_open(&ann, LOCAL, &usual);
	bob.port = find_port();
	snprintf(bob.url, sizeof(bob.url), LOCAL ":%u", bob.port);
	peer = dial(&ann, &bob);
	assert_false(bus_request(peer, text_of("are you there?")));
	assert_false(bus_is_asked(peer));
	assert_int_equal(send_words(&ann, "anybody?"), 0);
}

static void
a_request_that_is_never_answered_ends(void **state)
{
	struct bus_options hurried = usual;
	struct bus_peer *peer;

	(void)state;
	hurried.request_ms = 50;
	host_open(&ann, LOCAL, &hurried);
	host_open(&bob, LOCAL, &usual);
	peer = dial(&ann, &bob);
	ask(peer, "first");
	until(ann.silences == 1);
	assert_false(bus_is_asked(peer));
	until(bob.requests == 1);
	bob.says = "you said ";
	while (ann.answers == 0) {
		unsigned silences = ann.silences;

		ask(peer, "second");
		until(ann.answers == 1 || ann.silences > silences);
	}
	assert_true(text_equal(
		buffer_text(&ann.answer), text_of("you said second")));
	assert_int_equal(bus_figures(ann.bus).unanswered, ann.silences);
}

static void
a_peer_may_be_asked_by_many(void **state)
{
	struct bus_peer *of_ann, *of_cleo;

	(void)state;
	open_two();
	host_open(&cleo, LOCAL, &usual);
	bob.says = "yes ";
	of_ann = dial(&ann, &bob);
	of_cleo = dial(&cleo, &bob);
	ask(of_ann, "ann");
	ask(of_cleo, "cleo");
	until(ann.answers == 1 && cleo.answers == 1);
	assert_true(text_equal(buffer_text(&ann.answer), text_of("yes ann")));
	assert_true(text_equal(buffer_text(&cleo.answer), text_of("yes cleo")));
}

static void
a_peer_that_dies_is_dialed_until_it_is_back(void **state)
{
	struct bus_peer *peer;

	(void)state;
	open_two();
	peer = dial(&ann, &bob);
	reach(&ann, &bob, "before");
	ask(peer, "answer me");
	bus_free(&bob.bus);
	until(ann.pipes == 0 && ann.silences == 1);
	bob.pipes = 0;
	bob.says = "again ";
	host_open(&bob, LOCAL, &usual);
	reach(&ann, &bob, "after");
	ask(peer, "and now?");
	until(ann.answers == 1);
	assert_int_equal(ann.dialed, 1);
}

static void
two_who_dial_each_other_are_cut_to_one_pipe(void **state)
{
	struct bus_peer *of_ann, *of_bob;
	unsigned frames;

	(void)state;
	open_two();
	bob.says = "yes ";
	of_ann = dial(&ann, &bob);
	of_bob = dial(&bob, &ann);
	until(ann.pipes == 2 && bob.pipes == 2);
	assert_int_equal(send_words(&ann, "twice"), 2);
	until(bob.frames == 2);
	bus_rest(of_ann);
	until(ann.pipes == 1 && bob.pipes == 1);
	assert_int_equal(ann.dialed, 0);
	assert_int_equal(bob.dialed, 1);
	frames = bob.frames;
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(send_words(&ann, "once"), 1);
	reach(&ann, &bob, "the end");
	until(bob.frames >= frames + 11);
	assert_int_equal(bob.frames, frames + 11);
	ask(of_ann, "still?");
	until(ann.answers == 1);

	bus_remove_peer(&of_bob);
	until(ann.pipes == 0 && bob.pipes == 0);
	bus_redial(of_ann);
	until(ann.pipes == 1 && bob.pipes == 1);
	assert_int_equal(ann.dialed, 1);
}

static void
who_is_dialed_anew_loses_what_was_open(void **state)
{
	struct bus_peer *peer;

	(void)state;
	open_two();
	peer = dial(&ann, &bob);
	until(ann.pipes == 1 && bob.pipes == 1);
	ask(peer, "slow one");
	until(bob.requests == 1);
	bus_redial(peer);
	assert_int_equal(ann.silences, 1);
	until(ann.ups == 2 && bob.ups == 2 && bob.pipes == 1);
	assert_int_equal(ann.pipes, 1);
	reach(&ann, &bob, "anew");
	bob.says = "ok ";
	ask(peer, "fast one");
	until(ann.answers == 1);
	assert_true(
		text_equal(buffer_text(&ann.answer), text_of("ok fast one")));
}

static void
on_traffic(evutil_socket_t fd, short what, void *self)
{
	(void)fd;
	(void)what;
	(void)self;
	for (unsigned i = 0; i < 20; i++)
		send_words(&bob, "again and again");
}

/* nng itself would sooner or later wait for ever for what it was receiving. */
static void
pipes_end_in_the_midst_of_frames(void **state)
{
	const struct timeval often = { .tv_usec = 200 };
	struct event *traffic = event_new(base, -1, EV_PERSIST, on_traffic, 0);
	struct bus_peer *peer;

	(void)state;
	open_two();
	bob.says = "";
	peer = dial(&ann, &bob);
	event_add(traffic, &often);
	for (unsigned i = 1; i <= 20; i++) {
		until(ann.ups == i && bob.ups == i && ann.frames > 10);
		ann.frames = 0;
		if (i % 3 == 0)
			bus_close_pipe(bob.bus, bob.pipe);
		else
			bus_redial(peer);
		until(ann.downs == i);
	}
	bus_remove_peer(&peer);
	until(ann.pipes == 0);
	event_free(traffic);
}

static void
a_closed_pipe_is_dialed_again(void **state)
{
	(void)state;
	open_two();
	dial(&ann, &bob);
	until(ann.pipes == 1 && bob.pipes == 1);
	bus_close_pipe(bob.bus, bob.pipe);
	until(ann.ups == 2 && bob.ups == 2 && bob.downs == 1);
	bus_close_pipe(bob.bus, 12345678);
	reach(&ann, &bob, "here again");
}

static void
a_removed_peer_is_let_go(void **state)
{
	struct bus_peer *peer;

	(void)state;
	open_two();
	peer = dial(&ann, &bob);
	until(ann.pipes == 1 && bob.pipes == 1);
	bus_remove_peer(&peer);
	assert_null(peer);
	until(ann.pipes == 0 && bob.pipes == 0);
	assert_int_equal(bus_figures(ann.bus).pipes, 0);
}

static void
a_huge_frame_is_not_sent(void **state)
{
	static char huge[FRAME_BYTES + 1];

	(void)state;
	open_two();
	dial(&ann, &bob);
	until(ann.pipes == 1 && bob.pipes == 1);
	assert_int_equal(
		bus_send(ann.bus, (struct text){ huge, FRAME_BYTES + 1 }), 0);
	assert_int_equal(
		bus_send(ann.bus, (struct text){ huge, FRAME_BYTES }), 1);
	until(bob.frames == 1);
	assert_int_equal(bob.frame.length, FRAME_BYTES);
}

static void
who_sends_a_huge_frame_is_cut(void **state)
{
	struct bus_options greater = usual;
	static char huge[FRAME_BYTES + 1];

	(void)state;
	greater.frame_bytes_max *= 2;
	host_open(&ann, LOCAL, &greater);
	host_open(&bob, LOCAL, &usual);
	dial(&ann, &bob);
	until(ann.pipes == 1 && bob.pipes == 1);
	assert_int_equal(
		bus_send(ann.bus, (struct text){ huge, sizeof(huge) }), 1);
	until(bob.downs == 1 && bob.pipes == 1 && ann.ups == 2);
	assert_int_equal(bob.frames, 0);
	reach(&ann, &bob, "a small one");
}

static void
a_huge_request_is_not_taken(void **state)
{
	struct bus_options greater = usual;
	static char huge[FRAME_BYTES + 1];
	struct bus_peer *peer;
	unsigned silences;

	(void)state;
	greater.request_bytes_max *= 2;
	host_open(&ann, LOCAL, &greater);
	host_open(&bob, LOCAL, &usual);
	peer = dial(&ann, &bob);
	until(bus_request(peer, (struct text){ huge, sizeof(huge) }));
	until(ann.silences == 1);
	assert_int_equal(bob.requests, 0);
	silences = ann.silences;
	assert_false(
		bus_request(peer, (struct text){ huge, 2 * FRAME_BYTES + 1 }));
	assert_int_equal(ann.silences, silences);
}

static void
an_answer_may_be_larger_than_a_request(void **state)
{
	struct bus_options narrow = usual;
	static char says[1001];
	struct bus_peer *peer;

	(void)state;
	narrow.request_bytes_max = 100;
	host_open(&ann, LOCAL, &narrow);
	host_open(&bob, LOCAL, &narrow);
	memset(says, 'a', sizeof(says) - 1);
	bob.says = says;
	peer = dial(&ann, &bob);
	ask(peer, "?");
	until(ann.answers == 1);
	assert_int_equal(ann.answer.length, 1001);
	assert_false(bus_request(peer, (struct text){ says, 101 }));
}

static void
pipes_that_are_too_many_are_refused(void **state)
{
	struct bus_options narrow = usual;

	(void)state;
	narrow.pipes_max = 1;
	host_open(&ann, LOCAL, &narrow);
	host_open(&bob, LOCAL, &usual);
	host_open(&cleo, LOCAL, &usual);
	dial(&bob, &ann);
	until(ann.pipes == 1 && bob.pipes == 1);
	dial(&cleo, &ann);
	until(bus_figures(ann.bus).pipes_refused >= 2);
	assert_int_equal(ann.pipes, 1);
	reach(&bob, &ann, "I was first");
	bus_free(&bob.bus);
	until(ann.ups == 2 && cleo.pipes == 1);
	reach(&cleo, &ann, "and now me");
}

static void
guests_keep_nobody_from_being_dialed(void **state)
{
	struct bus_options narrow = usual;

	(void)state;
	narrow.pipes_max = 1;
	host_open(&ann, LOCAL, &narrow);
	host_open(&bob, LOCAL, &usual);
	host_open(&cleo, LOCAL, &usual);
	dial(&bob, &ann);
	until(ann.pipes == 1);
	dial(&ann, &cleo);
	until(ann.pipes == 2 && cleo.pipes == 1);
	assert_int_equal(ann.dialed, 1);
	reach(&cleo, &ann, "I was dialed");
}

static void
who_says_nothing_that_is_believed_is_hung_up(void **state)
{
	struct bus_options hurried = usual;

	(void)state;
	hurried.idle_ms = 100;
	host_open(&ann, LOCAL, &hurried);
	host_open(&bob, LOCAL, &usual);
	ann.believes_nothing = true;
	dial(&bob, &ann);
	until(bus_figures(ann.bus).pipes_idle >= 4);
	until(ann.downs >= 2 && bob.downs >= 2);
	until(bob.pipes == 1 && ann.pipes == 1);
	send_words(&bob, "a word");
	until(ann.downs >= 3);
}

static void *
flood(void *self)
{
	static const char hello[] = { 0, 'S', 'P', 0, 0, 0x70, 0, 0 };
	static char frame[8 + 1000] = { 0, 0, 0, 0, 0, 0, 1000 / 256,
		1000 % 256 };
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)((struct host *)self)->port),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	ssize_t sent = -1;

	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
		sent = send(fd, hello, sizeof(hello), MSG_NOSIGNAL);
	while (sent > 0)
		sent = send(fd, frame, sizeof(frame), MSG_NOSIGNAL);
	close(fd);
	return NULL;
}

static void
a_flood_does_not_keep_who_is_hung_up(void **state)
{
	struct bus_options hurried = usual;
	pthread_t thread;

	(void)state;
	hurried.idle_ms = 200;
	host_open(&ann, LOCAL, &hurried);
	ann.believes_nothing = true;
	must(pthread_create(&thread, NULL, flood, &ann) == 0);
	until(ann.ups == 1 && ann.frames > 1000);
	until(ann.downs == 1);
	must(pthread_join(thread, NULL) == 0);
}

static void
a_url_that_is_none_is_no_peer(void **state)
{
	static const char *const urls[] = { "", "127.0.0.1:7100", "tcp://",
		"tcp://127.0.0.1", "tcp://127.0.0.1:0", "tcp://127.0.0.1:65535",
		"inproc://a", "ipc:///tmp/a", "tls+tcp://127.0.0.1:7100" };

	(void)state;
	host_open(&ann, LOCAL, &usual);
	for (size_t i = 0; i < ARRAY_LEN(urls); i++)
		assert_null(bus_add_peer(ann.bus, urls[i], NULL));
}

static void
a_port_that_is_taken_is_no_place_to_listen(void **state)
{
	struct bus_options options = usual;
	const struct bus_hooks none = { 0 };

	(void)state;
	host_open(&ann, LOCAL, &usual);
	options.listen = ann.url;
	assert_null(bus_new(base, &options, &none, NULL));
}

static void
names_and_ipv6_are_dialed(void **state)
{
	(void)state;
	host_open(&ann, "tcp://localhost", &usual);
	host_open(&bob, LOCAL, &usual);
	dial(&bob, &ann);
	reach(&bob, &ann, "by name");
	if (!is_free(0)) {
		print_message("no IPv6 here\n");
		return;
	}
	host_open(&cleo, "tcp://[::1]", &usual);
	dial(&bob, &cleo);
	until(bob.pipes == 2);
	reach(&bob, &cleo, "by IPv6");
}

static unsigned
count_files(void)
{
	DIR *directory = opendir("/proc/self/fd");
	unsigned count = 0;

	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

static void
open_and_close(void)
{
	struct bus_peer *peer;

	open_two();
	bob.says = "";
	peer = dial(&ann, &bob);
	for (unsigned i = 1; i <= 2; i++) {
		until(ann.ups == i && ann.pipes == 1 && bob.pipes == 1);
		ask(peer, "are you there?");
		until(ann.answers == i);
		if (i == 1)
			bus_redial(peer);
	}
	host_close(&ann);
	host_close(&bob);
	memset(&ann, 0, sizeof(ann));
	memset(&bob, 0, sizeof(bob));
}

/* nng closes descriptors a moment later, and forgets one now and then when it
 * is closed just while a connection begins, so none begins here; what we forget
 * would be more each time. */
static void
nothing_is_left_open(void **state)
{
	unsigned first;

	(void)state;
	open_and_close();
	first = count_files();
	for (unsigned i = 0; i < 20; i++)
		open_and_close();
	assert_in_range(count_files(), 0, first + 10);
}

static void
messages_are_given_back(void **state)
{
	static char bytes[10000];
	struct text text = { bytes, sizeof(bytes) };
	struct bus_peer *peer;
	size_t before;

	(void)state;
	open_two();
	peer = dial(&ann, &bob);
	bob.says = "";
	until(ann.pipes == 1 && bob.pipes == 1);
	ask(peer, "first");
	until(ann.answers == 1);
	before = mallinfo2().uordblks;
	for (unsigned i = 1; i <= 1000; i++) {
		until(bus_send(ann.bus, text) == 1);
		until(bob.frames == i);
		until(bus_request(peer, text));
		until(ann.answers == i + 1);
	}
	assert_in_range(mallinfo2().uordblks, 0, before + 5000000);
}

int
main(void)
{
#define CLAIM(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CLAIM(a_frame_reaches_all_and_not_oneself),
		CLAIM(a_frame_without_bytes_is_one),
		CLAIM(a_pipe_has_an_address),
		CLAIM(a_request_is_answered),
		CLAIM(nobody_is_not_asked),
		CLAIM(a_request_that_is_never_answered_ends),
		CLAIM(a_peer_may_be_asked_by_many),
		CLAIM(a_peer_that_dies_is_dialed_until_it_is_back),
		CLAIM(two_who_dial_each_other_are_cut_to_one_pipe),
		CLAIM(who_is_dialed_anew_loses_what_was_open),
		CLAIM(pipes_end_in_the_midst_of_frames),
		CLAIM(a_closed_pipe_is_dialed_again),
		CLAIM(a_removed_peer_is_let_go),
		CLAIM(a_huge_frame_is_not_sent),
		CLAIM(who_sends_a_huge_frame_is_cut),
		CLAIM(a_huge_request_is_not_taken),
		CLAIM(an_answer_may_be_larger_than_a_request),
		CLAIM(pipes_that_are_too_many_are_refused),
		CLAIM(guests_keep_nobody_from_being_dialed),
		CLAIM(who_says_nothing_that_is_believed_is_hung_up),
		CLAIM(a_flood_does_not_keep_who_is_hung_up),
		CLAIM(a_url_that_is_none_is_no_peer),
		CLAIM(a_port_that_is_taken_is_no_place_to_listen),
		CLAIM(names_and_ipv6_are_dialed),
		CLAIM(nothing_is_left_open),
		CLAIM(messages_are_given_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
