#include "worker/api/caller.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shared/codes.h"
#include "shared/config.h"
#include "shared/crypto.h"
#include "worker/edge/arguments.h"

bool
caller_is_on_host(
	struct caller *caller, const struct listener *listener, int socket)
{
	struct ucred peer;
	socklen_t length = sizeof(peer);

	/* A proxy speaks for others. */
	if (listener->proxy_protocol || listener->trusted_proxy_count > 0)
		return false;
	if (strncmp(listener->address, "unix:", 5) != 0 ||
		getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0)
		return false;
	if (peer.uid != 0 && peer.uid != geteuid())
		return false;
	*caller = (struct caller){ .may_all = true, .is_on_host = true };
	return true;
}

/* Looks at all of them, so that the time it takes tells nothing. */
bool
caller_has_key(
	struct caller *caller, const struct config *config, struct text key)
{
	const struct key *found = NULL;

	for (size_t i = 0; i < config->key_count; i++)
		if (crypto_equal(
			    config_key_text(config, &config->keys[i]), key))
			found = &config->keys[i];
	*caller = (struct caller){ 0 };
	if (!found)
		return false;
	caller->may_all = strcmp(found->tenant, "*") == 0;
	if (!caller->may_all)
		strlcpy(caller->tenant, found->tenant, sizeof(caller->tenant));
	return true;
}

struct text
caller_usual_tenant(const struct caller *caller)
{
	return text_of(caller->may_all ? "default" : caller->tenant);
}

struct text
caller_choose_tenant(const struct caller *caller, const struct config *config,
	struct arguments *arguments, struct text usual)
{
	struct text tenant = arguments_name(
		arguments, "tenant", CALLER_TENANT_BYTES - 1, false);

	if (tenant.length == 0)
		tenant = usual;
	if (!caller->may_all && !text_equal(tenant, text_of(caller->tenant)))
		arguments_fail(arguments, CODE_FORBIDDEN,
			"tenant: the key is for another one");
	else if (!config_tenant(config, tenant))
		arguments_fail(arguments, CODE_FORBIDDEN,
			"tenant: there is none that is called so");
	return tenant;
}
