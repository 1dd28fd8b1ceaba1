/*
 * What must fit in the relay, and what of it stays at a reload.
 */
#include <string.h>

#include "shared/base.h"
#include "shared/bus_url.h"
#include "shared/config.h"
#include "shared/config_parts.h"

#define SECRET_BYTES_MIN 16

struct look {
	struct reading *reading;
	const struct config *config;
	size_t section;
	const struct config_relay *relay;
	bool is_tls;   /* as it listens */
	bool is_local; /* nobody but this machine is met */
};

static struct place
place_of(const struct look *look, const char *name)
{
	return config_place(look->reading, look->section, name);
}

/* False: nothing more can be said. */
static bool
check_listen(struct look *look)
{
	const char *listen = look->relay->listen;
	struct bus_url url;

	if (listen[0] == 0) {
		if (look->reading->is_ours)
			return false;
		config_complain(look->reading, place_of(look, "listen"),
			"relay: listen is missing: where other hosts reach "
			"this one");
		return false;
	}
	if (!bus_url_read(listen, &url) || url.is_name) {
		config_complain(look->reading, place_of(look, "listen"),
			"listen = %s: must be an address of this machine like "
			"tcp://0.0.0.0:7100 or tls+tcp://[::]:7100, with a "
			"port to 65534",
			listen);
		return false;
	}
	look->is_tls = url.is_tls;
	look->is_local = url.is_local;
	return true;
}

static void
check_peer(struct look *look, size_t index)
{
	const struct config_relay *relay = look->relay;
	const char *peer = relay->peers[index];
	struct place place = place_of(look, "peers");
	struct bus_url url;

	for (size_t i = 0; i < index; i++)
		if (strcmp(relay->peers[i], peer) == 0)
			config_complain(
				look->reading, place, "peers: %s twice", peer);
	if (!bus_url_read(peer, &url)) {
		config_complain(look->reading, place,
			"peers: '%s' is none: must be like "
			"tcp://10.0.0.2:7100, tcp://[2001:db8::2]:7100 or "
			"tcp://name.example:7100, with a port to 65534",
			peer);
		return;
	}
	look->is_local &= url.is_local;
	if (url.is_tls != look->is_tls)
		config_complain(look->reading, place,
			"peers: %s and listen = %s: either all hosts use "
			"tls+tcp:// or none",
			peer, relay->listen);
}

static void
check_peers(struct look *look)
{
	if (look->relay->peer_count > RELAY_PEERS_MAX)
		config_complain(look->reading, place_of(look, "peers"),
			"peers: at most %d are possible, not %zu",
			RELAY_PEERS_MAX, look->relay->peer_count);
	for (size_t i = 0; i < look->relay->peer_count; i++)
		check_peer(look, i);
}

static void
check_tls(const struct look *look)
{
	const struct config_relay *relay = look->relay;
	const struct {
		const char *name, *path;
	} files[] = { { "tls_cert", relay->tls_cert },
		{ "tls_key", relay->tls_key }, { "tls_ca", relay->tls_ca } };

	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		if ((files[i].path[0] != 0) != look->is_tls)
			config_complain(look->reading,
				place_of(look, files[i].name),
				look->is_tls ? "relay: %s is missing: hosts "
					       "that meet by tls+tcp:// show "
					       "each other certificates"
					     : "relay: %s is only for "
					       "listen = tls+tcp://…",
				files[i].name);
}

static void
check_trust(const struct look *look)
{
	const struct config_relay *relay = look->relay;
	const struct secret *secret = NULL;

	if (relay->secret_file[0])
		secret = config_secret(look->config, relay->secret_file);
	if (secret && secret->length < SECRET_BYTES_MIN)
		config_complain(look->reading, place_of(look, "secret_file"),
			"secret_file: what stands in %s must have %d bytes or "
			"more",
			relay->secret_file, SECRET_BYTES_MIN);
	if (!relay->secret_file[0] && !look->is_tls && !look->is_local &&
		!look->config->insecure)
		config_complain(look->reading, place_of(look, "listen"),
			"relay: hosts that meet on a network need a "
			"secret_file or tls+tcp://, or say insecure = true if "
			"that is wanted");
}

static void
check_cluster(const struct look *look)
{
	if (!text_is_name(text_of(look->relay->cluster), 1, CLUSTER_BYTES_MAX))
		config_complain(look->reading, place_of(look, "cluster"),
			"cluster: a name is 1 to %d bytes without control "
			"characters",
			CLUSTER_BYTES_MAX);
}

void
config_check_relay(
	struct reading *reading, const struct config *config, size_t section)
{
	struct look look = { .reading = reading,
		.config = config,
		.section = section,
		.relay = &config->relay };

	if (!check_listen(&look))
		return;
	check_peers(&look);
	check_tls(&look);
	check_trust(&look);
	check_cluster(&look);
}

void
config_keep_relay(struct config *new, const struct config *old)
{
	struct config *copy;
	struct config_relay other = new->relay;
	size_t count;
	const struct option_info *options =
		config_options(SECTION_RELAY, &count);

	if ((new->relay.listen[0] == 0) == (old->relay.listen[0] == 0))
		return;
	copy = old->relay.listen[0] ? config_copy(old) : config_new();
	new->relay = copy->relay;
	copy->relay = other;
	for (size_t i = 0; i < count; i++) {
		const char *const *paths;

		if (config_paths(&options[i], &new->relay, &paths) > 0)
			config_copy_secret(new, old, paths[0]);
	}
	config_free(&copy);
}
