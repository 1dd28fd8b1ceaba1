/*
 * Where hosts of a cluster meet: "tcp://10.0.0.2:7100", "tls+tcp://[::1]:7100"
 * or "tcp://name.example:7100". Used by the configuration and by the relay. The
 * port after it belongs to the same host, so 65535 is none.
 */
#ifndef SHARED_BUS_URL_H
#define SHARED_BUS_URL_H

#include <stdbool.h>
#include <stdint.h>

#define BUS_HOST_BYTES 256

struct bus_url {
	bool is_tls;
	bool is_name;              /* to be looked up */
	bool is_local;             /* on this machine's loopback */
	char host[BUS_HOST_BYTES]; /* an IPv6 address has its brackets */
	uint16_t port;
};

/* False when the text is no such URL. */
bool bus_url_read(const char *text, struct bus_url *url);

#endif
