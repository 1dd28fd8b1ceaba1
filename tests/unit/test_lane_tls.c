/* One connection through TLS after its handshake, as its client sees it: few
 * records for much, what a full socket holds up, and who asks and never reads.
 */
#include "tests/unit/gateway_talk.h"
#include "tests/unit/tls_fixture.h"

#include "shared/clock.h"
#include "shared/tls.h"

#define GUARD_MS 30000

static struct made made;
static struct tls_server *server;
static SSL_CTX *context;
static SSL *peer_tls;

static int
make_server(void **state)
{
	struct tls_options options = { &made.pair, 1, false, NULL };

	(void)state;
	make_certificate(&made, "DNS:a.test", false);
	server = tls_server_new(&options, NULL, 0);
	context = SSL_CTX_new(TLS_client_method());
	return !server;
}

static int
free_server(void **state)
{
	(void)state;
	tls_server_free(&server);
	SSL_CTX_free(context);
	free_certificate(&made);
	return 0;
}

static struct lane *
only_lane(void)
{
	return fixture.gateway.lanes->all;
}

/* A connection whose handshakes are done. */
static int
connect_tls(void **state)
{
	struct sockaddr_storage peer = { .ss_family = AF_INET };
	int ends[2];

	open_gateway(state);
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
	client_start(&fixture.gateway, &profile_confab,
		&(struct visitor){ .fd = ends[0],
			.peer = peer,
			.tls = tls_new(server, ends[0]) });
	peer_tls = client_tls(context, ends[1], NULL, NULL);
	while (SSL_connect(peer_tls) != 1)
		fixture_turn();
	while (!tls_is_shaken(only_lane()->tls))
		fixture_turn();
	return 0;
}

static int
hang_up(void **state)
{
	int fd = SSL_get_fd(peer_tls);

	SSL_free(peer_tls);
	ERR_clear_error();
	close(fd);
	fixture_turn();
	return close_gateway(state);
}

static void
say(const char *json)
{
	static const uint8_t mask[4];
	struct buffer frame = { 0 };

	must(strlen(json) < 126);
	buffer_add_byte(&frame, 0x81);
	buffer_add_byte(&frame, 0x80 | (uint8_t)strlen(json));
	buffer_add(&frame, mask, sizeof(mask));
	buffer_add_string(&frame, json);
	assert_int_equal(SSL_write(peer_tls, frame.data, (int)frame.length),
		(int)frame.length);
	buffer_fini(&frame);
	fixture_turn();
}

/* All that is there, decrypted. */
static size_t
hear(char *heard, size_t capacity)
{
	size_t length = 0, got;

	while (length < capacity - 1 && SSL_read_ex(peer_tls, heard + length,
						capacity - 1 - length, &got))
		length += got;
	heard[length] = 0;
	ERR_clear_error();
	return length;
}

static void
what_is_asked_is_answered(void **state)
{
	char heard[4096];

	(void)state;
	say("{\"seq\":1,\"cmd\":\"ping\"}");
	hear(heard, sizeof(heard));
	assert_non_null(
		strstr(heard, "\"seq\":1,\"cmd\":\"ping\",\"code\":200"));
}

/* Bytes on the wire, as heads of records tell them. */
static size_t
count_records(const uint8_t *bytes, size_t length)
{
	size_t count = 0, at = 0;

	for (; at + 5 <= length; count++)
		at += 5 + (size_t)(bytes[at + 3] << 8 | bytes[at + 4]);
	assert_int_equal(at, length);
	return count;
}

static void
much_of_one_turn_is_one_record(void **state)
{
	struct lane *lane = only_lane();
	uint8_t bytes[65536];
	ssize_t got;

	(void)state;
	for (int i = 0; i < 100; i++)
		lane_answer(lane, TEXT_LITERAL("{\"some\":\"answer\"}"));
	fixture_turn();
	got = recv(SSL_get_fd(peer_tls), bytes, sizeof(bytes), 0);
	assert_true(got > 1900);
	assert_int_equal(count_records(bytes, (size_t)got), 1);
}

/* The end of it is written when the socket takes more, and nobody is closed
 * before all has gone. */
static void
what_the_socket_does_not_take_comes_later(void **state)
{
	static char answer[60000], heard[4 * 60000];
	struct lane *lane = only_lane();
	uint64_t until = clock_ms() + GUARD_MS;
	size_t length = 0, wanted = 3 * (sizeof(answer) + 4);
	int small = 4096;

	(void)state;
	setsockopt(lane->fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	memset(answer, 'x', sizeof(answer));
	for (int i = 0; i < 3; i++)
		lane_answer(lane, (struct text){ answer, sizeof(answer) });
	lane_close_why(lane, CLOSE_WHY_STOP, "going away");
	fixture_turn();
	assert_true(tls_waiting(lane->tls) > 0);
	while (length < wanted) {
		assert_true(clock_ms() < until);
		length += hear(heard + length, sizeof(heard) - length);
		fixture_turn();
	}
	while (!(SSL_get_shutdown(peer_tls) & SSL_RECEIVED_SHUTDOWN)) {
		assert_true(clock_ms() < until);
		length += hear(heard + length, sizeof(heard) - length);
		fixture_turn();
	}
	assert_non_null(memmem(heard + wanted, length - wanted, "going away",
		strlen("going away")));
}

/* Each renewal of the keys that a client asks for has an answer of TLS's own,
 * which must not pile up for one who does not read. */
static void
answers_of_tls_do_not_pile_up(void **state)
{
	struct lane *lane = only_lane();
	uint64_t until = clock_ms() + GUARD_MS;
	unsigned idle = 0;

	(void)state;
	fixture.config.outbox_bytes = 65536;
	while (idle < 100) {
		assert_true(clock_ms() < until);
		SSL_key_update(peer_tls, SSL_KEY_UPDATE_REQUESTED);
		idle = SSL_do_handshake(peer_tls) == 1 ? 0 : idle + 1;
		ERR_clear_error();
		fixture_turn();
		assert_int_equal(lane->state, LANE_OPEN);
		assert_true(tls_waiting(lane->tls) < 65536);
	}
	assert_true(tls_waiting(lane->tls) > 65536 / 2);
}

static void
noise_ends_it(void **state)
{
	(void)state;
	send(SSL_get_fd(peer_tls), "GET / HTTP/1.1\r\n\r\n", 18, 0);
	fixture_turn();
	fixture_turn();
	assert_null(only_lane());
}

#define lane_test(claim)                                                       \
	cmocka_unit_test_setup_teardown(claim, connect_tls, hang_up)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		lane_test(what_is_asked_is_answered),
		lane_test(much_of_one_turn_is_one_record),
		lane_test(what_the_socket_does_not_take_comes_later),
		lane_test(answers_of_tls_do_not_pile_up),
		lane_test(noise_ends_it),
	};

	return cmocka_run_group_tests(tests, make_server, free_server);
}
