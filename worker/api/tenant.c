#include "worker/api/tenant.h"

#include "shared/codes.h"
#include "shared/config.h"
#include "shared/message.h"
#include "worker/api/exchange.h"
#include "worker/api/scene.h"
#include "worker/worker.h"

struct text
tenant_read(const struct exchange *exchange, struct arguments *arguments)
{
	const struct caller *caller = &exchange->caller;
	struct text own = caller->may_all ? TEXT_LITERAL("default")
					  : text_of(caller->tenant);
	struct text tenant =
		arguments_name(arguments, "tenant", TENANT_BYTES_MAX, false);

	if (tenant.length == 0)
		tenant = own;
	if (!caller->may_all && !text_equal(tenant, own))
		arguments_fail(arguments, CODE_FORBIDDEN,
			"this key is of another tenant");
	else if (!config_tenant(worker_config(exchange->scene->worker), tenant))
		arguments_fail(
			arguments, CODE_FORBIDDEN, "there is no such tenant");
	return tenant;
}
