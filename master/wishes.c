#include "master/wishes.h"

#include <unistd.h>

#include "master/supervisor_inside.h"
#include "shared/config.h"
#include "shared/line.h"
#include "shared/log.h"
#include "shared/records.h"

#define TRACED_AT_ONCE 100

/* What is more waits in the line, or is dropped by the gateway. */
static void
hear_one(const struct child *child,
	void (*on_traced)(void *to, unsigned slot, const struct traced *traced),
	void *to)
{
	struct line_news news;
	struct traced traced;
	struct unpack in;

	for (unsigned i = 0; child->pid != 0 && i < TRACED_AT_ONCE; i++) {
		if (line_hear(child->line, &news) != LINE_WORD)
			return;
		if (news.fd >= 0)
			close(news.fd);
		in = unpack_of((struct text){ news.text, news.text_length });
		if (news.word.kind == LINE_TRACED &&
			traced_unpack(&in, &traced))
			on_traced(to, child->slot, &traced);
	}
}

bool
wishes_say(void *self, unsigned slot, struct text wish)
{
	const struct supervisor *supervisor = self;

	for (unsigned i = 0; i < supervisor->count; i++) {
		const struct child *child = &supervisor->children[i];

		if (child->slot == slot && child->pid != 0)
			return line_wish(child->line, wish);
	}
	return false;
}

void
wishes_hear_traced(void *self,
	void (*on_traced)(void *to, unsigned slot, const struct traced *traced),
	void *to)
{
	const struct supervisor *supervisor = self;

	for (unsigned i = 0; i < supervisor->count; i++)
		hear_one(&supervisor->children[i], on_traced, to);
}

/* One that does not hear of it would not hear of a reload either. */
bool
wishes_set_log(void *self, const char *level, char *why, size_t why_bytes)
{
	struct supervisor *supervisor = self;
	struct config *config = supervisor->needs.config;
	struct line_word word = { .kind = LINE_LOG_LEVEL };

	if (!config_override(
		    config, "log_level", level, "set log", why, why_bytes))
		return false;
	word.number = (uint32_t)config->log_level;
	log_set_level((enum log_level)config->log_level);
	for (unsigned i = 0; i < supervisor->count; i++) {
		struct child *child = &supervisor->children[i];

		if (child->pid == 0 || line_say(child->line, &word, -1))
			continue;
		log_error("%s: does not listen", child->name);
		child_kill(child);
	}
	return true;
}
