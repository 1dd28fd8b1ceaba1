/*
 * One request is on its way at a time, so events come in their order; what
 * happens meanwhile goes with the next one. After a failure the wait doubles, a
 * little more or less by chance, so that a backend that comes back is not met
 * by all hosts at the same moment.
 */
#include <inttypes.h>

#include "shared/base.h"
#include "shared/clock.h"
#include "shared/config.h"
#include "shared/hash.h"
#include "shared/log.h"
#include "shared/scoreboard.h"
#include "worker/api/courier.h"
#include "worker/api/outlet.h"
#include "worker/api/outlet_inside.h"
#include "worker/api/report.h"
#include "worker/api/signature.h"
#include "worker/api/spool.h"
#include "worker/edge/confab_json.h"

#define EVENTS_MAX 100U
#define BODY_BYTES_MAX (256U * 1024)
#define KEEP_BYTES (512U * 1024)
#define ANSWER_BYTES_MAX (64U * 1024)
#define TIMEOUT_MS 10000
#define TOO_LARGE 413
#define BACKOFF_FIRST_MS 250
#define BACKOFF_LAST_MS 60000

struct writing {
	struct outlet *outlet;
	unsigned count, most;
};

/* At least one, however large it is. */
static bool
add_event(void *self, const struct spool_event *event)
{
	struct writing *writing = self;
	struct buffer *body = &writing->outlet->body;

	if (writing->count == writing->most ||
		(writing->count > 0 &&
			body->length + event->members.length > BODY_BYTES_MAX))
		return false;
	if (writing->count++ > 0)
		buffer_add_byte(body, ',');
	report_event(body, event);
	writing->outlet->posted = event->number;
	return true;
}

/* False: there is nothing, or it cannot be read. */
static bool
write_body(struct outlet *outlet)
{
	struct writing writing = { .outlet = outlet,
		.most = EVENTS_MAX >> outlet->smaller };
	struct buffer *body = &outlet->body;

	buffer_clear(body, KEEP_BYTES);
	confab_add_text(body, "{\"tenant\":", text_of(outlet->name));
	buffer_add_string(body, ",\"events\":[");
	if (!spool_read(outlet->spool, spool_delivered(outlet->spool),
		    add_event, &writing))
		log_error("events: the spool of tenant %s cannot be read",
			outlet->name);
	buffer_add_string(body, "]}");
	outlet->posted_count = writing.count;
	return writing.count > 0;
}

static uint64_t
backoff(unsigned failures)
{
	uint64_t wait = BACKOFF_FIRST_MS << MIN_OF(failures - 1, 8);
	uint64_t chance;

	wait = MIN_OF(wait, BACKOFF_LAST_MS);
	hash_random(&chance, sizeof(chance));
	return wait - wait / 4 + chance % (wait / 2);
}

/* The first failure of a row is logged, and its end. */
static void
note_failure(struct outlet *outlet, const struct parcel_answer *answer)
{
	row_count(outlet->scene->row, COUNTER_HOOK_FAILURES, 1);
	outlet->failures++;
	outlet->post_ms = clock_ms() + backoff(outlet->failures);
	if (outlet->failures > 1)
		return;
	if (answer && answer->status)
		log_warning("webhook of tenant %s: %s answers with status %u; "
			    "trying until it takes the events",
			outlet->name, outlet->url, answer->status);
	else
		log_warning("webhook of tenant %s: %s: %s; trying until it "
			    "takes the events",
			outlet->name, outlet->url,
			answer ? answer->error : "no request can be made");
}

/* A backend that takes no body so large is sent half as many from now on.
 * False: there is nothing less. */
static bool
post_less(struct outlet *outlet)
{
	if (outlet->posted_count == 1)
		return false;
	while (EVENTS_MAX >> outlet->smaller >= outlet->posted_count &&
		EVENTS_MAX >> outlet->smaller > 1)
		outlet->smaller++;
	return true;
}

static void
on_answer(void *self, const struct parcel_answer *answer)
{
	struct outlet *outlet = self;

	outlet->trip = NULL;
	if (answer->status == TOO_LARGE && post_less(outlet)) {
		outlet_post(outlet, clock_ms());
		return;
	}
	if (answer->status < 200 || answer->status > 299) {
		note_failure(outlet, answer);
		return;
	}
	if (outlet->failures > 0)
		log_info("webhook of tenant %s: %s takes events again",
			outlet->name, outlet->url);
	outlet->failures = 0;
	spool_set_delivered(outlet->spool, outlet->posted);
	outlet_post(outlet, clock_ms());
}

static void
send_body(struct outlet *outlet)
{
	char signature[SIGNATURE_HEADER_BYTES];
	const char *const headers[] = { signature, NULL };
	struct parcel parcel = {
		.url = outlet->url,
		.body = buffer_text(&outlet->body),
		.timeout_ms = TIMEOUT_MS,
		.answer_bytes_max = ANSWER_BYTES_MAX,
	};

	signature_write(signature, buffer_text(&outlet->secret),
		clock_unix_ms() / 1000, parcel.body);
	if (signature[0])
		parcel.headers = headers;
	row_count(outlet->scene->row, COUNTER_HOOK_REQUESTS, 1);
	outlet->trip = courier_send(
		outlet->scene->courier, &parcel, on_answer, outlet);
	if (outlet->trip == NULL)
		note_failure(outlet, NULL);
}

void
outlet_post(struct outlet *outlet, uint64_t now_ms)
{
	if (outlet->spool == NULL || outlet->trip != NULL ||
		outlet->url[0] == 0 || now_ms < outlet->post_ms ||
		outlet_waiting(outlet) == 0)
		return;
	if (write_body(outlet))
		send_body(outlet);
	else
		outlet->post_ms = now_ms + BACKOFF_FIRST_MS;
}

void
outlet_stop_posting(struct outlet *outlet)
{
	courier_cancel(outlet->scene->courier, &outlet->trip);
	outlet->failures = 0;
	outlet->post_ms = 0;
}
