/*
 * libcurl's callbacks only note what is to be watched; trips end in
 * settle(), outside of all of them, so that done() may send and cancel.
 */
#include "worker/api/courier.h"

#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <event2/event.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/log.h"
#include "shared/table.h"

#define TRIPS_MAX 4096
#define CONNECTIONS_MAX 256
#define CONNECTIONS_OF_HOST_MAX 64
#define CONNECTIONS_KEPT 64

struct trip {
	struct trip *prev, *next;
	struct courier *courier;
	CURL *easy;
	struct curl_slist *headers;
	struct buffer answer;
	size_t answer_bytes_max;
	trip_done *done;
	void *self;
	char error[CURL_ERROR_SIZE];
};

/* A socket of libcurl's. */
struct watch {
	struct watch *prev, *next;
	struct event *event;
};

struct courier {
	struct event_base *base;
	CURLM *multi;
	struct event *timer;
	struct trip *trips;
	unsigned count;
	struct watch *watches;
};

static void
trip_free(struct trip *trip)
{
	struct courier *courier = trip->courier;

	DL_DELETE(courier->trips, trip);
	courier->count--;
	curl_multi_remove_handle(courier->multi, trip->easy);
	curl_easy_cleanup(trip->easy);
	curl_slist_free_all(trip->headers);
	buffer_fini(&trip->answer);
	free(trip);
}

static const char *
reason(const struct trip *trip, CURLcode result)
{
	if (result == CURLE_OPERATION_TIMEDOUT)
		return "no whole answer in time";
	if (result == CURLE_WRITE_ERROR)
		return "the answer is larger than it may be";
	return trip->error[0] ? trip->error : curl_easy_strerror(result);
}

static void
finish(struct trip *trip, CURLcode result)
{
	struct parcel_answer answer = { 0 };
	long status = 0;

	if (result == CURLE_OK) {
		curl_easy_getinfo(trip->easy, CURLINFO_RESPONSE_CODE, &status);
		answer.status = (unsigned)status;
		answer.body = buffer_text(&trip->answer);
	} else {
		answer.error = reason(trip, result);
	}
	trip->done(trip->self, &answer);
	trip_free(trip);
}

/* Ends what has ended. done() may send and cancel others, so the list is asked
 * anew each time. */
static void
settle(struct courier *courier)
{
	struct trip *trip;
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(courier->multi, &left))) {
		CURLcode result = message->data.result;

		if (message->msg != CURLMSG_DONE)
			continue;
		must(curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE,
			     &trip) == CURLE_OK);
		finish(trip, result);
	}
}

static void
act(struct courier *courier, curl_socket_t fd, int what)
{
	int running;

	curl_multi_socket_action(courier->multi, fd, what, &running);
	settle(courier);
}

static void
on_socket(evutil_socket_t fd, short what, void *self)
{
	int action = 0;

	if (what & EV_READ)
		action |= CURL_CSELECT_IN;
	if (what & EV_WRITE)
		action |= CURL_CSELECT_OUT;
	act(self, fd, action);
}

static void
on_time(evutil_socket_t fd, short what, void *self)
{
	(void)fd;
	(void)what;
	act(self, CURL_SOCKET_TIMEOUT, 0);
}

static int
set_timer(CURLM *multi, long ms, void *self)
{
	struct courier *courier = self;
	struct timeval delay = { .tv_sec = ms / 1000,
		.tv_usec = ms % 1000 * 1000 };

	(void)multi;
	if (ms < 0)
		evtimer_del(courier->timer);
	else
		evtimer_add(courier->timer, &delay);
	return 0;
}

static void
watch_free(struct courier *courier, struct watch *watch)
{
	DL_DELETE(courier->watches, watch);
	event_free(watch->event);
	free(watch);
}

static struct watch *
watch_new(struct courier *courier)
{
	struct watch *watch = base_alloc_zeroed(1, sizeof(*watch));

	DL_APPEND(courier->watches, watch);
	return watch;
}

/* libcurl wants this socket watched, otherwise than before or no more. */
static int
set_watch(CURL *easy, curl_socket_t fd, int what, void *self, void *of_socket)
{
	struct courier *courier = self;
	struct watch *watch = of_socket;
	short events = EV_PERSIST;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (watch)
			watch_free(courier, watch);
		return 0;
	}
	if (watch == NULL)
		watch = watch_new(courier);
	else
		event_free(watch->event);
	events |= what & CURL_POLL_IN ? EV_READ : 0;
	events |= what & CURL_POLL_OUT ? EV_WRITE : 0;
	watch->event = event_new(courier->base, fd, events, on_socket, courier);
	must(watch->event != NULL && event_add(watch->event, NULL) == 0);
	curl_multi_assign(courier->multi, fd, watch);
	return 0;
}

