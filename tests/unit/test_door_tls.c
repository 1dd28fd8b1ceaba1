/* The door where TLS is spoken, or a proxy speaks first. */
#include "worker/gateway/door.h"

#include "tests/unit/house.h"
#include "tests/unit/tls_fixture.h"

#define PROXY "PROXY TCP4 192.0.2.7 198.51.100.1 50123 443\r\n"

static struct made made;
static SSL_CTX *clients;
static struct manners manners;
static struct network trusted;

static int
set_up(void **state)
{
	struct tls_options options = { &made.pair, 1, false, NULL };

	make_certificate(&made, "DNS:a.test", false);
	manners.tls = tls_server_new(&options, NULL, 0);
	clients = SSL_CTX_new(TLS_client_method());
	return measure_context(state);
}

static int
tear_down(void **state)
{
	(void)state;
	tls_server_free(&manners.tls);
	SSL_CTX_free(clients);
	free_certificate(&made);
	return 0;
}

static void
open_house(bool needs_tls, bool proxy, unsigned head_seconds)
{
	house_open(64, head_seconds);
	manners.needs_tls = needs_tls;
	manners.proxy = proxy;
	manners.trusted = &trusted;
	manners.trusted_count = 0;
	house.manners = &manners;
}

/* The handshake, as far as it goes. */
static bool
shake(SSL *ssl)
{
	uint64_t until = clock_ms() + GUARD_MS;
	int result;

	while ((result = SSL_connect(ssl)) != 1) {
		assert_true(clock_ms() < until);
		if (SSL_get_error(ssl, result) != SSL_ERROR_WANT_READ)
			return false;
		turn(SSL_get_fd(ssl));
	}
	return true;
}

/* What is decrypted until the word is there, or to the end. */
static const char *
hear(SSL *ssl, const char *word)
{
	static char heard[4096];
	uint64_t until = clock_ms() + GUARD_MS;
	size_t length = 0, got;

	heard[0] = 0;
	while (!word || !strstr(heard, word)) {
		int result = SSL_read_ex(
			ssl, heard + length, sizeof(heard) - 1 - length, &got);

		assert_true(clock_ms() < until);
		if (result == 1)
			length += got;
		else if (SSL_get_error(ssl, result) != SSL_ERROR_WANT_READ)
			break;
		else
			turn(SSL_get_fd(ssl));
		heard[length] = 0;
	}
	return heard;
}

static void
end_client(SSL *ssl)
{
	int fd = SSL_get_fd(ssl);

	SSL_free(ssl);
	ERR_clear_error();
	close(fd);
}

static void
a_handshake_through_tls_enters(void **state)
{
	const char *heard;
	uint8_t data[TLS_READ_BYTES];
	SSL *client;

	(void)state;
	open_house(true, false, 10);
	client = client_tls(clients, client_open(), NULL, NULL);
	assert_true(shake(client));
	assert_int_equal(SSL_write(client, GOOD "early", strlen(GOOD) + 5),
		(int)strlen(GOOD) + 5);
	heard = hear(client, "\r\n\r\n");
	assert_int_equal(strncmp(heard, "HTTP/1.1 101 ", 13), 0);
	assert_non_null(strstr(heard, "\r\nSec-WebSocket-Accept: " ACCEPT));
	assert_string_equal(strstr(heard, "\r\n\r\n"), "\r\n\r\n");
	assert_int_equal(house.entered, 1);
	assert_true(
		text_equal(buffer_text(&house.early), TEXT_LITERAL("early")));
	assert_true(house.last.fd >= 64);
	assert_true(door_is_empty(house.door));
	assert_int_equal(house.events[DOOR_TLS_SHAKEN], 1);
	assert_int_equal(house.events[DOOR_TLS_FAILED], 0);
	assert_int_equal(tls_send(house.tls[0], "s", 1), 1);
	assert_string_equal(hear(client, "s"), "s");
	SSL_write(client, "c", 1);
	turn(house.last.fd);
	assert_int_equal(tls_recv(house.tls[0], data, sizeof(data)), 1);
	end_client(client);
	house_close();
}

/* One after the other through the same pair of sockets. */
static void
greetings_do_not_mix(void **state)
{
	SSL *client[5];

	(void)state;
	open_house(true, false, 10);
	for (size_t i = 0; i < ARRAY_LEN(client); i++) {
		client[i] = client_tls(clients, client_open(), NULL, NULL);
		assert_true(shake(client[i]));
		SSL_write(client[i],
			i % 2 ? HEAD "Sec-WebSocket-Protocol: confab.v1\r\n\r\n"
			      : GOOD,
			i % 2 ? strlen(HEAD) + 37 : strlen(GOOD));
		assert_int_equal(strstr(hear(client[i], "\r\n\r\n"),
					 "confab.v1") != NULL,
			i % 2);
	}
	for (size_t i = 0; i < ARRAY_LEN(client); i++)
		end_client(client[i]);
	house_close();
}

