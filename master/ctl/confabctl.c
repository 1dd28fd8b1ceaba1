/*
 * confabctl: sends its words to the status socket of a running confabd as one
 * line and prints the answer, up to the empty line that ends it.
 *
 * Exit codes: 0 answered, 1 refused ("error: …"), 2 bad usage, 3 nobody
 * answers.
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "shared/buffer.h"

#define DEFAULT_SOCKET "/run/confab/status.sock"
#define ANSWER_SECONDS 30

enum exit_code {
	EXIT_ANSWERED = 0,
	EXIT_REFUSED = 1,
	EXIT_USAGE = 2,
	EXIT_NOBODY = 3,
};

static void
print_usage(FILE *to)
{
	fputs("usage: confabctl [-s SOCKET] [json] WORD...\n"
	      "  -s SOCKET  status socket, otherwise $CONFAB_STATUS "
	      "or " DEFAULT_SOCKET "\n"
	      "  -V         print the version\n"
	      "Without words it lists those that the server knows.\n",
		to);
}

static const char *
read_arguments(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "socket", required_argument, NULL, 's' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	const char *path = getenv("CONFAB_STATUS");
	int letter;

	while ((letter = getopt_long(argc, argv, "+s:hV", longs, NULL)) != -1)
		switch (letter) {
		case 's':
			path = optarg;
			break;
		case 'V':
			puts("confabctl " CONFAB_VERSION);
			exit(EXIT_ANSWERED);
		case 'h':
			print_usage(stdout);
			exit(EXIT_ANSWERED);
		default:
			print_usage(stderr);
			exit(EXIT_USAGE);
		}
	return path && *path ? path : DEFAULT_SOCKET;
}

/* The words as one line; false when they hold what would make more of them. */
static bool
make_request(struct buffer *request, char **words)
{
	for (size_t i = 0; words[i]; i++) {
		if (strpbrk(words[i], "\r\n"))
			return false;
		if (i > 0)
			buffer_add_byte(request, ' ');
		buffer_add_string(request, words[i]);
	}
	if (request->length == 0)
		buffer_add_string(request, "help");
	buffer_add_byte(request, '\n');
	return true;
}

static int
connect_to(const char *path)
{
	const struct timeval patience = { .tv_sec = ANSWER_SECONDS };
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
send_all(int fd, const struct buffer *request)
{
	size_t sent = 0;

	while (sent < request->length) {
		ssize_t part = send(fd, request->data + sent,
			request->length - sent, MSG_NOSIGNAL);

		if (part < 0 && errno != EINTR)
			return false;
		if (part > 0)
			sent += (size_t)part;
	}
	return true;
}

static bool
is_whole(const struct buffer *answer)
{
	return answer->length >= 2 &&
	       memcmp(answer->data + answer->length - 2, "\n\n", 2) == 0;
}

static bool
receive_answer(int fd, struct buffer *answer)
{
	while (!is_whole(answer)) {
		uint8_t *place = buffer_reserve(answer, 16384);
		ssize_t part = recv(fd, place, 16384, 0);

		if (part < 0 && errno == EINTR)
			continue;
		if (part <= 0) {
			if (part == 0)
				errno = ECONNRESET;
			return false;
		}
		answer->length += (size_t)part;
	}
	return true;
}

static enum exit_code
print_answer(const struct buffer *answer)
{
	static const char mark[] = "error: ";
	bool is_refused = answer->length >= sizeof(mark) - 1 &&
			  memcmp(answer->data, mark, sizeof(mark) - 1) == 0;

	/* Without the empty line that ends it. */
	fwrite(answer->data, 1, answer->length - 1,
		is_refused ? stderr : stdout);
	return is_refused ? EXIT_REFUSED : EXIT_ANSWERED;
}

int
main(int argc, char **argv)
{
	const char *path = read_arguments(argc, argv);
	struct buffer request = { 0 }, answer = { 0 };
	enum exit_code code = EXIT_NOBODY;
	int fd;

	if (!make_request(&request, argv + optind)) {
		fputs("confabctl: a word may not hold a line break\n", stderr);
		buffer_fini(&request);
		return EXIT_USAGE;
	}
	fd = connect_to(path);
	if (fd >= 0 && send_all(fd, &request) && receive_answer(fd, &answer))
		code = print_answer(&answer);
	else
		fprintf(stderr, "confabctl: %s: %s\n", path,
			errno == EAGAIN ? "no answer" : strerror(errno));
	if (fd >= 0)
		close(fd);
	buffer_fini(&answer);
	buffer_fini(&request);
	return code;
}
