/*
 * The configuration: whatever stands in a file, it is refused with a reason or
 * gives a configuration that holds its promises.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shared/address.h"
#include "shared/base.h"
#include "shared/config.h"
#include "shared/profiles.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Is this listener not for everyone, or is that wanted? */
static bool
is_guarded(const struct config *config, const struct listener *listener)
{
	struct address address;

	must(address_read(listener->address, &address));
	if (config->insecure || address_is_local(&address))
		return true;
	if (profiles_need_http(listener) && !listener->require_key)
		return false;
	if (listener->role == LISTENER_API)
		return config->key_count > 0;
	for (size_t i = 0; i < config->tenant_count; i++)
		if (config->tenants[i].auth == AUTH_NONE)
			return false;
	return true;
}

static void
check_config(const struct config *config)
{
	must(config->listener_count > 0 && config->room_class_count > 0);
	must(config->ring_bytes / 2 > config->max_message_bytes);
	must(config_gateways(config) >= 1 && config_gateways(config) <= 256);
	must(config->run_dir[0] == '/' && config->data_dir[0] == '/');
	must(config_room_class(config, TEXT_LITERAL("any")) != NULL);
	must(config_tenant(config, TEXT_LITERAL("default")) != NULL);
	for (size_t i = 0; i < config->listener_count; i++)
		must(is_guarded(config, &config->listeners[i]));
}

/* The reasons are many and go nowhere. */
static struct config *
read_quietly(const char *path)
{
	int old = dup(STDERR_FILENO);
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct config *config;

	must(old >= 0 && null >= 0);
	dup2(null, STDERR_FILENO);
	config = config_read(path);
	fflush(stderr);
	dup2(old, STDERR_FILENO);
	close(null);
	close(old);
	return config;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("config", MFD_CLOEXEC);
	struct config *config;
	char path[64];

	must(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	config = read_quietly(path);
	if (config)
		check_config(config);
	config_free(&config);
	close(fd);
	return 0;
}
