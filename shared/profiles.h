/*
 * The names of profiles, as listeners have them.
 */
#ifndef SHARED_PROFILES_H
#define SHARED_PROFILES_H

#include <stdbool.h>
#include <stddef.h>

struct listener;

enum profile_number {
#define PROFILE(symbol, name, has_http, asks_token) PROFILE_##symbol,
#include "shared/profiles.def"
#undef PROFILE
	PROFILE_COUNT
};

/* PROFILE_COUNT: there is none that is called so. */
enum profile_number profiles_number(const char *name);
const char *profiles_name(enum profile_number number);

/* Does the listener have this one; has it any with HTTP of its own? */
bool profiles_has(const struct listener *listener, enum profile_number number);
bool profiles_need_http(const struct listener *listener);

/* One whose WebSockets ask for no token, whatever the tenant; NULL: none does.
 */
const char *profiles_open_one(const struct listener *listener);

#endif
