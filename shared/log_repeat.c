#include "shared/log_repeat.h"

#include <stdio.h>
#include <string.h>

struct kind {
	const char *format;
	uint64_t until_ms;
	unsigned left; /* to be written until then */
	struct log_repeated hidden;
};

static struct {
	struct kind kinds[LOG_REPEAT_KINDS];
	unsigned count;
} watched;

/* What was hidden goes out, and the kind begins anew. */
static void
renew(struct kind *kind, uint64_t now_ms, struct log_repeated *hidden)
{
	*hidden = kind->hidden;
	kind->left = hidden->count > 0 ? 1 : LOG_REPEAT_LINES;
	kind->hidden.count = 0;
	kind->until_ms = now_ms + LOG_REPEAT_MS;
}

static struct kind *
find(const char *format)
{
	for (unsigned i = 0; i < watched.count; i++)
		if (watched.kinds[i].format == format)
			return &watched.kinds[i];
	return NULL;
}

static struct kind *
find_oldest(void)
{
	struct kind *oldest = &watched.kinds[0];

	for (unsigned i = 1; i < watched.count; i++)
		if (watched.kinds[i].until_ms < oldest->until_ms)
			oldest = &watched.kinds[i];
	return oldest;
}

static struct kind *
take_in(const char *format, uint64_t now_ms, struct log_repeated *before)
{
	struct kind *kind;

	if (watched.count < LOG_REPEAT_KINDS) {
		kind = &watched.kinds[watched.count++];
	} else {
		kind = find_oldest();
		*before = kind->hidden;
	}
	*kind = (struct kind){ .format = format,
		.until_ms = now_ms + LOG_REPEAT_MS,
		.left = LOG_REPEAT_LINES };
	return kind;
}

bool
log_repeat_may(const char *format, enum log_level level, const char *message,
	uint64_t now_ms, struct log_repeated *before)
{
	struct kind *kind = find(format);

	before->count = 0;
	if (!kind)
		kind = take_in(format, now_ms, before);
	else if (now_ms >= kind->until_ms)
		renew(kind, now_ms, before);
	if (kind->left > 0) {
		kind->left--;
		return true;
	}
	if (kind->hidden.count++ == 0) {
		kind->hidden.level = level;
		snprintf(kind->hidden.example, sizeof(kind->hidden.example),
			"%s", message);
	}
	return false;
}

bool
log_repeat_next(uint64_t now_ms, bool is_end, struct log_repeated *repeated)
{
	for (unsigned i = 0; i < watched.count;) {
		struct kind *kind = &watched.kinds[i];

		if (!is_end && now_ms < kind->until_ms) {
			i++;
			continue;
		}
		if (kind->hidden.count > 0) {
			renew(kind, now_ms, repeated);
			return true;
		}
		*kind = watched.kinds[--watched.count];
	}
	return false;
}

void
log_repeat_forget(void)
{
	watched.count = 0;
}
