/*
 * The relay: this host's side of the cluster.
 */
#include "worker/worker.h"

static const struct worker_hooks hooks = { 0 };

int
relay_main(struct worker *worker)
{
	worker_set_title(worker, "0 hosts");
	worker_run(worker, &hooks, NULL);
	return 0;
}
