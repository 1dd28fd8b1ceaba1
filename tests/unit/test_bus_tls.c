#include "tests/unit/bus_fixture.h"

#include "tests/unit/tls_fixture.h"

static struct host ann, bob;

/* Who signs the hosts of our cluster, and somebody else. */
static struct signer {
	EVP_PKEY *key;
	X509 *certificate;
	char *text;
} ours, theirs;

static char *
pem_of(X509 *certificate)
{
	BIO *bio = BIO_new(BIO_s_mem());

	PEM_write_bio_X509(bio, certificate);
	return text_of_bio(bio);
}

static void
extend(X509 *certificate, int what, const char *value)
{
	X509_EXTENSION *extension =
		X509V3_EXT_conf_nid(NULL, NULL, what, value);

	X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
}

/* Not yet signed. names: "DNS:…", NULL: none but the common one. */
static X509 *
certificate_of(EVP_PKEY *key, const char *common, const char *names)
{
	static long number;
	X509 *certificate = X509_new();

	X509_set_version(certificate, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++number);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN",
		MBSTRING_ASC, (const unsigned char *)common, -1, -1, 0);
	X509_set_pubkey(certificate, key);
	if (names)
		extend(certificate, NID_subject_alt_name, names);
	return certificate;
}

static void
signer_open(struct signer *signer, const char *name)
{
	signer->key = EVP_EC_gen("P-256");
	signer->certificate = certificate_of(signer->key, name, NULL);
	X509_set_issuer_name(signer->certificate,
		X509_get_subject_name(signer->certificate));
	extend(signer->certificate, NID_basic_constraints, "critical,CA:TRUE");
	X509_sign(signer->certificate, signer->key, EVP_sha256());
	signer->text = pem_of(signer->certificate);
}

static void
signer_close(struct signer *signer)
{
	EVP_PKEY_free(signer->key);
	X509_free(signer->certificate);
	free(signer->text);
}

static struct made
issue(const struct signer *signer, const char *common, const char *names)
{
	struct made made = { .key = EVP_EC_gen("P-256") };
	X509 *certificate = certificate_of(made.key, common, names);
	BIO *bio = BIO_new(BIO_s_mem());

	X509_set_issuer_name(
		certificate, X509_get_subject_name(signer->certificate));
	X509_sign(certificate, signer->key, EVP_sha256());
	PEM_write_bio_PrivateKey(bio, made.key, NULL, NULL, 0, NULL, NULL);
	made.certificate_text = pem_of(certificate);
	made.key_text = text_of_bio(bio);
	X509_free(certificate);
	return made;
}

static int
set_up(void **state)
{
	(void)state;
	memset(&ann, 0, sizeof(ann));
	memset(&bob, 0, sizeof(bob));
	fixture_open();
	signer_open(&ours, "ours");
	signer_open(&theirs, "theirs");
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	host_close(&ann);
	host_close(&bob);
	signer_close(&ours);
	signer_close(&theirs);
	fixture_close();
	return 0;
}

static void
join_as(struct host *host, const char *where, const struct signer *signer,
	const char *common, const char *names)
{
	struct made made = issue(signer, common, names);
	struct bus_options options = usual;

	options.tls_cert = text_of(made.certificate_text);
	options.tls_key = text_of(made.key_text);
	options.tls_ca = text_of(ours.text);
	host_open(host, where, &options);
	free_certificate(&made);
}

/* A member of our cluster, as this name. */
static void
join(struct host *host, const char *where, const char *common,
	const char *names)
{
	join_as(host, where, &ours, common, names);
}

static void
reach(struct host *from, struct host *to, const char *words)
{
	until(from->pipes > 0 && to->pipes > 0);
	assert_int_equal(send_words(from, words), from->pipes);
	until(text_equal(buffer_text(&to->frame), text_of(words)));
}

static void
members_reach_each_other(void **state)
{
	struct bus_peer *peer;

	(void)state;
	join(&ann, "tls+tcp://localhost", "ann", "DNS:localhost");
	join(&bob, "tls+tcp://localhost", "bob", "DNS:localhost");
	bob.says = "you said ";
	peer = dial(&ann, &bob);
	reach(&ann, &bob, "in secret");
	reach(&bob, &ann, "and back");
	until(bus_request(peer, text_of("hello")));
	until(ann.answers == 1);
	assert_true(text_equal(
		buffer_text(&ann.answer), text_of("you said hello")));
}

