/*
 * TLS between hosts: both sides show a certificate that the CA of the cluster
 * has signed, and who dials asks for the name, or the address, that he dialed.
 */
#include "worker/relay/bus.h"

#include "shared/log.h"
#include "worker/relay/bus_inside.h"

static void
failed(int error)
{
	log_error(
		"relay: tls_cert, tls_key and tls_ca: %s", nng_strerror(error));
}

static int
set_certificates(nng_tls_config *tls, const struct bus_options *options)
{
	int error = nng_tls_config_ca_chain(tls, options->tls_ca.at, NULL);

	return error != 0 ? error
			  : nng_tls_config_own_cert(tls, options->tls_cert.at,
				    options->tls_key.at, NULL);
}

nng_tls_config *
bus_tls_new(const struct bus_options *options, const char *name)
{
	nng_tls_config *tls;
	int error = nng_tls_config_alloc(
		&tls, name ? NNG_TLS_MODE_CLIENT : NNG_TLS_MODE_SERVER);

	if (error != 0) {
		failed(error);
		return NULL;
	}
	if ((error = set_certificates(tls, options)) == 0 &&
		(error = nng_tls_config_auth_mode(
			 tls, NNG_TLS_AUTH_MODE_REQUIRED)) == 0 &&
		(error = nng_tls_config_version(
			 tls, NNG_TLS_1_2, NNG_TLS_1_3)) == 0 &&
		(!name || (error = nng_tls_config_server_name(tls, name)) == 0))
		return tls;
	failed(error);
	nng_tls_config_free(tls);
	return NULL;
}
