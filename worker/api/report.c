#include "worker/api/report.h"

#include "shared/buffer.h"
#include "shared/config.h"
#include "shared/records.h"
#include "worker/api/spool.h"
#include "worker/edge/confab_json.h"

void
report_news(struct buffer *out, const struct news *news)
{
	buffer_add_format(out, "\"event\":\"%s\"",
		config_event_name((enum webhook_event)news->what));
	if (news->room.length > 0)
		confab_add_text(out, ",\"room\":", news->room);
	if (news->user.length > 0) {
		confab_add_text(out, ",\"user\":", news->user);
		confab_add_number(out, ",\"platform\":", news->platform);
	}
	if (news->room.length > 0)
		confab_add_number(out, ",\"users\":", news->users);
}

/* As clients get it: cmd tells whether it is new, an edit or a deletion. */
void
report_message(struct buffer *out, const struct message *message)
{
	struct buffer push = { 0 };

	confab_write_message(&push, message, true);
	buffer_add_string(out, "\"event\":\"message\",");
	buffer_add(out, push.data + 1, push.length - 2);
	buffer_fini(&push);
}

void
report_start(struct buffer *out)
{
	buffer_add_string(out, "\"event\":\"start\"");
}

void
report_event(struct buffer *out, const struct spool_event *event)
{
	confab_add_number(out, "{\"number\":", event->number);
	confab_add_number(out, ",\"time\":", event->time_ms);
	buffer_add_byte(out, ',');
	buffer_add_text(out, event->members);
	buffer_add_byte(out, '}');
}
