/*
 * One SSL_CTX for each certificate, or pair of RSA and ECDSA of the same names.
 * The first one is the server's own: every connection begins with it and holds
 * it to its end, so it is what owns struct tls_server, by OpenSSL's own
 * counting.
 */
#include "shared/tls_server.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shared/base.h"
#include "shared/tickets.h"

/* With 1.2; with 1.3 there are no bad ones. Keys for the moment only, and
 * authenticated encryption. */
#define CIPHERS_12 "ECDHE+AESGCM:ECDHE+CHACHA20"
#define SESSION_SECONDS (24 * 3600)
#define IV_BYTES 16

struct tls_server {
	SSL_CTX **contexts;
	size_t count;
	const struct tickets *tickets;
	int64_t ends;
};

static int server_index = -1; /* of the ex_data of contexts[0] */

static const char *
openssl_reason(void)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	return reason ? reason : "it cannot be used";
}

static void
on_context_freed(void *context, void *data, CRYPTO_EX_DATA *all, int index,
	long number, void *pointer)
{
	struct tls_server *server = data;

	(void)context;
	(void)all;
	(void)index;
	(void)number;
	(void)pointer;
	if (!server)
		return;
	for (size_t i = 1; i < server->count; i++)
		SSL_CTX_free(server->contexts[i]);
	free(server->contexts);
	free(server);
}

/* The first context, or the server's name leads to another. */
static int
on_server_name(SSL *ssl, int *alert, void *self)
{
	const struct tls_server *server = self;
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

	(void)alert;
	for (size_t i = 0; name && i < server->count; i++) {
		SSL_CTX *context = server->contexts[i];

		if (X509_check_host(SSL_CTX_get0_certificate(context), name, 0,
			    0, NULL) != 1)
			continue;
		SSL_set_SSL_CTX(ssl, context);
		break;
	}
	return SSL_TLSEXT_ERR_OK;
}

/* Who offers protocols and not this one is told so (RFC 7301). */
static int
on_protocols(SSL *ssl, const unsigned char **chosen, unsigned char *length,
	const unsigned char *offered, unsigned int offered_length, void *self)
{
	static const unsigned char ours[] = "\x08http/1.1";
	unsigned char *found;

	(void)ssl;
	(void)self;
	if (SSL_select_next_proto(&found, length, ours, sizeof(ours) - 1,
		    offered, offered_length) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*chosen = found;
	return SSL_TLSEXT_ERR_OK;
}

static bool
use_ticket_key(const struct ticket_key *key, unsigned char *iv,
	EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, bool is_sealing)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(
			OSSL_MAC_PARAM_KEY, (void *)key->mac, sizeof(key->mac)),
		OSSL_PARAM_construct_utf8_string(
			OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
		OSSL_PARAM_construct_end(),
	};

	return EVP_MAC_CTX_set_params(mac, params) == 1 &&
	       EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, key->cipher,
		       iv, is_sealing) == 1;
}

/* Returns what SSL_CTX_set_tlsext_ticket_key_evp_cb(3) says. */
static int
on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv,
	EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int is_sealing)
{
	const struct tickets *tickets =
		SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	enum ticket_age age = TICKET_NEW;
	struct ticket_key key;
	int result;

	if (is_sealing) {
		if (!tickets_newest(tickets, &key) ||
			RAND_bytes(iv, IV_BYTES) != 1)
			return 0;
		memcpy(name, key.name, TICKET_NAME_BYTES);
	} else {
		age = tickets_find(tickets, name, &key);
		if (age == TICKET_UNKNOWN)
			return 0;
	}
	result = use_ticket_key(&key, iv, cipher, mac, is_sealing) ? 1 : -1;
	OPENSSL_cleanse(&key, sizeof(key));
	/* With 1.3 a ticket is used once, so each needs a successor. */
	if (result == 1 && !is_sealing &&
		(age == TICKET_OLD || SSL_version(ssl) >= TLS1_3_VERSION))
		return 2;
	return result;
}

static void
set_tickets(SSL_CTX *context, const struct tickets *tickets)
{
	static const unsigned char name[] = "confab";

	SSL_CTX_set_session_id_context(context, name, sizeof(name) - 1);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_timeout(context, SESSION_SECONDS);
	if (!tickets) {
		SSL_CTX_set_num_tickets(context, 0);
		SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
		return;
	}
	SSL_CTX_set_num_tickets(context, 1);
	SSL_CTX_set_app_data(context, (void *)tickets);
	SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket);
}

static SSL_CTX *
make_context(const struct tls_options *options)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());

	must(context != NULL);
	SSL_CTX_set_min_proto_version(
		context, options->only_13 ? TLS1_3_VERSION : TLS1_2_VERSION);
	must(SSL_CTX_set_cipher_list(context, CIPHERS_12) == 1);
	SSL_CTX_set_options(
		context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS |
					  SSL_MODE_ENABLE_PARTIAL_WRITE |
					  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_alpn_select_cb(context, on_protocols, NULL);
	set_tickets(context, options->tickets);
	return context;
}

/* A key with a password is none: nobody is there to type it. */
static int
no_password(char *text, int size, int is_writing, void *self)
{
	(void)text;
	(void)size;
	(void)is_writing;
	(void)self;
	return -1;
}

static BIO *
open_text(struct text text)
{
	must(text.length <= INT_MAX);
	return BIO_new_mem_buf(text.at, (int)text.length);
}

static X509 *
read_certificate(struct text text, STACK_OF(X509) * chain)
{
	BIO *bio = open_text(text);
	X509 *own = PEM_read_bio_X509_AUX(bio, NULL, no_password, NULL), *next;

	while (own && (next = PEM_read_bio_X509(bio, NULL, no_password, NULL)))
		sk_X509_push(chain, next);
	if (own)
		ERR_clear_error(); /* of the end of the text */
	BIO_free(bio);
	return own;
}

