/*
 * One TLS connection of a server over a socket, as its reader and writer want
 * it: tls_recv() and tls_send() return what recv(2) and send(2) would, and the
 * handshake happens within tls_recv().
 *
 * Between two calls a connection holds no buffers but what the socket has not
 * taken yet, and one record that is not whole. All of what comes in is
 * decrypted at once, so a level-triggered event of the socket tells all there
 * is to tell. What tls_send() took is gone, never to be given again.
 */
#ifndef SHARED_TLS_H
#define SHARED_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct tls;
struct tls_server;

/* What tls_recv() must be given room for. */
#define TLS_READ_BYTES 36864

/* One record; more than that tls_send() does not take at once. */
#define TLS_RECORD_BYTES 16384

/* The socket is borrowed and non-blocking. */
struct tls *tls_new(const struct tls_server *server, int fd);
void tls_free(struct tls **tls);

/* -1 with EAGAIN, also while there is no data because of the handshake; EPROTO
 * when the peer does not speak TLS as it should; 0 at the end. */
ssize_t tls_recv(struct tls *tls, void *data, size_t capacity);

/* The same of bytes that were read from the socket before; as many as come
 * before the first tls_recv(), at most TLS_RECORD_BYTES. */
ssize_t tls_take(struct tls *tls, const void *bytes, size_t length, void *data,
	size_t capacity);

/* -1 with EAGAIN while something encrypted waits for the socket. */
ssize_t tls_send(struct tls *tls, const void *data, size_t length);

/* How much of that there is; and the attempt to write it: -1 as send(2), 0 when
 * all is gone. */
size_t tls_waiting(const struct tls *tls);
int tls_flush(struct tls *tls);

/* Says that nothing more comes from here (close_notify); once. */
void tls_shut(struct tls *tls);

bool tls_is_shaken(const struct tls *tls); /* hands */

/* Did the client come back by a ticket? */
bool tls_is_resumed(const struct tls *tls);

/* "TLSv1.3" */
const char *tls_version(const struct tls *tls);

#endif