static void
an_address_is_a_common_name(void **state)
{
	(void)state;
	join(&ann, "tls+tcp://127.0.0.1", "127.0.0.1", NULL);
	join(&bob, "tls+tcp://127.0.0.1", "127.0.0.1", NULL);
	dial(&ann, &bob);
	reach(&ann, &bob, "by address");
}

static void
a_pipe_is_hung_up_and_dialed_again(void **state)
{
	(void)state;
	join(&ann, "tls+tcp://127.0.0.1", "127.0.0.1", NULL);
	join(&bob, "tls+tcp://127.0.0.1", "127.0.0.1", NULL);
	dial(&ann, &bob);
	reach(&ann, &bob, "once");
	bus_close_pipe(bob.bus, bob.pipe);
	until(bob.downs == 1 && bob.ups == 2 && ann.ups == 2);
	reach(&ann, &bob, "again");
	bus_close_pipe(ann.bus, ann.pipe);
	until(ann.downs == 2 && bob.ups == 3 && ann.ups == 3);
	reach(&bob, &ann, "and again");
}

/* A TLS client of its own. */
struct visitor {
	SSL_CTX *context;
	X509 *certificate;
	SSL *ssl;
	int fd;
};

static void
visit(struct visitor *visitor, unsigned port, const struct made *made)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	*visitor =
		(struct visitor){ .context = SSL_CTX_new(TLS_client_method()) };
	visitor->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (made) {
		BIO *bio = BIO_new_mem_buf(made->certificate_text, -1);

		visitor->certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		BIO_free(bio);
		SSL_CTX_use_certificate(visitor->context, visitor->certificate);
		SSL_CTX_use_PrivateKey(visitor->context, made->key);
	}
	assert_int_equal(
		connect(visitor->fd, (struct sockaddr *)&at, sizeof(at)), 0);
	visitor->ssl = client_tls(visitor->context, visitor->fd, NULL, NULL);
}

static void
end_visit(struct visitor *visitor)
{
	SSL_free(visitor->ssl);
	SSL_CTX_free(visitor->context);
	X509_free(visitor->certificate);
	close(visitor->fd);
}

/* Does it get the first word of nng? */
static bool
hears_nng(struct visitor *visitor)
{
	char word[8] = { 1 };

	return SSL_connect(visitor->ssl) == 1 &&
	       SSL_read(visitor->ssl, word, sizeof(word)) == sizeof(word) &&
	       memcmp(word, "\0SP\0", 4) == 0;
}

static void
say(struct visitor *visitor, const char *bytes, int length)
{
	assert_int_equal(SSL_write(visitor->ssl, bytes, length), length);
}

/* nng 1.5 overlooks such an end. Who ends here is no nng, which at times cannot
 * let go of what it was sending itself. */
static void
a_pipe_that_ends_right_behind_a_frame_is_let_go(void **state)
{
	struct made made = issue(&ours, "bob", NULL);

	(void)state;
	join(&ann, "tls+tcp://127.0.0.1", "127.0.0.1", NULL);
	for (unsigned times = 1; times <= 30; times++) {
		struct visitor visitor;

		visit(&visitor, ann.port, &made);
		assert_true(hears_nng(&visitor));
		say(&visitor, "\0SP\0\0\x70\0\0", 8);
		until(ann.ups == times);
		say(&visitor, "\0\0\0\0\0\0\0\5hello", 13);
		end_visit(&visitor);
		until(ann.downs == times);
	}
	assert_int_equal(ann.frames, 30);
	free_certificate(&made);
}

static bool
is_let_in(unsigned port, const struct made *made)
{
	struct visitor visitor;
	bool is_in;

	visit(&visitor, port, made);
	is_in = hears_nng(&visitor);
	end_visit(&visitor);
	return is_in;
}

static void
who_dials_shows_a_certificate_of_ours(void **state)
{
	struct made good = issue(&ours, "good", "DNS:anything");
	struct made bad = issue(&theirs, "bad", "DNS:localhost");

	(void)state;
	join(&ann, "tls+tcp://127.0.0.1", "ann", NULL);
	for (unsigned port = ann.port; port <= ann.port + 1; port++) {
		assert_true(is_let_in(port, &good));
		assert_false(is_let_in(port, &bad));
		assert_false(is_let_in(port, NULL));
	}
	free_certificate(&good);
	free_certificate(&bad);
}

