/*
 * The TLS side of a listener: its certificates, the versions it speaks (1.2
 * and 1.3), and the tickets with which clients come back without a new
 * handshake. Which certificate a client gets, its server name (SNI, RFC 6066)
 * decides: the first whose names match, else the first of all. Two
 * certificates of the same names with keys of two kinds (RSA and ECDSA) are
 * offered together.
 *
 * Only shared/tls*.c include OpenSSL for TLS. A server may be freed while
 * connections made by it live on.
 */
#ifndef SHARED_TLS_SERVER_H
#define SHARED_TLS_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/text.h"

struct ssl_st;
struct tickets;
struct tls_server;

/* PEM, borrowed: the certificate with those that lead to its issuer behind it,
 * and its key. The names are for what is said of errors. */
struct tls_pair {
	struct text certificate, key;
	const char *certificate_name, *key_name;
};

struct tls_options {
	const struct tls_pair *pairs;
	size_t pair_count;             /* at least one */
	bool only_13;                  /* not 1.2 */
	const struct tickets *tickets; /* NULL: nobody comes back by ticket */
};

/* NULL with one sentence in why when something cannot be used. */
struct tls_server *tls_server_new(
	const struct tls_options *options, char *why, size_t why_bytes);

/* Connections and handshakes under way go on. */
void tls_server_free(struct tls_server **server);

/* When the first of its certificates ends, in unix seconds. */
int64_t tls_server_ends(const struct tls_server *server);

/* A connection to be accepted, for who brings his own transport; the caller's.
 */
struct ssl_st *tls_server_ssl(const struct tls_server *server);

/* Of such a connection: has it shaken hands, by a ticket? And the word that
 * nothing more comes (close_notify), once. */
bool tls_ssl_is_shaken(const struct ssl_st *ssl);
bool tls_ssl_is_resumed(const struct ssl_st *ssl);
void tls_ssl_shut(struct ssl_st *ssl);

#endif
