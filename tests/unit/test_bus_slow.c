#include "tests/unit/bus_fixture.h"

#include <errno.h>

static struct host ann, bob;
static int slow = -1;

/* 600 MB: more than any kernel keeps for us. */
#define SENT_MAX 10000

#define LOCAL "tcp://127.0.0.1"

static int
set_up(void **state)
{
	(void)state;
	memset(&ann, 0, sizeof(ann));
	memset(&bob, 0, sizeof(bob));
	fixture_open();
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	if (slow >= 0)
		close(slow);
	slow = -1;
	host_close(&ann);
	host_close(&bob);
	fixture_close();
	return 0;
}

static int
connect_to(unsigned port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), bytes = 4096;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

/* Speaks nng's first words as one of a bus, and then reads nothing. */
static void
open_slow(struct host *to)
{
	static const char greeting[8] = "\0SP\0\0\x70\0\0";

	slow = connect_to(to->port);
	assert_int_equal(
		send(slow, greeting, sizeof(greeting), 0), sizeof(greeting));
	until(to->pipes == 1);
}

/* Reads to the end. */
static bool
is_cut(int fd)
{
	static char bytes[65536];
	ssize_t got;

	do
		got = recv(fd, bytes, sizeof(bytes), 0);
	while (got > 0);
	return got == 0 || errno == ECONNRESET;
}

static void
who_does_not_read_is_cut(void **state)
{
	static char bytes[60000];
	struct bus_options narrow = usual;
	struct text frame = { bytes, sizeof(bytes) };
	unsigned sent = 0;

	(void)state;
	narrow.waiting_bytes_max = 512U << 10;
	host_open(&ann, LOCAL, &narrow);
	open_slow(&ann);
	/* The kernel takes some megabytes itself. */
	while (bus_figures(ann.bus).pipes_cut == 0) {
		assert_true(sent < SENT_MAX);
		sent += bus_send(ann.bus, frame);
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
	until(ann.pipes == 0);
	assert_true(sent * sizeof(bytes) > narrow.waiting_bytes_max);
	assert_int_equal(bus_figures(ann.bus).pipes_cut, 1);
	assert_true(is_cut(slow));
}

static void
the_others_do_not_wait_for_who_does_not_read(void **state)
{
	static char bytes[60000];
	struct bus_options narrow = usual;
	struct text frame = { bytes, sizeof(bytes) };

	(void)state;
	narrow.waiting_bytes_max = 512U << 10;
	host_open(&ann, LOCAL, &narrow);
	host_open(&bob, LOCAL, &usual);
	open_slow(&ann);
	dial(&ann, &bob);
	until(ann.pipes == 2 && bob.pipes == 1);
	for (unsigned i = 1; bus_figures(ann.bus).pipes_cut == 0; i++) {
		until(bus_send(ann.bus, frame) >= 1);
		until(bob.frames == i);
	}
	until(ann.pipes == 1);
	assert_int_equal(bob.downs, 0);
	assert_int_equal(bus_figures(ann.bus).pipes_cut, 1);
}

static void
frames_for_who_does_not_read_are_dropped_and_counted(void **state)
{
	static char bytes[20000];
	struct bus_options wide = usual;
	struct text frame = { bytes, sizeof(bytes) };
	struct bus_figures figures;

	(void)state;
	wide.waiting_bytes_max = UINT32_MAX;
	host_open(&ann, LOCAL, &wide);
	open_slow(&ann);
	for (unsigned i = 0; i < 3000; i++)
		bus_send(ann.bus, frame);
	until(bus_figures(ann.bus).frames_dropped > 0);
	assert_true(bus_has_waiting(ann.bus));
	figures = bus_figures(ann.bus);
	assert_in_range(figures.frames_dropped, 1, 3000);
	assert_int_equal(figures.pipes_cut, 0);
	assert_int_equal(figures.pipes, 1);
}

static void
who_reads_is_not_cut(void **state)
{
	static char bytes[60000];
	struct bus_options narrow = usual;
	struct text frame = { bytes, sizeof(bytes) };

	(void)state;
	narrow.waiting_bytes_max = 512U << 10;
	host_open(&ann, LOCAL, &narrow);
	host_open(&bob, LOCAL, &usual);
	dial(&ann, &bob);
	until(ann.pipes == 1 && bob.pipes == 1);
	for (unsigned i = 1; i <= 200; i++) {
		assert_int_equal(bus_send(ann.bus, frame), 1);
		until(bob.frames == i);
	}
	until(!bus_has_waiting(ann.bus));
	assert_int_equal(bus_figures(ann.bus).pipes_cut, 0);
	assert_int_equal(bus_figures(ann.bus).frames_dropped, 0);
}

static void
noise_harms_nobody(void **state)
{
	static const struct text noises[] = { TEXT_LITERAL("GET / HTTP/1.1"),
		TEXT_LITERAL("\0SP\0\0\x30\0\0"),
		TEXT_LITERAL(
			"\0SP\0\0\x70\0\0\xff\xff\xff\xff\xff\xff\xff\xff"),
		TEXT_LITERAL(
			"\0SP\0\0\x31\0\0\xff\xff\xff\xff\xff\xff\xff\xff"),
		TEXT_LITERAL("\0SP\0\0\x30\0\0\0\0\0\0\0\0\0\0"),
		TEXT_LITERAL("\0SP\0\0\x30\0\0\0\0\0\0\0\0\0\4\0\0\0\1") };
	int fds[ARRAY_LEN(noises)][2];
	struct bus_peer *peer;

	(void)state;
	host_open(&ann, LOCAL, &usual);
	host_open(&bob, LOCAL, &usual);
	ann.says = "yes ";
	for (size_t i = 0; i < ARRAY_LEN(noises); i++)
		for (unsigned j = 0; j < 2; j++) {
			fds[i][j] = connect_to(ann.port + j);
			assert_int_equal(send(fds[i][j], noises[i].at,
						 noises[i].length, 0),
				noises[i].length);
		}
	peer = dial(&bob, &ann);
	until(bus_request(peer, text_of("well?")));
	until(bob.answers == 1);
	until(bob.pipes == 1);
	send_words(&bob, "all is well");
	until(text_equal(buffer_text(&ann.frame), text_of("all is well")));
	for (size_t i = 0; i < ARRAY_LEN(noises); i++)
		for (unsigned j = 0; j < 2; j++)
			close(fds[i][j]);
}

int
main(void)
{
#define CLAIM(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CLAIM(who_does_not_read_is_cut),
		CLAIM(the_others_do_not_wait_for_who_does_not_read),
		CLAIM(frames_for_who_does_not_read_are_dropped_and_counted),
		CLAIM(who_reads_is_not_cut),
		CLAIM(noise_harms_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
