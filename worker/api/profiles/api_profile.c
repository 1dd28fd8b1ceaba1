#include "worker/api/profiles/api_profile.h"

#include <string.h>

#include "shared/base.h"
#include "shared/codes.h"
#include "shared/config.h"
#include "worker/api/admittance.h"
#include "worker/api/exchange.h"
#include "worker/api/form.h"
#include "worker/api/profiles/profiles.h"
#include "worker/api/reply.h"
#include "worker/api/scene.h"

/* Of whoever comes by a profile. */
#define TENANT "default"

static const struct api_profile *const profiles[PROFILE_COUNT] = {
	[PROFILE_IM] = &api_profile_im,
	[PROFILE_GROUPCHAT] = &api_profile_groupchat,
	[PROFILE_PUSH] = &api_profile_push,
	[PROFILE_CLIENT] = &api_profile_client,
};

struct route_search {
	const struct exchange *exchange;
	struct form query;
	const struct api_profile *profile;
	const struct profile_route *route;
	const struct api_profile *known; /* who may refuse it */
	bool has_path;
};

/* One with a parameter is found before one without. */
static void
look_at(struct route_search *search, const struct api_profile *profile,
	const struct profile_route *route)
{
	const struct exchange *exchange = search->exchange;

	if (strcmp(route->path, exchange->path) != 0)
		return;
	if (route->parameter && !form_has(&search->query, route->parameter))
		return;
	if (!search->known)
		search->known = profile;
	search->has_path = true;
	if (!(route->methods & exchange->method))
		return;
	if (search->route && !route->parameter)
		return;
	search->profile = profile;
	search->route = route;
}

static void
look_for_route(struct route_search *search)
{
	const struct listener *listener = search->exchange->scene->listener;

	for (unsigned i = 0; i < PROFILE_COUNT; i++) {
		const struct api_profile *profile = profiles[i];

		if (!profile || !profiles_has(listener, i))
			continue;
		for (size_t k = 0; k < profile->route_count; k++)
			look_at(search, profile, &profile->routes[k]);
	}
}

/* Of a listener whose requests nobody else answers. */
static const struct api_profile *
first_profile(const struct listener *listener)
{
	for (unsigned i = 0; i < PROFILE_COUNT; i++)
		if (profiles[i] && profiles_has(listener, i))
			return profiles[i];
	return NULL;
}

/* 401, 403, or 0: it may be answered. An old backend that can be told another
 * address, and nothing else, has its key there. */
static int
find_fault(const struct route_search *search)
{
	const struct exchange *exchange = search->exchange;
	enum profile_right right = search->route->right;
	struct caller caller;

	if (!exchange->scene->listener->require_key || right == RIGHT_NONE)
		return 0;
	if (admittance_find(&caller, exchange,
		    form_get(&search->query, "key")) != ADMITTANCE_KNOWN)
		return 401;
	if (caller.may_all ||
		(right == RIGHT_TENANT && strcmp(caller.tenant, TENANT) == 0))
		return 0;
	return 403;
}

static void
answer(struct exchange *exchange, const struct route_search *search)
{
	int fault = find_fault(search);

	if (search->profile->begin)
		search->profile->begin(exchange);
	if (fault == 401)
		admittance_ask(exchange);
	if (fault)
		search->profile->forbid(exchange, fault);
	else
		search->route->answer(exchange);
}

static void
refuse(struct exchange *exchange, const struct api_profile *profile,
	bool is_known_path)
{
	if (profile->begin)
		profile->begin(exchange);
	profile->refuse(exchange, is_known_path);
}

bool
api_profiles_answer(struct exchange *exchange)
{
	const struct listener *listener = exchange->scene->listener;
	const char *query = exchange_query(exchange);
	struct route_search search = { .exchange = exchange };
	bool is_ours = true;

	form_read(&search.query, text_of(query ? query : ""));
	look_for_route(&search);
	if (!search.route && !search.known && listener->is_passage)
		search.known = first_profile(listener);
	if (search.route) {
		answer(exchange, &search);
	} else if (search.known) {
		refuse(exchange, search.known, search.has_path);
	} else if (listener->is_passage) {
		reply_refuse(exchange, CODE_NOT_FOUND, "no such address");
	} else {
		is_ours = false;
	}
	form_fini(&search.query);
	return is_ours;
}
