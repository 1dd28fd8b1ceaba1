/*
 * How a connection ends. nng 1.5 must not be asked to close a pipe by which a
 * frame is just coming in: it forgets the receive that was under way, waits for
 * it for ever, and closes nothing any more. What the other side ends it closes
 * well. So connections are ended below nng, by the kernel, for reading alone:
 * nng reads to the end and believes that the other side has gone.
 *
 * By TLS nng 1.5 may overlook that: an end that comes right behind a frame,
 * before nng waits for the next one, is told to nobody. It has closed the
 * connection by then, so nothing comes in any more and the pipe can be closed.
 *
 * What is being sent while a connection ends may be forgotten in the same way
 * as what is received. Nothing helps against that but a new process.
 */
#include "worker/relay/bus.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shared/address.h"
#include "shared/base.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "worker/relay/bus_inside.h"

/* When nng has not let go of a connection by then, it never will. */
#define JAM_MS 5000

/* What has no connection for so long was overlooked. */
#define GONE_MS 300

struct end {
	uint8_t address[16];
	uint16_t port;
};

static struct end
end_of(const struct sockaddr_storage *storage)
{
	struct end end = { 0 };

	if (storage->ss_family == AF_INET || storage->ss_family == AF_INET6)
		end.port = address_to_bytes(storage, end.address);
	return end;
}

static bool
is_same(const struct end *one, const struct end *other)
{
	return one->port == other->port &&
	       memcmp(one->address, other->address, 16) == 0;
}

static bool
is_between(int fd, const struct end *here, const struct end *there)
{
	struct sockaddr_storage storage = { 0 };
	socklen_t length = sizeof(storage);
	struct end end;

	if (getpeername(fd, (struct sockaddr *)&storage, &length) < 0)
		return false;
	end = end_of(&storage);
	if (!is_same(&end, there))
		return false;
	storage = (struct sockaddr_storage){ 0 };
	length = sizeof(storage);
	if (getsockname(fd, (struct sockaddr *)&storage, &length) < 0)
		return false;
	end = end_of(&storage);
	return is_same(&end, here);
}

/* nng does not tell the descriptor of a connection, but its two ends. */
static void
shut(const struct end *here, const struct end *there)
{
	DIR *files = opendir("/proc/self/fd");
	struct dirent *file;

	while (files && (file = readdir(files))) {
		int fd = atoi(file->d_name);

		if (is_between(fd, here, there))
			shutdown(fd, SHUT_RD);
	}
	if (files)
		closedir(files);
}

static bool
find_end(uint32_t pipe, const char *which, struct end *end)
{
	struct sockaddr_storage storage;

	if (!bus_pipe_end(pipe, which, &storage))
		return false;
	*end = end_of(&storage);
	return true;
}

static void
hang_up(struct bus_gate *gate, unsigned i)
{
	uint32_t pipe = bus_place_pipe(atomic_load(&gate->places[i]));
	struct end here, there;

	if (gate->ends[i].pipe != pipe) {
		gate->ends[i].pipe = pipe;
		gate->ends[i].by_ms = clock_ms() + JAM_MS;
	}
	if (find_end(pipe, NNG_OPT_LOCADDR, &here) &&
		find_end(pipe, NNG_OPT_REMADDR, &there))
		shut(&here, &there);
}

void
bus_hang_up(struct bus_gate *gate, uint32_t pipe)
{
	for (unsigned i = 0; i < gate->count; i++) {
		uint64_t place = atomic_load(&gate->places[i]);

		if (place != 0 && bus_place_pipe(place) == pipe)
			hang_up(gate, i);
	}
}

void
bus_hang_up_all(struct bus_gate *gate)
{
	for (unsigned i = 0; i < gate->count; i++)
		if (atomic_load(&gate->places[i]) != 0)
			hang_up(gate, i);
}

bool
bus_gate_is_empty(const struct bus_gate *gate)
{
	for (unsigned i = 0; i < gate->count; i++)
		if (atomic_load(&gate->places[i]) != 0)
			return false;
	return true;
}

static void
check_jam(bool is_late)
{
	if (!is_late)
		return;
	log_error("relay: nng does not let go of a connection: ends");
	_exit(EXIT_FAILURE);
}

static void
look_for_connection(
	struct bus_gate *gate, unsigned i, uint32_t pipe, uint64_t now_ms)
{
	struct sockaddr_storage end;
	uint64_t gone_ms;

	if (bus_pipe_end(pipe, NNG_OPT_REMADDR, &end)) {
		gate->gone[i].pipe = 0;
		return;
	}
	if (gate->gone[i].pipe != pipe) {
		gate->gone[i].pipe = pipe;
		gate->gone[i].since_ms = now_ms;
	}
	gone_ms = now_ms - gate->gone[i].since_ms;
	check_jam(gone_ms >= JAM_MS);
	if (gone_ms >= GONE_MS)
		nng_pipe_close((nng_pipe){ .id = pipe });
}

void
bus_look_at_ends(struct bus_gate *gate)
{
	uint64_t now_ms = clock_ms();

	for (unsigned i = 0; i < gate->count; i++) {
		uint32_t pipe = bus_place_pipe(atomic_load(&gate->places[i]));

		if (pipe == 0)
			continue;
		check_jam(gate->ends[i].pipe == pipe &&
			  now_ms >= gate->ends[i].by_ms);
		look_for_connection(gate, i, pipe, now_ms);
	}
}