struct courier *
courier_new(struct event_base *base)
{
	struct courier *courier = base_alloc_zeroed(1, sizeof(*courier));

	courier->base = base;
	courier->timer = evtimer_new(base, on_time, courier);
	must(courier->timer != NULL);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
		courier->multi = curl_multi_init();
	if (courier->multi == NULL) {
		log_error("hooks: libcurl cannot be used");
		courier_free(&courier);
		return NULL;
	}
	curl_multi_setopt(courier->multi, CURLMOPT_SOCKETFUNCTION, set_watch);
	curl_multi_setopt(courier->multi, CURLMOPT_SOCKETDATA, courier);
	curl_multi_setopt(courier->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(courier->multi, CURLMOPT_TIMERDATA, courier);
	curl_multi_setopt(courier->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
		(long)CONNECTIONS_MAX);
	curl_multi_setopt(courier->multi, CURLMOPT_MAX_HOST_CONNECTIONS,
		(long)CONNECTIONS_OF_HOST_MAX);
	curl_multi_setopt(
		courier->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT);
	return courier;
}

void
courier_free(struct courier **courier)
{
	struct courier *old = *courier;

	*courier = NULL;
	if (old == NULL)
		return;
	while (old->trips)
		trip_free(old->trips);
	if (old->multi)
		curl_multi_cleanup(old->multi);
	while (old->watches)
		watch_free(old, old->watches);
	event_free(old->timer);
	curl_global_cleanup();
	free(old);
}

static size_t
take_answer(char *at, size_t size, size_t count, void *self)
{
	struct trip *trip = self;
	size_t length = size * count;

	if (length > trip->answer_bytes_max - trip->answer.length)
		return 0;
	buffer_add(&trip->answer, at, length);
	return length;
}

static bool
add_header(struct trip *trip, const char *header)
{
	struct curl_slist *longer = curl_slist_append(trip->headers, header);

	if (longer != NULL)
		trip->headers = longer;
	return longer != NULL;
}

/* "Expect:" takes away that libcurl asks before it sends a large body. */
static bool
add_headers(struct trip *trip, const struct parcel *parcel)
{
	const char *const *header = parcel->headers;

	if (!add_header(trip, "Content-Type: application/json") ||
		!add_header(trip, "Expect:"))
		return false;
	for (; header && *header; header++)
		if (!add_header(trip, *header))
			return false;
	return true;
}

#if LIBCURL_VERSION_NUM >= 0x075500
#define ONLY_HTTP(easy)                                                        \
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https")
#else
#define ONLY_HTTP(easy)                                                        \
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS,                              \
		(long)(CURLPROTO_HTTP | CURLPROTO_HTTPS))
#endif

/* The body is copied: its size first. */
static bool
address_trip(struct trip *trip, const struct parcel *parcel)
{
	CURL *easy = trip->easy;

	curl_easy_setopt(easy, CURLOPT_PRIVATE, trip);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, trip->error);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_POST, 1L);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
		(curl_off_t)parcel->body.length);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, trip->headers);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "confab/" CONFAB_VERSION);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)parcel->timeout_ms);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_answer);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, trip);
	return ONLY_HTTP(easy) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS,
		       parcel->body.length ? parcel->body.at : "") ==
		       CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_URL, parcel->url) == CURLE_OK;
}

struct trip *
courier_send(struct courier *courier, const struct parcel *parcel,
	trip_done *done, void *self)
{
	struct trip *trip;

	if (courier->count >= TRIPS_MAX)
		return NULL;
	trip = base_alloc_zeroed(1, sizeof(*trip));
	trip->courier = courier;
	trip->answer_bytes_max = parcel->answer_bytes_max;
	trip->done = done;
	trip->self = self;
	trip->easy = curl_easy_init();
	DL_APPEND(courier->trips, trip);
	courier->count++;
	if (trip->easy != NULL && add_headers(trip, parcel) &&
		address_trip(trip, parcel) &&
		curl_multi_add_handle(courier->multi, trip->easy) == CURLM_OK)
		return trip;
	trip_free(trip);
	return NULL;
}

void
courier_cancel(struct courier *courier, struct trip **trip)
{
	if (*trip == NULL)
		return;
	must((*trip)->courier == courier);
	trip_free(*trip);
	*trip = NULL;
}

unsigned
courier_trips(const struct courier *courier)
{
	return courier->count;
}
