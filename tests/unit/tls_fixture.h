/*
 * Certificates made for a test, and a TLS client to go with them. For the tests
 * of TLS.
 */
#ifndef TESTS_UNIT_TLS_FIXTURE_H
#define TESTS_UNIT_TLS_FIXTURE_H

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "shared/base.h"
#include "shared/tls_server.h"

/* A self-signed certificate as a listener has it; the texts are its own. */
struct made {
	EVP_PKEY *key;
	char *certificate_text, *key_text;
	struct tls_pair pair;
};

static inline char *
text_of_bio(BIO *bio)
{
	char *at, *text;
	long length = BIO_get_mem_data(bio, &at);

	text = base_alloc((size_t)length + 1);
	memcpy(text, at, (size_t)length);
	text[length] = 0;
	BIO_free(bio);
	return text;
}

static inline X509 *
sign_certificate(EVP_PKEY *key, const char *names)
{
	X509 *certificate = X509_new();
	X509_NAME *name = X509_get_subject_name(certificate);
	X509_EXTENSION *extension;

	X509_set_version(certificate, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
		(const unsigned char *)"confab test", -1, -1, 0);
	X509_set_issuer_name(certificate, name);
	X509_set_pubkey(certificate, key);
	extension =
		X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
	X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
	X509_sign(certificate, key, EVP_sha256());
	return certificate;
}

/* names: "DNS:a.test,DNS:*.b.test". */
static inline void
make_certificate(struct made *made, const char *names, bool is_rsa)
{
	BIO *key_bio = BIO_new(BIO_s_mem()), *bio = BIO_new(BIO_s_mem());
	X509 *certificate;

	made->key = is_rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
	certificate = sign_certificate(made->key, names);
	PEM_write_bio_X509(bio, certificate);
	PEM_write_bio_PrivateKey(key_bio, made->key, NULL, NULL, 0, NULL, NULL);
	X509_free(certificate);
	made->certificate_text = text_of_bio(bio);
	made->key_text = text_of_bio(key_bio);
	made->pair = (struct tls_pair){ text_of(made->certificate_text),
		text_of(made->key_text), "cert.pem", "key.pem" };
}

static inline void
free_certificate(struct made *made)
{
	EVP_PKEY_free(made->key);
	free(made->certificate_text);
	free(made->key_text);
	*made = (struct made){ 0 };
}

/* A client's end of a connection; on a socket that does not block it returns
 * from SSL_connect() with -1 until its server has answered. */
static inline SSL *
client_tls(SSL_CTX *context, int fd, const char *name, SSL_SESSION *session)
{
	SSL *ssl = SSL_new(context);

	SSL_set_fd(ssl, fd);
	SSL_set_connect_state(ssl);
	if (name)
		SSL_set_tlsext_host_name(ssl, name);
	if (session)
		SSL_set_session(ssl, session);
	return ssl;
}

#endif
