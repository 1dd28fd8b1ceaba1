#include "worker/api/tenant.h"

#include "worker/api/exchange.h"
#include "worker/api/scene.h"
#include "worker/worker.h"

struct text
tenant_read(const struct exchange *exchange, struct arguments *arguments)
{
	return caller_choose_tenant(&exchange->caller,
		worker_config(exchange->scene->worker), arguments,
		exchange->tenant);
}
