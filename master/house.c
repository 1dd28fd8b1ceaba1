#include "master/house.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "master/handover.h"
#include "master/premises.h"
#include "master/supervisor.h"
#include "shared/address.h"
#include "shared/arena.h"
#include "shared/base.h"
#include "shared/config.h"
#include "shared/heritage.h"
#include "shared/log.h"

/* The group may look; without rights to give it, nobody else may. */
static void
share_status_socket(const struct house *house)
{
	const struct group *group = NULL;

	if (house->config->group[0] != 0)
		group = getgrnam(house->config->group);
	if (group && chown(house->status_path, (uid_t)-1, group->gr_gid) < 0)
		log_debug("%s stays with our own group: %s", house->status_path,
			strerror(errno));
}

static int
open_status(struct house *house)
{
	must(asprintf(&house->status_path, "%s/status.sock",
		     house->config->run_dir) >= 0);
	house->status_fd = listeners_open_unix(house->status_path, 0660);
	if (house->status_fd < 0) {
		log_error("status socket %s: %s", house->status_path,
			strerror(errno));
		return -1;
	}
	share_status_socket(house);
	return premises_own(house->premises, house->status_path);
}

/* Whose the path of a given one is, who gave it has decided. */
static int
own_listeners(const struct house *house)
{
	const struct config *config = house->config;

	for (size_t i = 0; i < house->listening.count; i++) {
		const struct heritage_socket *socket =
			&house->listening.sockets[i];
		struct address address;

		must(address_read(
			config->listeners[socket->listener].address, &address));
		premises_own_socket(house->premises, socket->fd);
		if (address_is_unix(&address) && !socket->is_given &&
			premises_own(house->premises, address_path(&address)) <
				0)
			return -1;
	}
	return 0;
}

static int
open_log(const struct house *house)
{
	const struct config *config = house->config;
	bool is_file = !house->logs_to_stderr &&
		       strcmp(config->log_file, "stderr") != 0;

	if (log_open(is_file ? config->log_file : NULL,
		    (enum log_level)config->log_level,
		    (enum log_format)config->log_format) < 0) {
		log_error("log file %s: %s", config->log_file, strerror(errno));
		return -1;
	}
	return is_file ? premises_own(house->premises, config->log_file) : 0;
}

int
house_open(struct house *house)
{
	struct arena_shape shape;

	house->premises = premises_open(house->config);
	if (!house->premises)
		return -1;
	supervisor_shape(house->config, &shape, house->listening.is_on);
	if (listeners_open(house->config, &shape,
		    premises_was_crash(house->premises), &house->listening) < 0)
		return -1;
	house->arena = arena_create(&shape);
	if (!house->arena || open_status(house) < 0 ||
		own_listeners(house) < 0 || open_log(house) < 0)
		return -1;
	return premises_drop_rights(house->premises);
}

void
house_close(struct house *house)
{
	arena_free(&house->arena);
	listeners_close(house->config, &house->listening);
	if (house->status_fd >= 0)
		unlink(house->status_path);
	free(house->status_path);
	if (house->premises)
		premises_close(&house->premises);
	config_free(&house->config);
}

int
house_inherit(struct house *house, struct handover *handover)
{
	house->arena = arena_attach(handover->arena);
	if (!house->arena)
		return -1;
	house->premises = premises_inherit(house->config, handover->run_lock,
		handover->data_lock, handover->writers_lock);
	house->listening = handover->listening;
	handover->listening.sockets = NULL;
	handover->listening.count = 0;
	house->status_fd = handover->status;
	must(asprintf(&house->status_path, "%s/status.sock",
		     house->config->run_dir) >= 0);
	return open_log(house);
}
