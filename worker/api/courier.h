/*
 * The courier carries requests of ours to backends: POST, JSON in and out, many
 * at a time, none of them waited for. The one door to libcurl.
 *
 * libcurl and not evhttp's client, because what is on the other side is not
 * ours: certificates are verified with the machine's authorities, proxies of
 * the environment are used, names are looked up in a thread of their own, both
 * HTTP/1.1 and 2 are spoken and connections are kept between requests. Its
 * multi interface asks for sockets and a timer, which libevent watches.
 *
 * A backend may be slow, lie about lengths, send without end or nothing:
 * each trip has one time limit for all of it and a bound for what it may
 * answer, and ends in one call of done(). Redirections are not followed.
 */
#ifndef WORKER_API_COURIER_H
#define WORKER_API_COURIER_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/text.h"

struct courier;
struct trip;
struct event_base;

/* Borrowed until courier_send() returns. headers: "Name: value" each, the last
 * one NULL; may be NULL. */
struct parcel {
	const char *url; /* http or https */
	const char *const *headers;
	struct text body;
	uint32_t timeout_ms;
	uint32_t answer_bytes_max;
};

/* status: 0 when no whole answer came; then error says why, in words. Borrowed.
 */
struct parcel_answer {
	unsigned status;
	struct text body;
	const char *error;
};

typedef void trip_done(void *self, const struct parcel_answer *answer);

/* NULL: libcurl cannot be used (logged). */
struct courier *courier_new(struct event_base *base);

/* Errands that are on their way are given up; done() is not called. */
void courier_free(struct courier **courier);

/* Begins; done() is called once, later, unless it is cancelled before. NULL:
 * the URL cannot be used or there is no room for one more; done() is not
 * called. When done() is called the trip is over: it may send and cancel
 * others. */
struct trip *courier_send(struct courier *courier, const struct parcel *parcel,
	trip_done *done, void *self);
void courier_cancel(struct courier *courier, struct trip **trip);

/* Errands on their way. */
unsigned courier_trips(const struct courier *courier);

#endif