/* Lets a host dial, and answers with a certificate; is it taken? */
static bool
is_taken(const struct made *made)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(at);
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	int listening = socket(AF_INET, SOCK_STREAM, 0), fd;
	BIO *bio = BIO_new_mem_buf(made->certificate_text, -1);
	X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	char url[64], word[8] = { 1 };
	struct bus_peer *peer;
	SSL *ssl;
	bool is_good;

	BIO_free(bio);
	SSL_CTX_use_certificate(context, certificate);
	SSL_CTX_use_PrivateKey(context, made->key);
	assert_int_equal(bind(listening, (struct sockaddr *)&at, length), 0);
	assert_int_equal(listen(listening, 8), 0);
	getsockname(listening, (struct sockaddr *)&at, &length);
	snprintf(
		url, sizeof(url), "tls+tcp://127.0.0.1:%u", ntohs(at.sin_port));
	peer = bus_add_peer(ann.bus, url, NULL);
	assert_non_null(peer);
	fd = accept(listening, NULL, NULL);
	ssl = SSL_new(context);
	SSL_set_fd(ssl, fd);
	is_good = SSL_accept(ssl) == 1 &&
		  SSL_read(ssl, word, sizeof(word)) == sizeof(word) &&
		  memcmp(word, "\0SP\0", 4) == 0;
	bus_remove_peer(&peer);
	SSL_free(ssl);
	SSL_CTX_free(context);
	X509_free(certificate);
	close(fd);
	close(listening);
	return is_good;
}

static void
who_is_dialed_shows_a_certificate_of_ours(void **state)
{
	struct made good = issue(&ours, "127.0.0.1", NULL);
	struct made other = issue(&ours, "127.0.0.2", NULL);
	struct made bad = issue(&theirs, "127.0.0.1", NULL);

	(void)state;
	join(&ann, "tls+tcp://127.0.0.1", "ann", NULL);
	assert_true(is_taken(&good));
	assert_false(is_taken(&other));
	assert_false(is_taken(&bad));
	free_certificate(&good);
	free_certificate(&other);
	free_certificate(&bad);
}

static void
who_is_not_believed_is_counted_on_both_sides(void **state)
{
	struct bus_peer *peer;

	(void)state;
	join(&ann, "tls+tcp://127.0.0.1", "127.0.0.1", NULL);
	join_as(&bob, "tls+tcp://127.0.0.1", &theirs, "127.0.0.1", NULL);
	peer = dial(&ann, &bob);
	until(bus_peer_distrust(peer) > 1);
	until(bus_figures(bob.bus).pipes_distrusted > 1);
	assert_int_equal(bus_figures(ann.bus).pipes_distrusted, 0);
	assert_int_equal(ann.ups + bob.ups, 0);
}

static void
certificates_that_are_none_are_refused(void **state)
{
	struct made made = issue(&ours, "ann", NULL);
	const struct bus_hooks none = { 0 };
	struct bus_options options = usual;
	char url[64];

	(void)state;
	snprintf(url, sizeof(url), "tls+tcp://127.0.0.1:%u", find_port());
	options.listen = url;
	options.tls_cert = text_of(made.certificate_text);
	options.tls_key = text_of("no key");
	options.tls_ca = text_of(ours.text);
	assert_null(bus_new(base, &options, &none, NULL));
	options.tls_key = text_of(made.key_text);
	options.tls_ca = text_of("");
	assert_null(bus_new(base, &options, &none, NULL));
	free_certificate(&made);
}

int
main(void)
{
#define CLAIM(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CLAIM(members_reach_each_other),
		CLAIM(an_address_is_a_common_name),
		CLAIM(a_pipe_is_hung_up_and_dialed_again),
		CLAIM(a_pipe_that_ends_right_behind_a_frame_is_let_go),
		CLAIM(who_dials_shows_a_certificate_of_ours),
		CLAIM(who_is_dialed_shows_a_certificate_of_ours),
		CLAIM(who_is_not_believed_is_counted_on_both_sides),
		CLAIM(certificates_that_are_none_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
