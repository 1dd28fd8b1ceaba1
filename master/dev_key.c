#include "master/dev_key.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base.h"
#include "shared/hash.h"
#include "shared/log.h"

static void
make_directories(const char *path)
{
	char *copy = base_strdup(path);

	for (char *slash = copy; (slash = strchr(slash + 1, '/'));) {
		*slash = 0;
		mkdir(copy, 0755);
		*slash = '/';
	}
	free(copy);
}

/* Under another name first: who reads it never finds half a key. */
void
dev_key_make(const char *path)
{
	uint64_t numbers[4];
	char *fresh;
	int fd;

	if (access(path, F_OK) == 0)
		return;
	make_directories(path);
	must(asprintf(&fresh, "%s.new", path) >= 0);
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	hash_random(numbers, sizeof(numbers));
	if (fd < 0 ||
		dprintf(fd,
			"%016" PRIx64 "%016" PRIx64 "%016" PRIx64 "%016" PRIx64
			"\n",
			numbers[0], numbers[1], numbers[2], numbers[3]) < 0 ||
		rename(fresh, path) < 0)
		log_warning("%s: cannot be made: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	free(fresh);
}
