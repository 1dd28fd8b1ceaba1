#include "worker/gateway/tenants.h"

#include "shared/arena.h"
#include "shared/config.h"
#include "shared/fence.h"
#include "shared/index.h"
#include "shared/records.h"
#include "shared/systems.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/kick.h"
#include "worker/gateway/profiles/profile.h"
#include "worker/gateway/rooms.h"
#include "worker/gateway/session.h"

/* All who are logged in count as members of the room without a name, so that
 * the index tells where any are. */
static const struct text everybody = { "", 0 };

static const char no_such_tenant[] = "there is no such tenant";
static const char no_such_platform[] =
	"this platform may not log in with this tenant";

/* What holds for who wants to log in with this tenant; NULL: it is none of his.
 */
static const struct tenant *
rules_of(const struct session *session, struct text name)
{
	const struct config *config = session->gateway->config;

	if (!session->profile->has_systems)
		return config_tenant(config, name);
	return systems_is_tenant(name)
		       ? config_tenant(config, TEXT_LITERAL("default"))
		       : NULL;
}

/* What is against it, or NULL. */
static const char *
fault_of(const struct session *session, const struct tenant *tenant,
	uint32_t platform)
{
	if (!tenant)
		return no_such_tenant;
	if (session->profile->has_systems)
		return NULL;
	return config_has_platform(tenant, platform) ? NULL : no_such_platform;
}

/* Are there this many more than there may be? */
static bool
is_over(const struct gateway *gateway, const struct tenant *tenant,
	struct text name, uint64_t more)
{
	unsigned first = arena_role_first(gateway->arena, ROLE_GATEWAY);
	unsigned slots = arena_role_count(gateway->arena, ROLE_GATEWAY);
	uint64_t count = more;

	if (!tenant || tenant->max_connections == 0)
		return false;
	for (unsigned slot = first; slot < first + slots; slot++)
		count += index_room_connections(
			gateway->arena, slot, name, everybody);
	return count > (uint64_t)tenant->max_connections;
}

bool
tenants_admit(struct session *session, struct text tag, struct text name,
	uint32_t platform)
{
	struct gateway *gateway = session->gateway;
	const struct tenant *tenant = rules_of(session, name);
	const char *fault = fault_of(session, tenant, platform);

	if (fault) {
		row_count(gateway->row, COUNTER_REFUSED_TENANT, 1);
		session_refuse(session, tag, CODE_FORBIDDEN, fault);
		return false;
	}
	if (is_over(gateway, tenant, name, 1)) {
		row_count(gateway->row, COUNTER_REFUSED_TENANT_CONNECTIONS, 1);
		session_refuse(session, tag, CODE_TOO_MANY,
			kick_reason(KICK_TENANT_FULL));
		return false;
	}
	return true;
}

bool
tenants_count_in(struct session *session)
{
	struct gateway *gateway = session->gateway;

	rooms_count_in(gateway, session_tenant(session), everybody);
	session->is_in_tenant = true;
	fence_say_then_look();
	if (!is_over(gateway, rules_of(session, session_tenant(session)),
		    session_tenant(session), 0))
		return true;
	tenants_count_out(session);
	return false;
}

void
tenants_count_out(struct session *session)
{
	struct gateway *gateway = session->gateway;

	if (!session->is_in_tenant)
		return;
	session->is_in_tenant = false;
	index_room_remove(gateway->arena, gateway->slot,
		session_tenant(session), everybody);
}

static const char *
fault_now(const struct session *session)
{
	const struct tenant *tenant =
		rules_of(session, session_tenant(session));
	const char *fault = fault_of(session, tenant, session->platform);

	if (!fault && !session->profile->has_systems &&
		tenant->auth == AUTH_TOKEN && !session->grant)
		fault = "this tenant's users log in with a token";
	return fault;
}

void
tenants_reload(struct gateway *gateway)
{
	for (uint32_t i = 0; i < gateway->seated_end; i++) {
		struct session *session = gateway->seated[i];
		struct kick kick = { .why = KICK_BY_OPERATOR };
		const char *fault;

		if (!session)
			continue;
		fault = fault_now(session);
		if (!fault)
			continue;
		kick.reason = text_of(fault);
		kick_out(session, &kick);
	}
}