static void
a_refusal_comes_through_tls(void **state)
{
	const char *heard;
	SSL *client;

	(void)state;
	open_house(true, false, 10);
	client = client_tls(clients, client_open(), NULL, NULL);
	assert_true(shake(client));
	SSL_write(client, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", 27);
	heard = hear(client, NULL);
	assert_int_equal(strncmp(heard, "HTTP/1.1 404 ", 13), 0);
	assert_int_equal(SSL_get_shutdown(client) & SSL_RECEIVED_SHUTDOWN,
		SSL_RECEIVED_SHUTDOWN);
	assert_int_equal(house.last_status, 404);
	end_client(client);
	wait_until_empty();
	house_close();
}

static void
who_speaks_no_tls_is_dropped_and_counted(void **state)
{
	int client;

	(void)state;
	open_house(true, false, 10);
	client = client_open();
	client_say(client, GOOD);
	client_hear(client, NULL);
	wait_until_empty();
	assert_int_equal(house.entered, 0);
	assert_int_equal(house.events[DOOR_TLS_FAILED], 1);
	close(client);
	house_close();
}

/* Nothing, half a hello, or a handshake without a head. */
static void
the_slow_are_dropped_and_counted(void **state)
{
	int silent, half;
	SSL *headless;

	(void)state;
	open_house(true, false, 1);
	silent = client_open();
	half = client_open();
	client_send(half, "\x16\x03\x01\x02\x00\x01", 6);
	headless = client_tls(clients, client_open(), NULL, NULL);
	assert_true(shake(headless));
	assert_string_equal(client_hear(silent, NULL), "");
	assert_string_equal(client_hear(half, NULL), "");
	assert_int_equal(strncmp(hear(headless, NULL), "HTTP/1.1 408 ", 13), 0);
	assert_int_equal(house.refused, 3);
	assert_int_equal(house.events[DOOR_TLS_FAILED], 1);
	assert_int_equal(house.events[DOOR_TLS_SHAKEN], 1);
	close(silent);
	close(half);
	end_client(headless);
	wait_until_empty();
	house_close();
}

/* More than one turn has a share for. */
static void
a_crowd_shakes_hands_in_the_end(void **state)
{
	static SSL *crowd[100];
	uint64_t until = clock_ms() + GUARD_MS;
	size_t done = 0;

	(void)state;
	open_house(true, false, 30);
	for (size_t i = 0; i < ARRAY_LEN(crowd); i++) {
		crowd[i] = client_tls(clients, client_open(), NULL, NULL);
		SSL_connect(crowd[i]);
	}
	while (done < ARRAY_LEN(crowd)) {
		assert_true(clock_ms() < until);
		turn(house.listening);
		done = 0;
		for (size_t i = 0; i < ARRAY_LEN(crowd); i++) {
			bool was = SSL_is_init_finished(crowd[i]);

			if (SSL_connect(crowd[i]) == 1 && !was)
				SSL_write(crowd[i], GOOD, strlen(GOOD));
		}
		done = house.entered;
	}
	assert_int_equal(house.events[DOOR_TLS_SHAKEN], ARRAY_LEN(crowd));
	assert_int_equal(house.refused, 0);
	for (size_t i = 0; i < ARRAY_LEN(crowd); i++)
		end_client(crowd[i]);
	house_close();
}

static void
assert_client_is(const char *host, unsigned port)
{
	const struct sockaddr_in *address = (const void *)&house.admitted_peer;
	char name[INET_ADDRSTRLEN];

	assert_int_equal(address->sin_family, AF_INET);
	inet_ntop(AF_INET, &address->sin_addr, name, sizeof(name));
	assert_string_equal(name, host);
	assert_int_equal(ntohs(address->sin_port), port);
	assert_memory_equal(&house.last.peer, &house.admitted_peer,
		sizeof(house.last.peer));
}

static void
a_proxy_tells_who_comes(void **state)
{
	int client;

	(void)state;
	open_house(false, true, 10);
	client = client_open();
	client_say(client, PROXY GOOD);
	client_hear(client, "\r\n\r\n");
	assert_client_is("192.0.2.7", 50123);
	assert_int_equal(house.early.length, 0);
	assert_lives(client, house.last.fd);
	close(client);
	client = client_open();
	for (const char *at = PROXY GOOD; *at; at++) {
		client_send(client, at, 1);
		event_base_loop(house.base, EVLOOP_NONBLOCK);
	}
	client_hear(client, "\r\n\r\n");
	assert_int_equal(house.entered, 2);
	assert_client_is("192.0.2.7", 50123);
	close(client);
	house_close();
}

/* The line, the hello and what follows, each cut off anywhere or together. */
static void
a_proxy_may_pass_on_tls(void **state)
{
	(void)state;
	for (int together = 0; together < 2; together++) {
		BIO *hello = BIO_new(BIO_s_mem());
		struct buffer bytes = { 0 };
		SSL *client;
		long length;
		char *at;
		int fd;

		open_house(true, true, 10);
		fd = client_open();
		client = client_tls(clients, fd, NULL, NULL);
		BIO_up_ref(hello);
		SSL_set0_wbio(client, hello);
		SSL_connect(client);
		buffer_add_string(&bytes, PROXY);
		length = BIO_get_mem_data(hello, &at);
		buffer_add(&bytes, at, (size_t)length);
		if (together)
			client_send(fd, bytes.data, bytes.length);
		for (size_t i = 0; i < bytes.length && !together; i++) {
			client_send(fd, bytes.data + i, 1);
			event_base_loop(house.base, EVLOOP_NONBLOCK);
		}
		SSL_set_fd(client, fd);
		assert_true(shake(client));
		SSL_write(client, GOOD, strlen(GOOD));
		hear(client, "\r\n\r\n");
		assert_int_equal(house.entered, 1);
		assert_client_is("192.0.2.7", 50123);
		buffer_fini(&bytes);
		BIO_free(hello);
		end_client(client);
		house_close();
	}
}

static void
only_a_trusted_proxy_is_heard(void **state)
{
	int client;

	(void)state;
	open_house(false, true, 10);
	assert_true(network_read(text_of("10.0.0.0/8"), &trusted));
	manners.trusted_count = 1;
	client = client_open();
	client_say(client, PROXY GOOD);
	assert_string_equal(client_hear(client, NULL), "");
	assert_int_equal(house.entered, 0);
	assert_int_equal(house.events[DOOR_PROXY_FAILED], 1);
	close(client);
	client = client_open();
	client_say(client, GOOD);
	assert_string_equal(client_hear(client, NULL), "");
	assert_int_equal(house.events[DOOR_PROXY_FAILED], 2);
	close(client);
	wait_until_empty();
	house_close();
}

static void
a_trusted_proxy_may_say_it_in_the_head(void **state)
{
	static const char head[] =
		HEAD "X-Forwarded-For: 203.0.113.9, 192.0.2.9\r\n"
		     "x-forwarded-for: 127.0.0.9\r\n\r\n";
	int client;

	(void)state;
	open_house(false, false, 10);
	client = client_open();
	client_say(client, head);
	client_hear(client, "\r\n\r\n");
	assert_int_equal(
		((struct sockaddr_in *)&house.admitted_peer)->sin_addr.s_addr,
		htonl(INADDR_LOOPBACK));
	close(client);
	assert_true(network_read(text_of("127.0.0.0/8"), &trusted));
	manners.trusted_count = 1;
	client = client_open();
	client_say(client, head);
	client_hear(client, "\r\n\r\n");
	assert_int_equal(house.entered, 2);
	assert_client_is("192.0.2.9", 0);
	close(client);
	house_close();
}

/* Who has not spoken yet counts, whoever he is; a place comes free again. */
static void
one_address_does_not_fill_the_door(void **state)
{
	int fds[3], other;

	(void)state;
	open_house(false, true, 30);
	house.crowd_max = 2;
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		fds[i] = client_open();
		client_say(fds[i], PROXY);
	}
	assert_string_equal(client_hear(fds[2], NULL), "");
	assert_int_equal(house.events[DOOR_CROWDED], 1);
	other = client_open();
	client_say(other, "PROXY TCP4 192.0.2.8 198.51.100.1 5 443\r\n" GOOD);
	client_hear(other, "\r\n\r\n");
	close(fds[0]);
	client_say(fds[1], GOOD);
	client_hear(fds[1], "\r\n\r\n");
	assert_int_equal(house.entered, 2);
	wait_until_empty();
	close(fds[2]);
	fds[2] = client_open();
	client_say(fds[2], PROXY GOOD);
	client_hear(fds[2], "\r\n\r\n");
	assert_int_equal(house.entered, 3);
	assert_int_equal(house.events[DOOR_CROWDED], 1);
	close(fds[1]);
	close(fds[2]);
	close(other);
	house_close();
}

