#include "shared/origins.h"

#include <string.h>
#include <strings.h>

static bool
equal_run(const char *a, const char *b, size_t length)
{
	return strncasecmp(a, b, length) == 0;
}

static struct text
host_of(struct text origin)
{
	const char *mark = memmem(origin.at, origin.length, "://", 3);

	if (!mark)
		return origin;
	mark += 3;
	return (struct text){ mark,
		(size_t)(origin.at + origin.length - mark) };
}

static bool
matches(const char *pattern, struct text origin)
{
	const char *star = strchr(pattern, '*');
	size_t before, after;

	if (!strstr(pattern, "://"))
		origin = host_of(origin);
	if (!star)
		return strlen(pattern) == origin.length &&
		       equal_run(pattern, origin.at, origin.length);
	before = (size_t)(star - pattern);
	after = strlen(star + 1);
	if (origin.length < before + after)
		return false;
	return equal_run(pattern, origin.at, before) &&
	       equal_run(star + 1, origin.at + origin.length - after, after) &&
	       !memchr(origin.at + before, '/', origin.length - before - after);
}

bool
origins_allow(char *const *patterns, size_t count, struct text origin)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(patterns[i], "*") == 0)
			return true;
		if (origin.length > 0 && matches(patterns[i], origin))
			return true;
	}
	return false;
}
