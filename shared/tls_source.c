/*
 * A filter before the BIO of the socket, which stays the one that writes, knows
 * the descriptor and closes it.
 */
#include "shared/tls_source.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <stdlib.h>

#include "shared/base.h"

struct spring {
	tls_source *source; /* NULL: no more */
	void *self;
};

static int
on_read(BIO *bio, char *at, size_t length, size_t *taken)
{
	const struct spring *spring = BIO_get_data(bio);
	ssize_t got = -1;

	BIO_clear_retry_flags(bio);
	*taken = 0;
	errno = EPIPE;
	if (spring->source)
		got = spring->source(spring->self, at, length);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		BIO_set_retry_read(bio);
	if (got <= 0)
		return 0;
	*taken = (size_t)got;
	return 1;
}

static int
on_write(BIO *bio, const char *data, size_t length, size_t *taken)
{
	int result;

	BIO_clear_retry_flags(bio);
	result = BIO_write_ex(BIO_next(bio), data, length, taken);
	BIO_copy_next_retry(bio);
	return result;
}

static long
on_control(BIO *bio, int what, long number, void *pointer)
{
	return BIO_ctrl(BIO_next(bio), what, number, pointer);
}

static int
on_free(BIO *bio)
{
	free(BIO_get_data(bio));
	BIO_set_data(bio, NULL);
	return 1;
}

static BIO_METHOD *
filter_method(void)
{
	static BIO_METHOD *method;

	if (method)
		return method;
	method = BIO_meth_new(
		BIO_get_new_index() | BIO_TYPE_FILTER, "confab source");
	must(method != NULL);
	BIO_meth_set_read_ex(method, on_read);
	BIO_meth_set_write_ex(method, on_write);
	BIO_meth_set_ctrl(method, on_control);
	BIO_meth_set_destroy(method, on_free);
	return method;
}

void
tls_source_set(struct ssl_st *ssl, tls_source *source, void *self)
{
	struct spring *spring = base_alloc_zeroed(1, sizeof(*spring));
	BIO *socket = SSL_get_rbio(ssl);
	BIO *filter = BIO_new(filter_method());

	must(filter != NULL && socket != NULL);
	spring->source = source;
	spring->self = self;
	BIO_set_data(filter, spring);
	BIO_set_init(filter, 1);
	must(BIO_up_ref(socket) == 1);
	BIO_push(filter, socket);
	SSL_set_bio(ssl, filter, filter);
}

void
tls_source_end(struct ssl_st *ssl)
{
	BIO *filter = BIO_find_type(SSL_get_rbio(ssl), BIO_TYPE_FILTER);
	struct spring *spring = filter ? BIO_get_data(filter) : NULL;

	if (spring)
		spring->source = NULL;
}
