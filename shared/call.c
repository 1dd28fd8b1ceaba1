#include "shared/call.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "shared/buffer.h"

/* What a misled program may send us instead of an answer. */
#define ANSWER_BYTES_MAX (256u << 20)
#define PART_BYTES 16384

/* What the options that are texts are by default. */
#define NUMBER(name, standard, min, max, live, help)
#define SIZE(name, standard, min, max, live, help)
#define SECONDS(name, standard, min, max, live, help)
#define FLAG(name, standard, live, help)
#define CHOICE(name, standard, words, live, help)
#define SAMPLE(name, standard, max, live, help)
#define LIST(name, count, live, help)
#define TEXT(name, standard, live, help) char name[sizeof(standard)];
static const struct {
#include "shared/options.def"
#undef TEXT
} usual = {
#define TEXT(name, standard, live, help) .name = standard,
#include "shared/options.def"
};
#undef NUMBER
#undef SIZE
#undef SECONDS
#undef FLAG
#undef CHOICE
#undef SAMPLE
#undef LIST
#undef TEXT

const char *
call_usual_path(void)
{
	static char path[sizeof(usual.run_dir) + sizeof("/status.sock")];
	const char *wished = getenv("CONFAB_SOCKET");

	if (wished && *wished)
		return wished;
	strlcpy(path, usual.run_dir, sizeof(path));
	strlcat(path, "/status.sock", sizeof(path));
	return path;
}

int
call_open(const char *path, unsigned seconds)
{
	const struct timeval patience = { .tv_sec = (time_t)seconds };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		int reason = errno;

		close(fd);
		errno = reason;
		return -1;
	}
	return fd;
}

static bool
send_all(int fd, struct text line)
{
	size_t sent = 0;

	while (sent < line.length) {
		ssize_t part = send(
			fd, line.at + sent, line.length - sent, MSG_NOSIGNAL);

		if (part < 0 && errno != EINTR)
			return false;
		if (part > 0)
			sent += (size_t)part;
	}
	return true;
}

/* An answer without lines is one empty line alone. */
static bool
is_whole(const struct buffer *answer, size_t from)
{
	size_t length = answer->length - from;
	const uint8_t *data = answer->data + from;

	if (length == 1)
		return data[0] == '\n';
	return length >= 2 && memcmp(data + length - 2, "\n\n", 2) == 0;
}

bool
call_ask(int fd, struct text line, struct buffer *answer)
{
	size_t from = answer->length;

	if (!send_all(fd, line))
		return false;
	do {
		uint8_t *place = buffer_reserve(answer, PART_BYTES);
		ssize_t part = recv(fd, place, PART_BYTES, 0);

		if (part < 0 && errno == EINTR)
			continue;
		if (part == 0)
			errno = ECONNRESET;
		if (part <= 0)
			return false;
		answer->length += (size_t)part;
		if (answer->length > ANSWER_BYTES_MAX) {
			errno = EMSGSIZE;
			return false;
		}
	} while (!is_whole(answer, from));
	answer->length--;
	return true;
}

/* No line is empty but the one that ends it. */
bool
call_follow(int fd, struct text line, call_part *on_part, void *self)
{
	char bytes[PART_BYTES], last = 0;
	bool is_whole = false;

	if (!send_all(fd, line))
		return false;
	while (!is_whole) {
		ssize_t part = recv(fd, bytes, sizeof(bytes), 0);
		size_t length = (size_t)part;

		if (part < 0 && errno == EINTR)
			continue;
		if (part == 0)
			errno = ECONNRESET;
		if (part <= 0)
			return false;
		if (length > 1)
			last = bytes[length - 2];
		is_whole = last == '\n' && bytes[length - 1] == '\n';
		last = bytes[length - 1];
		on_part(self, (struct text){ bytes, length - is_whole });
	}
	return true;
}

const char *
call_trouble(int error)
{
	return error == EAGAIN ? "no answer" : strerror(error);
}

bool
call_is_refused(struct text answer)
{
	return text_has_prefix(answer, TEXT_LITERAL("error: "));
}
