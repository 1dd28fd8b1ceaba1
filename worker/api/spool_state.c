#include "worker/api/spool_state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "shared/base.h"
#include "shared/crc32c.h"

#define FILE_MODE 0640
#define PLACES 2

/* As it lies in the file. */
struct place {
	struct spool_state state;
	uint32_t crc; /* of the state */
	uint32_t reserved;
};

_Static_assert(sizeof(struct place) == 32, "lies on disk");

static void
path_in(char path[PATH_MAX], const char *directory)
{
	must(snprintf(path, PATH_MAX, "%s/delivered", directory) < PATH_MAX);
}

int
spool_state_open(const char *directory)
{
	char path[PATH_MAX];

	path_in(path, directory);
	return open(path, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);
}

void
spool_state_peek(const char *directory, struct spool_state *state)
{
	char path[PATH_MAX];
	int fd;

	*state = (struct spool_state){ 0 };
	path_in(path, directory);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	spool_state_read(fd, state);
	close(fd);
}

static uint32_t
sum_of(const struct spool_state *state)
{
	return crc32c(0, state, sizeof(*state));
}

void
spool_state_read(int fd, struct spool_state *state)
{
	struct place place;

	*state = (struct spool_state){ 0 };
	for (int i = 0; i < PLACES; i++) {
		ssize_t got = pread(fd, &place, sizeof(place),
			(off_t)((size_t)i * sizeof(place)));

		if (got == (ssize_t)sizeof(place) &&
			place.crc == sum_of(&place.state) &&
			place.state.turn > state->turn)
			*state = place.state;
	}
}

int
spool_state_write(int fd, struct spool_state *state)
{
	struct place place = { .state = *state };
	ssize_t written;

	place.state.turn++;
	place.crc = sum_of(&place.state);
	written = pwrite(fd, &place, sizeof(place),
		(off_t)(place.state.turn % PLACES * sizeof(place)));
	if (written >= 0 && written < (ssize_t)sizeof(place))
		errno = ENOSPC;
	if (written != (ssize_t)sizeof(place))
		return -1;
	state->turn++;
	return 0;
}
