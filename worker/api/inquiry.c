#include "worker/api/inquiry.h"

#include <stdlib.h>

#include "shared/arena.h"
#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/clock.h"
#include "shared/config.h"
#include "shared/letter.h"
#include "shared/log.h"
#include "shared/message.h"
#include "shared/ring.h"
#include "shared/scoreboard.h"
#include "shared/table.h"
#include "worker/api/courier.h"
#include "worker/api/signature.h"
#include "worker/api/verdict.h"
#include "worker/edge/confab_json.h"
#include "worker/worker.h"

#define KEEP_BYTES (64U * 1024)
#define LOG_EVERY_MS 10000

/* What may stand in an answer besides a message. */
#define ANSWER_BYTES_MORE (64U * 1024)

struct inquiry {
	struct inquiry *prev, *next;
	struct inquiries *inquiries;
	struct trip *trip;
	enum hook_what what;
	uint64_t request;
	unsigned slot; /* who asks */
	uint32_t life;
};

struct inquiries {
	struct worker *worker;
	struct courier *courier;
	struct inquiry *open;
	struct buffer body;   /* of the request being sent */
	struct buffer letter; /* being sent */
	uint64_t logged_ms;   /* when a failure was */
};

struct inquiries *
inquiries_new(struct worker *worker, struct courier *courier)
{
	struct inquiries *inquiries = base_alloc_zeroed(1, sizeof(*inquiries));

	inquiries->worker = worker;
	inquiries->courier = courier;
	return inquiries;
}

void
inquiries_free(struct inquiries **freed)
{
	struct inquiries *inquiries = *freed;
	struct inquiry *inquiry, *next;

	*freed = NULL;
	if (inquiries == NULL)
		return;
	DL_FOREACH_SAFE(inquiries->open, inquiry, next)
	{
		courier_cancel(inquiries->courier, &inquiry->trip);
		free(inquiry);
	}
	buffer_fini(&inquiries->body);
	buffer_fini(&inquiries->letter);
	free(inquiries);
}

static void
answer(struct inquiry *inquiry, struct hooked *hooked)
{
	struct inquiries *inquiries = inquiry->inquiries;
	struct worker *worker = inquiries->worker;
	struct arena *arena = worker_arena(worker);
	size_t max = ring_letter_max(
		arena_ring(arena, worker_slot(worker), inquiry->slot));

	if (!worker_is_current(worker, inquiry->slot, inquiry->life))
		return;
	hooked->request = inquiry->request;
	letter_begin(&inquiries->letter, LETTER_HOOKED);
	hooked_pack(&inquiries->letter, hooked);
	if (inquiries->letter.length > max) {
		letter_begin(&inquiries->letter, LETTER_HOOKED);
		hooked_pack(&inquiries->letter,
			&(struct hooked){ .request = inquiry->request,
				.verdict = HOOKED_DOWN });
	}
	worker_send(worker, inquiry->slot, letter_end(&inquiries->letter));
}

/* Not each one: a backend that is away fails all of them. */
static void
note_failure(struct inquiries *inquiries, const char *why)
{
	uint64_t now_ms = clock_ms();

	row_count(worker_row(inquiries->worker), COUNTER_HOOK_FAILURES, 1);
	if (now_ms < inquiries->logged_ms + LOG_EVERY_MS &&
		inquiries->logged_ms > 0)
		return;
	inquiries->logged_ms = now_ms;
	log_warning("a backend that was asked has no good answer: %s", why);
}

static void
finish(struct inquiry *inquiry, struct hooked *hooked)
{
	answer(inquiry, hooked);
	DL_DELETE(inquiry->inquiries->open, inquiry);
	free(inquiry);
}

static void
give_up(struct inquiry *inquiry, const char *why)
{
	struct hooked hooked = { .verdict = HOOKED_DOWN };

	note_failure(inquiry->inquiries, why);
	finish(inquiry, &hooked);
}

static void
on_answer(void *self, const struct parcel_answer *given)
{
	struct inquiry *inquiry = self;
	struct verdict verdict;
	const char *why;

	if (given->status == 0) {
		give_up(inquiry, given->error);
		return;
	}
	verdict_read(&verdict, inquiry->what, given->status, given->body, &why);
	if (why != NULL)
		give_up(inquiry, why);
	else
		finish(inquiry, &verdict.hooked);
	verdict_fini(&verdict);
}

static void
write_login(struct buffer *body, const struct hook *hook)
{
	confab_add_text(body, ",\"address\":", hook->address);
	if (hook->info.length > 0) {
		buffer_add_string(body, ",\"info\":");
		buffer_add_text(body, hook->info);
	}
}