/* With TLS or without, and the proxy itself is no crowd. */
static void
a_crowd_is_told_where_it_can_hear(void **state)
{
	int fds[3];

	(void)state;
	open_house(false, false, 30);
	house.crowd_max = 1;
	fds[0] = client_open();
	fds[1] = client_open();
	assert_int_equal(
		strncmp(client_hear(fds[1], NULL), "HTTP/1.1 503 ", 13), 0);
	close(fds[1]);
	wait_for(&house.refused, 1);
	assert_true(network_read(text_of("127.0.0.0/8"), &trusted));
	manners.trusted_count = 1;
	fds[1] = client_open();
	fds[2] = client_open();
	client_say(fds[2], GOOD);
	client_hear(fds[2], "\r\n\r\n");
	assert_int_equal(house.events[DOOR_CROWDED], 1);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		close(fds[i]);
	wait_until_empty();
	house_close();
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		door_test(a_handshake_through_tls_enters),
		door_test(greetings_do_not_mix),
		door_test(a_refusal_comes_through_tls),
		door_test(who_speaks_no_tls_is_dropped_and_counted),
		door_test(the_slow_are_dropped_and_counted),
		door_test(a_crowd_shakes_hands_in_the_end),
		door_test(a_proxy_tells_who_comes),
		door_test(a_proxy_may_pass_on_tls),
		door_test(only_a_trusted_proxy_is_heard),
		door_test(a_trusted_proxy_may_say_it_in_the_head),
		door_test(one_address_does_not_fill_the_door),
		door_test(a_crowd_is_told_where_it_can_hear),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