static EVP_PKEY *
read_key(struct text text)
{
	BIO *bio = open_text(text);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);

	BIO_free(bio);
	return key;
}

static const ASN1_STRING *
names_of(X509 *certificate)
{
	int at = X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1);

	return at < 0 ? NULL
		      : X509_EXTENSION_get_data(X509_get_ext(certificate, at));
}

/* Its twin: the same names, and a key of another kind. */
static SSL_CTX *
find_twin(const struct tls_server *server, X509 *certificate, EVP_PKEY *key)
{
	const ASN1_STRING *names = names_of(certificate);

	for (size_t i = 0; names && i < server->count; i++) {
		SSL_CTX *context = server->contexts[i];
		const ASN1_STRING *others =
			names_of(SSL_CTX_get0_certificate(context));

		if (others && ASN1_STRING_cmp(names, others) == 0 &&
			EVP_PKEY_get_base_id(SSL_CTX_get0_privatekey(
				context)) != EVP_PKEY_get_base_id(key))
			return context;
	}
	return NULL;
}

static int64_t
end_of(const X509 *certificate)
{
	struct tm end;

	if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) != 1)
		return INT64_MAX;
	return (int64_t)timegm(&end);
}

static void
add_pair(struct tls_server *server, const struct tls_options *options,
	X509 *certificate, EVP_PKEY *key, STACK_OF(X509) * chain)
{
	SSL_CTX *context = find_twin(server, certificate, key);

	if (!context) {
		context = make_context(options);
		server->contexts[server->count++] = context;
	}
	SSL_CTX_use_cert_and_key(context, certificate, key, chain, 1);
	server->ends = MIN_OF(server->ends, end_of(certificate));
}

static bool
take_pair(struct tls_server *server, const struct tls_options *options,
	const struct tls_pair *pair, char *why, size_t why_bytes)
{
	STACK_OF(X509) *chain = sk_X509_new_null();
	X509 *certificate = read_certificate(pair->certificate, chain);
	EVP_PKEY *key = read_key(pair->key);
	SSL_CTX *probe = make_context(options);
	bool is_good = false;

	must(chain != NULL);
	if (!certificate)
		snprintf(why, why_bytes, "%s: no certificate in PEM: %s",
			pair->certificate_name, openssl_reason());
	else if (!key)
		snprintf(why, why_bytes,
			"%s: no key in PEM without password:"
			" %s",
			pair->key_name, openssl_reason());
	else if (X509_check_private_key(certificate, key) != 1)
		snprintf(why, why_bytes, "%s is not the key of %s",
			pair->key_name, pair->certificate_name);
	else if (SSL_CTX_use_cert_and_key(probe, certificate, key, chain, 1) !=
		 1)
		snprintf(why, why_bytes, "%s: %s", pair->certificate_name,
			openssl_reason());
	else
		is_good = true;
	if (is_good)
		add_pair(server, options, certificate, key, chain);
	ERR_clear_error();
	SSL_CTX_free(probe);
	EVP_PKEY_free(key);
	X509_free(certificate);
	sk_X509_pop_free(chain, X509_free);
	return is_good;
}

struct tls_server *
tls_server_new(const struct tls_options *options, char *why, size_t why_bytes)
{
	struct tls_server *server = base_alloc_zeroed(1, sizeof(*server));

	must(options->pair_count > 0);
	if (server_index < 0)
		server_index = SSL_CTX_get_ex_new_index(
			0, NULL, NULL, NULL, on_context_freed);
	must(server_index >= 0);
	server->contexts = base_alloc_zeroed(
		options->pair_count, sizeof(*server->contexts));
	server->tickets = options->tickets;
	server->ends = INT64_MAX;
	for (size_t i = 0; i < options->pair_count; i++) {
		bool is_good = take_pair(
			server, options, &options->pairs[i], why, why_bytes);

		if (i == 0 && server->count)
			must(SSL_CTX_set_ex_data(server->contexts[0],
				     server_index, server) == 1);
		if (!is_good) {
			tls_server_free(&server);
			return NULL;
		}
	}
	SSL_CTX_set_tlsext_servername_callback(
		server->contexts[0], on_server_name);
	SSL_CTX_set_tlsext_servername_arg(server->contexts[0], server);
	return server;
}

void
tls_server_free(struct tls_server **freed)
{
	struct tls_server *server = *freed;

	*freed = NULL;
	if (server && server->count > 0) {
		SSL_CTX_free(server->contexts[0]);
	} else if (server) {
		free(server->contexts);
		free(server);
	}
}

int64_t
tls_server_ends(const struct tls_server *server)
{
	return server->ends;
}

struct ssl_st *
tls_server_ssl(const struct tls_server *server)
{
	SSL *ssl = SSL_new(server->contexts[0]);

	must(ssl != NULL);
	SSL_set_accept_state(ssl);
	return ssl;
}

bool
tls_ssl_is_shaken(const struct ssl_st *ssl)
{
	return SSL_is_init_finished(ssl);
}

bool
tls_ssl_is_resumed(const struct ssl_st *ssl)
{
	return SSL_session_reused(ssl);
}

/* Not in the middle of a handshake: OpenSSL has no word for that. */
void
tls_ssl_shut(struct ssl_st *ssl)
{
	if (!SSL_is_init_finished(ssl) ||
		SSL_get_shutdown(ssl) & SSL_SENT_SHUTDOWN)
		return;
	SSL_shutdown(ssl);
	ERR_clear_error();
}
