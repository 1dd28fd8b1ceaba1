#include <string.h>
#include <strings.h>

#include "shared/base.h"
#include "worker/gateway/profiles/profile.h"

static const struct profile *const profiles[PROFILE_COUNT] = {
	[PROFILE_CONFAB] = &profile_confab,
	[PROFILE_IM] = &profile_im,
	[PROFILE_GROUPCHAT] = &profile_groupchat,
	[PROFILE_PUSH] = &profile_push,
	[PROFILE_CLIENT] = &profile_client,
};

/* Names are compared as they stand: no system of ours ever encoded them. */
static bool
has_parameter(struct text query, const char *name)
{
	size_t length = strlen(name);

	while (query.length > 0) {
		const char *end = memchr(query.at, '&', query.length);
		size_t part = end ? (size_t)(end - query.at) : query.length;

		if (part > length && query.at[length] == '=' &&
			strncasecmp(query.at, name, length) == 0)
			return true;
		part += end != NULL;
		query.at += part;
		query.length -= part;
	}
	return false;
}

const struct profile *
profile_find(
	const struct listener *listener, struct text path, struct text query)
{
	const struct profile *found = NULL;

	for (unsigned i = 0; i < PROFILE_COUNT; i++) {
		const struct profile *profile = profiles[i];

		if (!profile || !profiles_has(listener, i) ||
			!text_equal(path, text_of(profile->path)))
			continue;
		if (profile->parameter &&
			has_parameter(query, profile->parameter))
			return profile;
		if (!profile->parameter || !found)
			found = profile;
	}
	return found;
}

const struct profile *
profile_by_number(enum profile_number number)
{
	must(number < PROFILE_COUNT && profiles[number]);
	return profiles[number];
}
