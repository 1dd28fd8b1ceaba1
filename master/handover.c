#include "master/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shared/base.h"
#include "shared/heritage.h"
#include "shared/log.h"

#define FIRST_LINE "confab handover 1\n"
#define LINE_BYTES 512

static void
write_children(const struct handover *handover, FILE *out)
{
	for (unsigned i = 0; i < SLOTS_MAX; i++) {
		const struct handover_child *child = &handover->children[i];

		if (handover->listening.is_on[i])
			fprintf(out, "on %u\n", i);
		if (child->life > 0)
			fprintf(out,
				"child %u %d %u %u %d %d %" PRIu64 " %" PRIu64
				"\n",
				i, (int)child->pid, child->life, child->state,
				child->was_healthy, child->line,
				child->since_ms, child->started_ms);
	}
}

static void
write_lines(const struct handover *handover, FILE *out)
{
	fputs(FIRST_LINE, out);
	fprintf(out, "arena %d\nstatus %d\n", handover->arena,
		handover->status);
	fprintf(out, "locks %d %d %d\n", handover->run_lock,
		handover->data_lock, handover->writers_lock);
	fprintf(out, "generation %u\nstarted %" PRIu64 "\n",
		handover->generation, handover->started_ms);
	fprintf(out, "took-over %d\n", handover->has_taken_over);
	if (handover->path)
		fprintf(out, "path %s\n", handover->path);
	for (size_t i = 0; i < handover->listening.count; i++) {
		const struct heritage_socket *socket =
			&handover->listening.sockets[i];

		fprintf(out, "socket %d %u %u %d\n", socket->fd, socket->slot,
			socket->listener, socket->is_given);
	}
	write_children(handover, out);
	fputs("config\n", out);
	fwrite(handover->config.data, 1, handover->config.length, out);
}

int
handover_write(const struct handover *handover)
{
	int fd = memfd_create("handover", 0);
	FILE *out = fd >= 0 ? fdopen(dup(fd), "w") : NULL;
	bool is_good = out != NULL;

	if (out) {
		write_lines(handover, out);
		is_good = !ferror(out);
		is_good &= fclose(out) == 0;
	}
	if (is_good && lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	log_error("cannot write down what there is to hand over: %s",
		strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static void
read_socket(struct handover *handover, const char *line)
{
	struct listening *listening = &handover->listening;
	struct heritage_socket socket;
	int is_given = 0;

	if (sscanf(line, "socket %d %u %u %d", &socket.fd, &socket.slot,
		    &socket.listener, &is_given) < 3)
		return;
	socket.is_given = is_given != 0;
	listening->sockets = base_realloc(
		listening->sockets, (listening->count + 1) * sizeof(socket));
	listening->sockets[listening->count++] = socket;
}

static void
read_child(struct handover *handover, const char *line)
{
	struct handover_child child = { .line = -1 };
	int pid, was_healthy;
	unsigned slot;

	if (sscanf(line, "child %u %d %u %u %d %d %" SCNu64 " %" SCNu64, &slot,
		    &pid, &child.life, &child.state, &was_healthy, &child.line,
		    &child.since_ms, &child.started_ms) != 8 ||
		slot >= SLOTS_MAX)
		return;
	child.pid = pid;
	child.was_healthy = was_healthy != 0;
	handover->children[slot] = child;
}

static void
read_line(struct handover *handover, char *line)
{
	unsigned slot;
	int flag;

	line[strcspn(line, "\n")] = 0;
	if (strncmp(line, "path ", 5) == 0 && !handover->path)
		handover->path = base_strdup(line + 5);
	else if (sscanf(line, "on %u", &slot) == 1 && slot < SLOTS_MAX)
		handover->listening.is_on[slot] = true;
	else if (sscanf(line, "took-over %d", &flag) == 1)
		handover->has_taken_over = flag != 0;
	else if (sscanf(line, "arena %d", &handover->arena) == 1 ||
		 sscanf(line, "status %d", &handover->status) == 1 ||
		 sscanf(line, "locks %d %d %d", &handover->run_lock,
			 &handover->data_lock, &handover->writers_lock) == 3 ||
		 sscanf(line, "generation %u", &handover->generation) == 1 ||
		 sscanf(line, "started %" SCNu64, &handover->started_ms) == 1)
		return;
	read_socket(handover, line);
	read_child(handover, line);
}

static bool
read_lines(struct handover *handover, FILE *in)
{
	char line[PATH_MAX + LINE_BYTES];

	if (!fgets(line, sizeof(line), in) || strcmp(line, FIRST_LINE) != 0)
		return false;
	while (fgets(line, sizeof(line), in) && strcmp(line, "config\n") != 0)
		read_line(handover, line);
	for (;;) {
		uint8_t *at = buffer_reserve(&handover->config, 4096);
		size_t got = fread(at, 1, 4096, in);

		if (got == 0)
			break;
		handover->config.length += got;
	}
	return handover->config.length > 0 && handover->arena >= 0 &&
	       handover->status >= 0;
}

struct handover *
handover_read(int fd)
{
	struct handover *handover = base_alloc_zeroed(1, sizeof(*handover));
	FILE *in = fdopen(fd, "r");
	bool is_good;

	handover->arena = handover->status = -1;
	handover->run_lock = handover->data_lock = -1;
	handover->writers_lock = -1;
	is_good = in && read_lines(handover, in);
	if (in)
		fclose(in);
	if (!is_good) {
		log_error("what was handed over cannot be read");
		handover_free(&handover);
	}
	return handover;
}

void
handover_free(struct handover **handover)
{
	free((*handover)->path);
	free((*handover)->listening.sockets);
	buffer_fini(&(*handover)->config);
	free(*handover);
	*handover = NULL;
}

static void
set(int fd, bool is_on)
{
	if (fd >= 0)
		fcntl(fd, F_SETFD, is_on ? FD_CLOEXEC : 0);
}

void
handover_close_on_exec(const struct handover *handover, bool is_on)
{
	const int fds[] = { handover->status, handover->run_lock,
		handover->data_lock, handover->writers_lock };

	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		set(fds[i], is_on);
	for (size_t i = 0; i < handover->listening.count; i++)
		set(handover->listening.sockets[i].fd, is_on);
	for (unsigned i = 0; i < SLOTS_MAX; i++)
		if (handover->children[i].pid != 0)
			set(handover->children[i].line, is_on);
}
