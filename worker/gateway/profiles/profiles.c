#include "shared/base.h"
#include "worker/gateway/profiles/profile.h"

static const struct profile *const profiles[PROFILE_COUNT] = {
	[PROFILE_CONFAB] = &profile_confab,
};

static bool
is_among(const char *name, char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (text_equal(text_of(names[i]), text_of(name)))
			return true;
	return false;
}

const struct profile *
profile_find(struct text path, char *const *names, size_t name_count)
{
	for (size_t i = 0; i < ARRAY_LEN(profiles); i++)
		if (text_equal(path, text_of(profiles[i]->path)) &&
			is_among(profiles[i]->name, names, name_count))
			return profiles[i];
	return NULL;
}

const struct profile *
profile_by_number(enum profile_number number)
{
	must(number < PROFILE_COUNT);
	return profiles[number];
}
