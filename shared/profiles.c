#include "shared/profiles.h"

#include <string.h>

#include "shared/base.h"
#include "shared/config.h"

static const struct {
	const char *name;
	bool has_http;
	bool asks_token;
} profiles[] = {
#define PROFILE(symbol, name, has_http, asks_token)                            \
	{ name, has_http, asks_token },
#include "shared/profiles.def"
#undef PROFILE
};

enum profile_number
profiles_number(const char *name)
{
	unsigned number = 0;

	while (number < PROFILE_COUNT &&
		strcmp(profiles[number].name, name) != 0)
		number++;
	return (enum profile_number)number;
}

const char *
profiles_name(enum profile_number number)
{
	must(number < PROFILE_COUNT);
	return profiles[number].name;
}

bool
profiles_has(const struct listener *listener, enum profile_number number)
{
	for (size_t i = 0; i < listener->profile_count; i++)
		if (profiles_number(listener->profiles[i]) == number)
			return true;
	return false;
}

bool
profiles_need_http(const struct listener *listener)
{
	for (size_t i = 0; i < listener->profile_count; i++) {
		enum profile_number number =
			profiles_number(listener->profiles[i]);

		if (number < PROFILE_COUNT && profiles[number].has_http)
			return true;
	}
	return false;
}

const char *
profiles_open_one(const struct listener *listener)
{
	for (size_t i = 0; i < listener->profile_count; i++) {
		enum profile_number number =
			profiles_number(listener->profiles[i]);

		if (number < PROFILE_COUNT && !profiles[number].asks_token)
			return profiles[number].name;
	}
	return NULL;
}
