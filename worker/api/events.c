#include "worker/api/events.h"

#include <limits.h>

#include "shared/buffer.h"
#include "shared/codes.h"
#include "shared/config.h"
#include "shared/message.h"
#include "worker/api/exchange.h"
#include "worker/api/outlet.h"
#include "worker/api/reply.h"
#include "worker/api/report.h"
#include "worker/api/scene.h"
#include "worker/api/spool.h"
#include "worker/edge/confab_json.h"
#include "worker/worker.h"

#define LIMIT_USUAL 100
#define LIMIT_MAX 1000
#define PAGE_BYTES_MAX (1024U * 1024)

/* The page being written. */
struct page_of_events {
	struct buffer json;
	uint64_t limit, count;
};

static bool
add_event(void *self, const struct spool_event *event)
{
	struct page_of_events *page = self;

	if (page->count == page->limit || page->json.length > PAGE_BYTES_MAX)
		return false;
	if (page->count++ > 0)
		buffer_add_byte(&page->json, ',');
	report_event(&page->json, event);
	return true;
}

static void
answer(struct exchange *exchange, uint64_t after, uint64_t limit)
{
	const struct config *config = worker_config(exchange->scene->worker);
	struct page_of_events page = { .limit = limit };
	struct buffer json = { 0 };
	struct spool_range range;
	char path[PATH_MAX];

	outlet_directory(
		path, sizeof(path), config->data_dir, exchange->tenant);
	if (spool_peek(path, after, add_event, &page, &range)) {
		confab_add_text(&json, "{\"tenant\":", exchange->tenant);
		confab_add_number(&json, ",\"first\":", range.first);
		confab_add_number(&json, ",\"last\":", range.last);
		confab_add_number(&json, ",\"delivered\":", range.delivered);
		buffer_add_string(&json, ",\"events\":[");
		buffer_add_text(&json, buffer_text(&page.json));
		buffer_add_string(&json, "]}");
		reply_send_json(exchange, buffer_text(&json));
	} else {
		reply_refuse(exchange, CODE_UNAVAILABLE,
			"the events cannot be read now");
	}
	buffer_fini(&page.json);
	buffer_fini(&json);
}

void
events_answer(struct exchange *exchange)
{
	struct arguments *data = &exchange->data;
	uint64_t after = arguments_number(data, "after", 0, INT64_MAX, 0);
	uint64_t limit =
		arguments_number(data, "limit", 1, LIMIT_MAX, LIMIT_USUAL);

	if (data->code != CODE_OK)
		reply_refuse_data(exchange);
	else
		answer(exchange, after, limit);
}
