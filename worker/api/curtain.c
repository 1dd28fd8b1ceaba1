#include "worker/api/curtain.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>

#include "shared/base.h"
#include "shared/manners.h"
#include "shared/tls_server.h"

/* Callbacks are deferred because OpenSSL's bufferevent writes, and tells that
 * it has, from within the call that adds to its output; see exchange.h. It
 * frees what it was given only where it also closes the descriptor. */
struct bufferevent *
curtain_new(struct event_base *base, const struct manners *manners)
{
	struct bufferevent *bufferevent;

	if (!manners || !manners->tls) {
		bufferevent = bufferevent_socket_new(base, -1, 0);
		must(bufferevent != NULL);
		return bufferevent;
	}
	bufferevent = bufferevent_openssl_socket_new(base, -1,
		tls_server_ssl(manners->tls), BUFFEREVENT_SSL_ACCEPTING,
		BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
	must(bufferevent != NULL);
	bufferevent_openssl_set_allow_dirty_shutdown(bufferevent, 1);
	return bufferevent;
}

bool
curtain_is_shaking(struct bufferevent *bufferevent)
{
	struct ssl_st *ssl = bufferevent_openssl_get_ssl(bufferevent);

	return ssl && !tls_ssl_is_shaken(ssl);
}

void
curtain_read_by(struct bufferevent *bufferevent, tls_source *source, void *self)
{
	struct ssl_st *ssl = bufferevent_openssl_get_ssl(bufferevent);

	if (ssl)
		tls_source_set(ssl, source, self);
}

void
curtain_read_no_more(struct bufferevent *bufferevent)
{
	struct ssl_st *ssl = bufferevent_openssl_get_ssl(bufferevent);

	if (ssl)
		tls_source_end(ssl);
}

/* Head and body of a reply are two records, and the second must not wait until
 * the first is acknowledged. */
bool
curtain_open(struct bufferevent *bufferevent)
{
	int on = 1;

	setsockopt(bufferevent_getfd(bufferevent), IPPROTO_TCP, TCP_NODELAY,
		&on, sizeof(on));
	return tls_ssl_is_resumed(bufferevent_openssl_get_ssl(bufferevent));
}

void
curtain_shut(struct bufferevent *bufferevent)
{
	struct ssl_st *ssl = bufferevent_openssl_get_ssl(bufferevent);

	if (ssl)
		tls_ssl_shut(ssl);
	shutdown(bufferevent_getfd(bufferevent), SHUT_WR);
}