static void
write_message(struct buffer *body, const struct hook *hook)
{
	char id[MESSAGE_ID_LENGTH + 1];

	confab_add_text(body, ",\"room\":", hook->room);
	if (hook->what == HOOK_EDIT) {
		message_id_write(id, hook->of_time, hook->of_origin);
		confab_add_text(body, ",\"of\":", text_of(id));
	} else {
		confab_add_text(body, ",\"type\":", hook->type);
	}
	if (hook->key.length > 0)
		confab_add_text(body, ",\"key\":", hook->key);
	buffer_add_string(body, ",\"body\":");
	buffer_add_text(body, hook->body);
}

static void
write_body(struct buffer *body, const struct hook *hook)
{
	buffer_clear(body, KEEP_BYTES);
	buffer_add_string(body, hook->what == HOOK_CONNECT
					? "{\"hook\":\"connect\""
					: "{\"hook\":\"say\"");
	confab_add_text(body, ",\"tenant\":", hook->tenant);
	confab_add_text(body, ",\"user\":", hook->user);
	confab_add_number(body, ",\"platform\":", hook->platform);
	if (hook->what == HOOK_CONNECT)
		write_login(body, hook);
	else
		write_message(body, hook);
	buffer_add_byte(body, '}');
}

static struct text
secret_of(const struct config *config, const struct tenant *tenant)
{
	const struct secret *secret;

	if (tenant->webhook_secret_file[0] == 0)
		return (struct text){ NULL, 0 };
	secret = config_secret(config, tenant->webhook_secret_file);
	return (struct text){ (const char *)secret->bytes, secret->length };
}

static const char *
url_of(const struct tenant *tenant, enum hook_what what)
{
	return what == HOOK_CONNECT ? tenant->connect_url : tenant->say_url;
}

/* A gateway asks only who knows as much as it does. So if nobody is to be asked
 * by our configuration, it has not heard of that yet. */
static bool
is_over(const struct inquiries *inquiries, const struct hook *hook)
{
	const struct tenant *tenant =
		config_tenant(worker_config(inquiries->worker), hook->tenant);

	return tenant != NULL &&
	       url_of(tenant, (enum hook_what)hook->what)[0] == 0;
}

/* False: nothing is on its way. */
static bool
ask(struct inquiry *inquiry, const struct hook *hook)
{
	struct inquiries *inquiries = inquiry->inquiries;
	const struct config *config = worker_config(inquiries->worker);
	const struct tenant *tenant = config_tenant(config, hook->tenant);
	char signature[SIGNATURE_HEADER_BYTES];
	const char *const headers[] = { signature, NULL };
	struct parcel parcel = { 0 };

	if (tenant == NULL)
		return false;
	parcel.url = url_of(tenant, inquiry->what);
	write_body(&inquiries->body, hook);
	parcel.body = buffer_text(&inquiries->body);
	parcel.timeout_ms = (uint32_t)tenant->hook_seconds;
	parcel.answer_bytes_max =
		(uint32_t)config->max_message_bytes + ANSWER_BYTES_MORE;
	signature_write(signature, secret_of(config, tenant),
		clock_unix_ms() / 1000, parcel.body);
	if (signature[0])
		parcel.headers = headers;
	row_count(worker_row(inquiries->worker), COUNTER_HOOK_REQUESTS, 1);
	inquiry->trip =
		courier_send(inquiries->courier, &parcel, on_answer, inquiry);
	return inquiry->trip != NULL;
}

void
inquiries_take(struct inquiries *inquiries, const struct letter *letter)
{
	struct unpack in = letter_open(letter);
	struct inquiry *inquiry;
	struct hook hook;

	if (!hook_unpack(&in, &hook) || hook.what < HOOK_CONNECT ||
		hook.what > HOOK_EDIT) {
		row_count(
			worker_row(inquiries->worker), COUNTER_LETTERS_BAD, 1);
		return;
	}
	inquiry = base_alloc_zeroed(1, sizeof(*inquiry));
	inquiry->inquiries = inquiries;
	inquiry->what = (enum hook_what)hook.what;
	inquiry->request = hook.request;
	inquiry->slot = letter->from;
	inquiry->life = letter->from_life;
	DL_APPEND(inquiries->open, inquiry);
	if (is_over(inquiries, &hook))
		finish(inquiry, &(struct hooked){ .verdict = HOOKED_ALLOWED });
	else if (!ask(inquiry, &hook))
		give_up(inquiry, "no request can be made");
}
