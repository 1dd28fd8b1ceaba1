/*
 * OpenSSL reads and writes through a BIO of our own. It reads from the bytes
 * that one recv() brought and writes to the socket; what that does not take is
 * kept, and OpenSSL told that all went well. So SSL_write() never has to be
 * repeated with the same bytes, which would forbid the writer to change his
 * mind about what waits, and a record costs one system call where OpenSSL's
 * own socket BIO needs two.
 */
#include "shared/tls.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/log.h"
#include "shared/tls_server.h"

#define READ_BYTES 16384

struct tls {
	SSL *ssl;
	const uint8_t *in; /* while tls_take() runs */
	size_t in_length;
	struct buffer out; /* for the socket */
	int fd;
	bool is_broken;
};

/* Bytes of the socket, until tls_take() has them; of the process. */
static uint8_t cipher[READ_BYTES];

static int
bio_read(BIO *bio, char *data, size_t capacity, size_t *taken)
{
	struct tls *tls = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	*taken = MIN_OF(capacity, tls->in_length);
	if (*taken == 0) {
		BIO_set_retry_read(bio);
		return 0;
	}
	memcpy(data, tls->in, *taken);
	tls->in += *taken;
	tls->in_length -= *taken;
	return 1;
}

/* Returns how many bytes the socket took. */
static size_t
write_now(struct tls *tls, const void *data, size_t length)
{
	ssize_t took;

	do
		took = send(tls->fd, data, length, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (took < 0 && errno == EINTR);
	if (took < 0 && errno != EAGAIN && errno != ENOBUFS)
		tls->is_broken = true;
	return took > 0 ? (size_t)took : 0;
}

static int
bio_write(BIO *bio, const char *data, size_t length, size_t *taken)
{
	struct tls *tls = BIO_get_data(bio);
	size_t took = 0;

	*taken = length;
	if (tls->out.length == 0 && !tls->is_broken)
		took = write_now(tls, data, length);
	if (took < length && !tls->is_broken)
		buffer_add(&tls->out, data + took, length - took);
	return 1;
}

static long
bio_control(BIO *bio, int what, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return what == BIO_CTRL_FLUSH;
}

static BIO_METHOD *
bio_method(void)
{
	static BIO_METHOD *method;

	if (method)
		return method;
	method = BIO_meth_new(
		BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "confab socket");
	must(method != NULL);
	BIO_meth_set_read_ex(method, bio_read);
	BIO_meth_set_write_ex(method, bio_write);
	BIO_meth_set_ctrl(method, bio_control);
	return method;
}

struct tls *
tls_new(const struct tls_server *server, int fd)
{
	struct tls *tls = base_alloc_zeroed(1, sizeof(*tls));
	BIO *bio = BIO_new(bio_method());

	must(bio != NULL);
	tls->fd = fd;
	tls->ssl = tls_server_ssl(server);
	BIO_set_data(bio, tls);
	BIO_set_init(bio, 1);
	SSL_set_bio(tls->ssl, bio, bio);
	return tls;
}

void
tls_free(struct tls **tls)
{
	if (!*tls)
		return;
	SSL_free((*tls)->ssl);
	buffer_fini(&(*tls)->out);
	free(*tls);
	*tls = NULL;
}

/* After a call of OpenSSL that did not do all: must the connection end? */
static bool
is_over(struct tls *tls, int result)
{
	int error = SSL_get_error(tls->ssl, result);
	const char *reason;

	if (error == SSL_ERROR_WANT_READ)
		return false;
	if (error == SSL_ERROR_SSL) {
		reason = ERR_reason_error_string(ERR_peek_error());
		log_debug("tls: %s", reason ? reason : "a failure");
	}
	ERR_clear_error();
	tls->is_broken |= error != SSL_ERROR_ZERO_RETURN;
	return true;
}

/* Everything that there is, one record after the other. It fits: no more comes
 * out than went in, now and before. */
static ssize_t
read_records(struct tls *tls, uint8_t *data, size_t capacity)
{
	size_t total = 0, got;
	bool is_end;

	while (SSL_read_ex(tls->ssl, data + total, capacity - total, &got)) {
		total += got;
		must(total < capacity);
	}
	is_end = is_over(tls, 0) && !tls->is_broken;
	if (total > 0)
		return (ssize_t)total;
	errno = tls->is_broken ? EPROTO : EAGAIN;
	return is_end ? 0 : -1;
}

ssize_t
tls_take(struct tls *tls, const void *bytes, size_t length, void *data,
	size_t capacity)
{
	int result;

	must(capacity >= TLS_READ_BYTES && length <= TLS_RECORD_BYTES);
	errno = EPROTO;
	if (tls->is_broken)
		return -1;
	tls->in = bytes;
	tls->in_length = length;
	ERR_clear_error();
	if (!SSL_is_init_finished(tls->ssl)) {
		result = SSL_accept(tls->ssl);
		if (result != 1) {
			errno = is_over(tls, result) ? EPROTO : EAGAIN;
			return -1;
		}
	}
	return read_records(tls, data, capacity);
}

ssize_t
tls_recv(struct tls *tls, void *data, size_t capacity)
{
	ssize_t got;

	if (tls_flush(tls) < 0 && errno != EAGAIN)
		return -1;
	got = recv(tls->fd, cipher, sizeof(cipher), MSG_DONTWAIT);
	if (got <= 0)
		return got;
	return tls_take(tls, cipher, (size_t)got, data, capacity);
}

int
tls_flush(struct tls *tls)
{
	size_t took = 0;

	if (tls->out.length && !tls->is_broken)
		took = write_now(tls, tls->out.data, tls->out.length);
	if (tls->is_broken) {
		errno = EPIPE;
		return -1;
	}
	if (took == tls->out.length) {
		buffer_fini(&tls->out);
		return 0;
	}
	buffer_drop_front(&tls->out, took);
	errno = EAGAIN;
	return -1;
}

ssize_t
tls_send(struct tls *tls, const void *data, size_t length)
{
	size_t took = 0;

	if (tls_flush(tls) < 0)
		return -1;
	ERR_clear_error();
	length = MIN_OF(length, (size_t)TLS_RECORD_BYTES);
	if (SSL_write_ex(tls->ssl, data, length, &took) && !tls->is_broken)
		return (ssize_t)took;
	ERR_clear_error();
	tls->is_broken = true;
	errno = EPIPE;
	return -1;
}

size_t
tls_waiting(const struct tls *tls)
{
	return tls->out.length;
}

void
tls_shut(struct tls *tls)
{
	if (!tls->is_broken)
		tls_ssl_shut(tls->ssl);
}

bool
tls_is_shaken(const struct tls *tls)
{
	return tls_ssl_is_shaken(tls->ssl);
}

bool
tls_is_resumed(const struct tls *tls)
{
	return tls_ssl_is_resumed(tls->ssl);
}

const char *
tls_version(const struct tls *tls)
{
	return SSL_get_version(tls->ssl);
}
