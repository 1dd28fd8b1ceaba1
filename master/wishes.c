#include "master/wishes.h"

#include "master/supervisor_inside.h"
#include "shared/config.h"
#include "shared/line.h"
#include "shared/log.h"

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
