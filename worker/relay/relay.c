/*
 * The relay: this host's side of the cluster.
 */
#include <stdio.h>

#include "shared/arena.h"
#include "shared/clock.h"
#include "shared/config.h"
#include "shared/links.h"
#include "worker/worker.h"

/* Nobody is met yet. */
static void
show_peers(void *self)
{
	struct worker *worker = self;
	const struct config_relay *relay = &worker_config(worker)->relay;
	struct links *links = arena_links(worker_arena(worker));

	links_clear(links);
	for (unsigned i = 0; i < relay->peer_count; i++) {
		struct link_report report = { .state = LINK_DOWN,
			.reason = LINK_NOT_REACHED,
			.since_ms = clock_unix_ms() };

		snprintf(report.address, sizeof(report.address), "%s",
			relay->peers[i]);
		links_write(links, i, &report);
	}
}

static const struct worker_hooks hooks = { .on_reload = show_peers };

int
relay_main(struct worker *worker)
{
	show_peers(worker);
	worker_set_title(worker, "0 hosts");
	worker_run(worker, &hooks, worker);
	return 0;
}
