#include "master/acts.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "master/announce.h"
#include "master/fleet.h"
#include "master/reload.h"
#include "master/supervisor_inside.h"
#include "master/upgrade.h"
#include "shared/arena.h"
#include "shared/config.h"
#include "shared/log.h"

void
acts_stop(void *self)
{
	struct supervisor *supervisor = self;
	uint64_t stop_ms = (uint64_t)supervisor->needs.config->stop_seconds;

	if (ending_cut_drain(&supervisor->ending)) {
		log_info("stopping, the drain is cut short");
		supervisor_go_on_ending(supervisor);
		return;
	}
	if (supervisor->ending.is_on) {
		log_warning("asked to stop again");
		ending_hurry(&supervisor->ending);
		return;
	}
	log_info("stopping");
	announce_ending(supervisor, stop_ms);
	ending_begin(&supervisor->ending, stop_ms);
	supervisor_go_on_ending(supervisor);
}

void
acts_drain(void *self)
{
	struct supervisor *supervisor = self;
	const struct config *config = supervisor->needs.config;
	uint64_t drain_ms = (uint64_t)config->drain_seconds;
	uint64_t stop_ms = (uint64_t)config->stop_seconds;

	if (supervisor->ending.is_on)
		return;
	log_info("draining for %llu s", (unsigned long long)(drain_ms / 1000));
	announce_ending(supervisor, drain_ms + stop_ms);
	ending_drain(&supervisor->ending, drain_ms, stop_ms);
	supervisor_go_on_ending(supervisor);
}

/* The gateways know it from their configuration, too. */
bool
acts_drain_over(void *self, unsigned seconds)
{
	struct supervisor *supervisor = self;
	struct config *config = supervisor->needs.config;
	struct reload reload = supervisor_reload(supervisor);
	int64_t before = config->drain_seconds;

	if (supervisor->ending.is_on) {
		log_warning("asked to drain, but the server ends already");
		return false;
	}
	config->drain_seconds = (int64_t)seconds * 1000;
	if (reload_tell(&reload) < 0) {
		config->drain_seconds = before;
		return false;
	}
	acts_drain(self);
	return true;
}

static void
set_log(const struct supervisor *supervisor)
{
	const struct config *config = supervisor->needs.config;

	if (log_open(supervisor->needs.logs_to_stderr ? NULL : config->log_file,
		    (enum log_level)config->log_level,
		    (enum log_format)config->log_format) < 0)
		log_error("the log file %s cannot be opened: %s",
			config->log_file, strerror(errno));
}

bool
acts_reload(void *self)
{
	struct supervisor *supervisor = self;
	struct reload reload = supervisor_reload(supervisor);

	if (supervisor->ending.is_on)
		return false;
	announce_reload(supervisor);
	if (fleet_count(supervisor) == 0)
		fleet_set(supervisor, supervisor->configured_gateways);
	if (reload_run(&reload) < 0)
		return false;
	supervisor_take_sockets(supervisor);
	if (config_gateways(reload.config) != supervisor->configured_gateways)
		fleet_set(supervisor, config_gateways(reload.config));
	supervisor->configured_gateways = config_gateways(reload.config);
	for (unsigned i = 0; reload.needs_historian && i < supervisor->count;
		i++)
		if (supervisor->children[i].row->role == ROLE_HISTORIAN)
			child_replace(&supervisor->children[i]);
	set_log(supervisor);
	log_info("the configuration is read again, number %u",
		supervisor->heritage.generation);
	return true;
}

bool
acts_upgrade(void *self)
{
	return upgrade_begin(self);
}

bool
acts_set_gateways(void *self, unsigned count)
{
	struct supervisor *supervisor = self;

	return !supervisor->ending.is_on && fleet_set(supervisor, count) == 0;
}

bool
acts_fleet(void *self, int change)
{
	int count = (int)fleet_count(self) + change;

	return acts_set_gateways(self, count > 0 ? (unsigned)count : 0);
}

void
acts_rest(void *self)
{
	struct supervisor *supervisor = self;

	if (!supervisor->ending.is_on && fleet_count(supervisor) > 0)
		fleet_rest(supervisor);
}

void
acts_reopen(void *self)
{
	const struct supervisor *supervisor = self;

	if (log_reopen() < 0)
		log_error("the log file cannot be opened again: %s",
			strerror(errno));
	for (unsigned i = 0; i < supervisor->count; i++)
		if (supervisor->children[i].pid != 0)
			kill(supervisor->children[i].pid, SIGUSR1);
}
