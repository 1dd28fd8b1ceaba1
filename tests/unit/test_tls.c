/* TLS over a pair of sockets, both ends in this process, neither blocking. */
#include "shared/tls.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/clock.h"
#include "shared/tickets.h"
#include "tests/unit/tls_fixture.h"

#define GUARD_MS 30000

static struct made made[4];
static SSL_CTX *clients; /* any version, any certificate */
static SSL_SESSION *kept;

static int
keep_session(SSL *ssl, SSL_SESSION *session)
{
	(void)ssl;
	SSL_SESSION_free(kept);
	kept = session;
	return 1;
}

static int
set_up(void **state)
{
	(void)state;
	make_certificate(&made[0], "DNS:first.test", false);
	make_certificate(&made[1], "DNS:second.test,DNS:*.third.test", false);
	make_certificate(&made[2], "DNS:second.test,DNS:*.third.test", true);
	make_certificate(&made[3], "DNS:other.test", true);
	clients = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_session_cache_mode(clients,
		SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
	SSL_CTX_sess_set_new_cb(clients, keep_session);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(made); i++)
		free_certificate(&made[i]);
	SSL_SESSION_free(kept);
	SSL_CTX_free(clients);
	return 0;
}

static struct tls_server *
server_of(size_t first, size_t count, const struct tickets *tickets)
{
	struct tls_pair pairs[ARRAY_LEN(made)];
	struct tls_options options = { pairs, count, false, tickets };
	struct tls_server *server;
	char why[200] = "";

	for (size_t i = 0; i < count; i++)
		pairs[i] = made[first + i].pair;
	server = tls_server_new(&options, why, sizeof(why));
	assert_string_equal(why, "");
	assert_non_null(server);
	return server;
}

/* Both ends of one connection, and what the server read. */
struct line {
	int fds[2];
	struct tls *server;
	SSL *client;
	uint8_t data[TLS_READ_BYTES];
	ssize_t got;
};

static void
line_open(struct line *line, const struct tls_server *server, const char *name,
	SSL_SESSION *session)
{
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, line->fds),
		0);
	line->server = tls_new(server, line->fds[0]);
	line->client = client_tls(clients, line->fds[1], name, session);
	line->got = -1;
}

