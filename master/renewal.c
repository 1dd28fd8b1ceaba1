#include "master/renewal.h"

#include <signal.h>
#include <stddef.h>

#include "master/fleet.h"
#include "master/supervisor_inside.h"
#include "shared/log.h"

/* New gateways that do not serve by then are given up. */
#define PATIENCE_MS 30000

/* The order in which those are replaced that hold no clients. */
static const enum role order[] = { ROLE_HISTORIAN, ROLE_LEDGER, ROLE_RELAY,
	ROLE_API };

void
renewal_begin(struct supervisor *supervisor)
{
	for (unsigned i = 0; i < supervisor->count; i++)
		supervisor->children[i].is_old =
			supervisor->children[i].pid != 0;
	supervisor->upgrade.is_renewing = true;
	supervisor->upgrade.begun_ms = 0;
}

/* Is somebody who holds no clients on his way to be replaced? */
static bool
is_busy(const struct supervisor *supervisor)
{
	for (unsigned i = 0; i < supervisor->count; i++) {
		const struct child *child = &supervisor->children[i];

		if (child->row->role != ROLE_GATEWAY &&
			child_is_wanted(child) && child->state != CHILD_SERVING)
			return true;
	}
	return false;
}

/* Asks the next one to make place; false when there is none left. */
static bool
replace_next(struct supervisor *supervisor)
{
	for (size_t k = 0; k < ARRAY_LEN(order); k++)
		for (unsigned i = 0; i < supervisor->count; i++) {
			struct child *child = &supervisor->children[i];

			if (!child->is_old || child->row->role != order[k])
				continue;
			child->is_old = false;
			child_replace(child);
			return true;
		}
	return false;
}

static void
end_renewal(struct supervisor *supervisor)
{
	for (unsigned i = 0; i < supervisor->count; i++)
		supervisor->children[i].is_old = false;
	supervisor->upgrade.is_renewing = false;
}

void
renewal_go_on(struct supervisor *supervisor)
{
	struct upgrade *upgrade = &supervisor->upgrade;

	if (!upgrade->is_renewing || is_busy(supervisor))
		return;
	if (supervisor->ending.is_on) {
		end_renewal(supervisor);
		return;
	}
	if (replace_next(supervisor))
		return;
	if (upgrade->begun_ms == 0) {
		upgrade->begun_ms = supervisor->ticked_ms;
		fleet_start_new(supervisor);
	}
	if (fleet_new_serve(supervisor)) {
		fleet_change_over(supervisor);
		log_info("upgrade: new processes serve, %u gateways",
			fleet_count(supervisor));
		end_renewal(supervisor);
	} else if (supervisor->ticked_ms > upgrade->begun_ms + PATIENCE_MS) {
		log_error("upgrade: the new gateways do not serve, the old "
			  "ones stay");
		fleet_give_up_new(supervisor);
		end_renewal(supervisor);
	}
}
