/*
 * Where a TLS connection whose socket somebody else has made gets its bytes
 * from: a function of ours, which may keep it waiting.
 */
#ifndef SHARED_TLS_SOURCE_H
#define SHARED_TLS_SOURCE_H

#include <stddef.h>
#include <sys/types.h>

struct ssl_st;

/* As recv(2): -1 with EAGAIN: there is nothing now, or it is not its turn. */
typedef ssize_t tls_source(void *self, void *at, size_t length);

/* Of one that has its socket and has not read yet. What it writes goes to the
 * socket as before. */
void tls_source_set(struct ssl_st *ssl, tls_source *source, void *self);

/* The source is no more: reading fails from now on. */
void tls_source_end(struct ssl_st *ssl);

#endif