static void
line_close(struct line *line)
{
	tls_free(&line->server);
	/* Else OpenSSL takes the session for one that broke. */
	SSL_set_shutdown(
		line->client, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(line->client);
	close(line->fds[0]);
	close(line->fds[1]);
	ERR_clear_error();
}

/* Does the handshake come to a good end? */
static bool
line_shake(struct line *line)
{
	uint64_t until = clock_ms() + GUARD_MS;
	int result = SSL_connect(line->client);

	while (result != 1 || !tls_is_shaken(line->server)) {
		assert_true(clock_ms() < until);
		line->got =
			tls_recv(line->server, line->data, sizeof(line->data));
		if (line->got >= 0 || errno != EAGAIN)
			return false;
		result = SSL_connect(line->client);
		if (result != 1 && SSL_get_error(line->client, result) !=
					   SSL_ERROR_WANT_READ)
			return false;
	}
	return true;
}

static size_t
client_read(struct line *line, void *data, size_t capacity)
{
	size_t got = 0;

	SSL_read_ex(line->client, data, capacity, &got);
	ERR_clear_error();
	return got;
}

static void
what_is_said_arrives(void **state)
{
	struct tls_server *server = server_of(0, 1, NULL);
	struct line line;
	char data[16];

	(void)state;
	line_open(&line, server, NULL, NULL);
	assert_false(tls_is_shaken(line.server));
	assert_true(line_shake(&line));
	assert_string_equal(tls_version(line.server), "TLSv1.3");
	assert_int_equal(SSL_write(line.client, "hello", 5), 5);
	assert_int_equal(SSL_write(line.client, "world", 5), 5);
	line.got = tls_recv(line.server, line.data, sizeof(line.data));
	assert_int_equal(line.got, 10);
	assert_memory_equal(line.data, "helloworld", 10);
	assert_int_equal(
		tls_recv(line.server, line.data, sizeof(line.data)), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(tls_send(line.server, "back", 4), 4);
	assert_int_equal(client_read(&line, data, sizeof(data)), 4);
	assert_memory_equal(data, "back", 4);
	line_close(&line);
	tls_server_free(&server);
}

/* Everything that one read brought comes out, so that no event is missed. */
static void
records_cut_anywhere_come_whole(void **state)
{
	struct tls_server *server = server_of(0, 1, NULL);
	uint8_t sent[40000], sealed[50000];
	struct line line;
	ssize_t length, at = 0;
	size_t read = 0, cut = 1;

	(void)state;
	for (size_t i = 0; i < sizeof(sent); i++)
		sent[i] = (uint8_t)(i * 31 + i / 255);
	line_open(&line, server, NULL, NULL);
	assert_true(line_shake(&line));
	assert_int_equal(
		SSL_write(line.client, sent, sizeof(sent)), (int)sizeof(sent));
	length = recv(line.fds[0], sealed, sizeof(sealed), 0);
	assert_true(length > (ssize_t)sizeof(sent));
	for (; at < length; at += (ssize_t)cut, cut = cut * 3 % 16381 + 1) {
		cut = MIN_OF(cut, (size_t)(length - at));
		line.got = tls_take(line.server, sealed + at, cut, line.data,
			sizeof(line.data));
		if (line.got < 0) {
			assert_int_equal(errno, EAGAIN);
			continue;
		}
		assert_memory_equal(line.data, sent + read, line.got);
		read += (size_t)line.got;
	}
	assert_int_equal(read, sizeof(sent));
	line_close(&line);
	tls_server_free(&server);
}

/* What was taken is never asked for again, whatever the socket does. */
static void
a_full_socket_loses_nothing(void **state)
{
	struct tls_server *server = server_of(0, 1, NULL);
	uint8_t block[TLS_RECORD_BYTES], back[20000];
	size_t sent = 0, read = 0, got;
	struct line line;
	int small = 4096;

	(void)state;
	line_open(&line, server, NULL, NULL);
	assert_true(line_shake(&line));
	setsockopt(line.fds[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	while (sent < 40 * sizeof(block)) {
		memset(block, (int)(sent / sizeof(block)), sizeof(block));
		if (tls_send(line.server, block, sizeof(block)) ==
			(ssize_t)sizeof(block)) {
			sent += sizeof(block);
			continue;
		}
		assert_int_equal(errno, EAGAIN);
		assert_true(tls_waiting(line.server) > 0);
		while ((got = client_read(&line, back, sizeof(back))) > 0)
			for (size_t i = 0; i < got; i++, read++)
				assert_int_equal(back[i], read / sizeof(block));
	}
	while (read < sent) {
		tls_flush(line.server);
		got = client_read(&line, back, sizeof(back));
		for (size_t i = 0; i < got; i++, read++)
			assert_int_equal(back[i], read / sizeof(block));
	}
	assert_int_equal(tls_flush(line.server), 0);
	assert_int_equal(tls_waiting(line.server), 0);
	line_close(&line);
	tls_server_free(&server);
}

static bool
sees(const struct line *line, size_t certificate)
{
	X509 *shown = SSL_get1_peer_certificate(line->client);
	EVP_PKEY *key = X509_get0_pubkey(shown);
	bool is_it = EVP_PKEY_eq(key, made[certificate].key) == 1;

	X509_free(shown);
	return is_it;
}

static void
the_name_decides_the_certificate(void **state)
{
	static const struct {
		const char *name;
		size_t certificate;
	} cases[] = {
		{ NULL, 0 },
		{ "first.test", 0 },
		{ "second.test", 1 },
		{ "any.third.test", 1 },
		{ "SECOND.test", 1 },
		{ "unknown.test", 0 },
		{ "a.b.third.test", 0 },
		{ "other.test", 3 },
	};
	struct tls_server *server = server_of(0, 4, NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct line line;

		line_open(&line, server, cases[i].name, NULL);
		assert_true(line_shake(&line));
		assert_true(sees(&line, cases[i].certificate));
		line_close(&line);
	}
	tls_server_free(&server);
}

/* Two keys of one name: each client gets the one it understands. */
static void
twins_serve_both_kinds_of_client(void **state)
{
	struct tls_server *server = server_of(0, 4, NULL);
	struct line line;

	(void)state;
	line_open(&line, server, "second.test", NULL);
	SSL_set1_sigalgs_list(line.client, "rsa_pss_rsae_sha256");
	assert_true(line_shake(&line));
	assert_true(sees(&line, 2));
	line_close(&line);
	tls_server_free(&server);
}

static void
old_versions_are_refused(void **state)
{
	struct tls_options options = { &made[0].pair, 1, true, NULL };
	struct tls_server *server = server_of(0, 1, NULL);
	struct tls_server *strict = tls_server_new(&options, NULL, 0);
	struct line line;

	(void)state;
	line_open(&line, server, NULL, NULL);
	SSL_set_max_proto_version(line.client, TLS1_2_VERSION);
	assert_true(line_shake(&line));
	assert_string_equal(tls_version(line.server), "TLSv1.2");
	line_close(&line);

	line_open(&line, server, NULL, NULL);
	SSL_set_security_level(line.client, 0);
	SSL_set_min_proto_version(line.client, TLS1_VERSION);
	SSL_set_max_proto_version(line.client, TLS1_1_VERSION);
	assert_false(line_shake(&line));
	line_close(&line);

	line_open(&line, strict, NULL, NULL);
	SSL_set_max_proto_version(line.client, TLS1_2_VERSION);
	assert_false(line_shake(&line));
	line_close(&line);
	tls_server_free(&server);
	tls_server_free(&strict);
}

static void
only_http_1_is_spoken(void **state)
{
	struct tls_server *server = server_of(0, 1, NULL);
	const unsigned char *chosen;
	unsigned int length;
	struct line line;

	(void)state;
	line_open(&line, server, NULL, NULL);
	SSL_set_alpn_protos(
		line.client, (const uint8_t *)"\x02h2\x08http/1.1", 12);
	assert_true(line_shake(&line));
	SSL_get0_alpn_selected(line.client, &chosen, &length);
	assert_int_equal(length, 8);
	assert_memory_equal(chosen, "http/1.1", 8);
	line_close(&line);
	line_open(&line, server, NULL, NULL);
	SSL_set_alpn_protos(line.client, (const uint8_t *)"\x02h2", 3);
	assert_false(line_shake(&line));
	line_close(&line);
	tls_server_free(&server);
}

/* Reads what comes behind the handshake: with 1.3 the ticket. */
static void
fetch_ticket(struct line *line)
{
	char none[8];

	assert_int_equal(tls_send(line->server, "x", 1), 1);
	assert_int_equal(client_read(line, none, sizeof(none)), 1);
}

static bool
comes_back(const struct tls_server *server, int version)
{
	SSL_SESSION *session = kept;
	struct line line;
	bool is_resumed;

	kept = NULL;
	line_open(&line, server, "first.test", session);
	SSL_set_max_proto_version(line.client, version);
	assert_true(line_shake(&line));
	fetch_ticket(&line);
	is_resumed = tls_is_resumed(line.server);
	assert_int_equal(SSL_session_reused(line.client), is_resumed);
	line_close(&line);
	if (kept)
		SSL_SESSION_free(session);
	else
		kept = session; /* with 1.2 it may be used again */
	return is_resumed;
}

/* By either version, to another process, until its key is too old. */
static void
a_ticket_opens_all_servers_of_the_house(void **state)
{
	static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
	struct tickets tickets = { 0 }, others = { 0 };

	(void)state;
	tickets_rotate(&others, 1000);
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		struct tls_server *one, *two, *stranger;
		uint64_t now = 1000;

		tickets = (struct tickets){ 0 };
		tickets_rotate(&tickets, now);
		one = server_of(0, 1, &tickets);
		two = server_of(0, 2, &tickets);
		stranger = server_of(0, 1, &others);
		SSL_SESSION_free(kept);
		kept = NULL;
		assert_false(comes_back(one, versions[i]));
		assert_non_null(kept);
		assert_true(comes_back(two, versions[i]));
		assert_true(comes_back(two, versions[i]));
		now += TICKETS_ROTATE_MS;
		tickets_rotate(&tickets, now);
		assert_true(comes_back(one, versions[i]));
		for (unsigned k = 0; k < TICKETS_KEPT - 1; k++) {
			now += TICKETS_ROTATE_MS;
			tickets_rotate(&tickets, now);
		}
		assert_false(comes_back(one, versions[i]));
		assert_false(comes_back(stranger, versions[i]));
		tls_server_free(&one);
		tls_server_free(&two);
		tls_server_free(&stranger);
	}
}

static void
a_server_may_go_before_its_connections(void **state)
{
	struct tls_server *server = server_of(0, 4, NULL);
	struct line line;

	(void)state;
	line_open(&line, server, "second.test", NULL);
	tls_server_free(&server);
	assert_true(line_shake(&line));
	assert_true(sees(&line, 1));
	assert_int_equal(tls_send(line.server, "x", 1), 1);
	line_close(&line);
}

static void
noise_is_refused(void **state)
{
	static const char *const noises[] = { "GET / HTTP/1.1\r\n\r\n",
		"\x16\x03\x01\xff\xff", "\x80\x2e\x01\x00\x02",
		"\x15\x03\x01" };
	struct tls_server *server = server_of(0, 1, NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(noises); i++) {
		struct line line;

		line_open(&line, server, NULL, NULL);
		send(line.fds[1], noises[i], strlen(noises[i]), 0);
		line.got = tls_recv(line.server, line.data, sizeof(line.data));
		assert_int_equal(line.got, -1);
		assert_true(errno == EPROTO || errno == EAGAIN);
		close(line.fds[1]);
		line.fds[1] = dup(0);
		line.got = tls_recv(line.server, line.data, sizeof(line.data));
		assert_true(line.got == 0 || errno != EAGAIN);
		line_close(&line);
	}
	tls_server_free(&server);
}

static void
a_farewell_ends_the_reading(void **state)
{
	struct tls_server *server = server_of(0, 1, NULL);
	struct line line;
	char data[4];

	(void)state;
	line_open(&line, server, NULL, NULL);
	assert_true(line_shake(&line));
	SSL_write(line.client, "last", 4);
	SSL_shutdown(line.client);
	line.got = tls_recv(line.server, line.data, sizeof(line.data));
	assert_int_equal(line.got, 4);
	shutdown(line.fds[1], SHUT_WR);
	line.got = tls_recv(line.server, line.data, sizeof(line.data));
	assert_int_equal(line.got, 0);
	assert_int_equal(tls_send(line.server, "late", 4), 4);
	tls_shut(line.server);
	assert_int_equal(client_read(&line, data, sizeof(data)), 4);
	assert_int_equal(SSL_read(line.client, data, sizeof(data)), 0);
	assert_int_equal(SSL_get_error(line.client, 0), SSL_ERROR_ZERO_RETURN);
	line_close(&line);
	tls_server_free(&server);
}

static void
assert_unusable(const struct tls_pair *pair, const char *said)
{
	struct tls_options options = { pair, 1, false, NULL };
	char why[200] = "";

	assert_null(tls_server_new(&options, why, sizeof(why)));
	assert_non_null(strstr(why, said));
}

static void
what_cannot_be_used_is_said(void **state)
{
	struct tls_pair pair = made[0].pair;
	char *locked;
	BIO *bio = BIO_new(BIO_s_mem());

	(void)state;
	pair.key = made[1].pair.key;
	assert_unusable(&pair, "key.pem is not the key of cert.pem");
	pair.key = TEXT_LITERAL("");
	assert_unusable(&pair, "key.pem: no key in PEM");
	pair.key = made[0].pair.key;
	pair.certificate = TEXT_LITERAL("-----BEGIN CERTIFICATE-----\nAAAA");
	assert_unusable(&pair, "cert.pem: no certificate in PEM");
	pair.certificate = made[0].pair.certificate;
	PEM_write_bio_PrivateKey(bio, made[0].key, EVP_aes_128_cbc(),
		(const unsigned char *)"secret", 6, NULL, NULL);
	locked = text_of_bio(bio);
	pair.key = text_of(locked);
	assert_unusable(&pair, "without password");
	free(locked);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_said_arrives),
		cmocka_unit_test(records_cut_anywhere_come_whole),
		cmocka_unit_test(a_full_socket_loses_nothing),
		cmocka_unit_test(the_name_decides_the_certificate),
		cmocka_unit_test(twins_serve_both_kinds_of_client),
		cmocka_unit_test(old_versions_are_refused),
		cmocka_unit_test(only_http_1_is_spoken),
		cmocka_unit_test(a_ticket_opens_all_servers_of_the_house),
		cmocka_unit_test(a_server_may_go_before_its_connections),
		cmocka_unit_test(noise_is_refused),
		cmocka_unit_test(a_farewell_ends_the_reading),
		cmocka_unit_test(what_cannot_be_used_is_said),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
