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
#include <unistd.h>

#include "master/ctl/exits.h"
#include "master/ctl/tokens.h"
#include "master/ctl/top.h"
#include "shared/buffer.h"
#include "shared/call.h"

#define ANSWER_SECONDS 30
#define HELP_SECONDS 3

struct wishes {
	const char *path;
	bool is_json;
	bool help;
};

static void
print_usage(FILE *to)
{
	fputs("usage: confabctl [-s SOCKET] [--json] WORD...\n"
	      "       confabctl [-s SOCKET] top [-d SECONDS] [-n COUNT]\n"
	      "       confabctl [--json] token mint|check ...\n",
		to);
}

/* A list of words and meanings, which a tab divides. */
static void
print_words(struct text table)
{
	const char *at = table.at, *end = table.at + table.length;

	while (at < end) {
		const char *line = memchr(at, '\n', (size_t)(end - at));
		size_t length = (size_t)((line ? line : end) - at);
		const char *tab = memchr(at, '\t', length);
		size_t words = tab ? (size_t)(tab - at) : length;

		if (at != table.at)
			printf("  %-20.*s %.*s\n", (int)words, at,
				tab ? (int)(length - words - 1) : 0,
				tab ? tab + 1 : "");
		at += length + 1;
	}
}

/* The words are the server's: a newer one knows more of them. */
static void
print_help(const char *path)
{
	struct buffer answer = { 0 };
	int fd = call_open(path, HELP_SECONDS);

	print_usage(stdout);
	printf("  -s, --socket SOCKET  status socket of the server, otherwise\n"
	       "                       $CONFAB_SOCKET or %s\n"
	       "  -j, --json           answers as JSON, like the word json in "
	       "front\n"
	       "  -V, --version        print the version\n"
	       "  -h, --help           print this\n"
	       "Exit code: 0 answered, 1 refused, 2 bad usage, 3 nobody "
	       "answers.\n\n",
		call_usual_path());
	fputs("top shows the server live; h in it shows its keys.\n"
	      "token mint and token check make and read tokens of users, "
	      "without "
	      "a server;\ntoken help tells how.\n",
		stdout);
	if (fd >= 0 && call_ask(fd, TEXT_LITERAL("help\n"), &answer)) {
		printf("Other words of the server at %s:\n", path);
		print_words(buffer_text(&answer));
	} else {
		printf("All other words are the server's; %s: %s.\n", path,
			call_trouble(errno));
	}
	if (fd >= 0)
		close(fd);
	buffer_fini(&answer);
}

static void
read_arguments(int argc, char **argv, struct wishes *wishes)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "json", no_argument, NULL, 'j' },
		{ "socket", required_argument, NULL, 's' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	int letter;

	*wishes = (struct wishes){ .path = call_usual_path() };
	while ((letter = getopt_long(argc, argv, "+s:jhV", longs, NULL)) != -1)
		switch (letter) {
		case 's':
			wishes->path = optarg;
			break;
		case 'j':
			wishes->is_json = true;
			break;
		case 'V':
			puts("confabctl " CONFAB_VERSION);
			exit(EXIT_ANSWERED);
		case 'h':
			wishes->help = true;
			break;
		default:
			print_usage(stderr);
			exit(EXIT_USAGE);
		}
}

/* The shell has taken off the quotes that the server needs to see where a name
 * ends. What has quotes in itself stays as it is, and so does name=value, whose
 * value goes on to the next one. */
static bool
needs_quotes(const char *word)
{
	size_t name = strspn(word, "abcdefghijklmnopqrstuvwxyz_");

	return strchr(word, ' ') && !strchr(word, '"') &&
	       (name == 0 || word[name] != '=');
}

static void
add_word(struct buffer *request, const char *word)
{
	const char *quote = needs_quotes(word) ? "\"" : "";

	buffer_add_string(request, quote);
	buffer_add_string(request, word);
	buffer_add_string(request, quote);
}

/* The words as one line; false when they hold what would make more of them. */
static bool
make_request(struct buffer *request, char **words, bool is_json)
{
	if (is_json)
		buffer_add_string(request, "json ");
	if (!words[0])
		buffer_add_string(request, "help");
	for (size_t i = 0; words[i]; i++) {
		if (strpbrk(words[i], "\r\n"))
			return false;
		if (i > 0)
			buffer_add_byte(request, ' ');
		add_word(request, words[i]);
	}
	buffer_add_byte(request, '\n');
	return true;
}

static enum exit_code
print_answer(struct text answer)
{
	bool is_refused = call_is_refused(answer);

	fwrite(answer.at, 1, answer.length, is_refused ? stderr : stdout);
	return is_refused ? EXIT_REFUSED : EXIT_ANSWERED;
}

/* self: what the first part said. */
static void
print_part(void *self, struct text part)
{
	enum exit_code *code = self;

	if (*code == EXIT_NOBODY)
		*code = call_is_refused(part) ? EXIT_REFUSED : EXIT_ANSWERED;
	fwrite(part.at, 1, part.length,
		*code == EXIT_REFUSED ? stderr : stdout);
	fflush(stdout);
}

static bool
is_trace(char **words)
{
	if (words[0] && strcmp(words[0], "json") == 0)
		words++;
	return words[0] && strcmp(words[0], "trace") == 0;
}

/* A trace goes on for a while, and perhaps nothing happens for long. */
static enum exit_code
follow(const char *path, struct text request)
{
	enum exit_code code = EXIT_NOBODY;
	int fd = call_open(path, 0);

	if (fd < 0 || !call_follow(fd, request, print_part, &code)) {
		fprintf(stderr, "confabctl: %s: %s\n", path,
			call_trouble(errno));
		code = EXIT_NOBODY;
	}
	if (fd >= 0)
		close(fd);
	return code;
}

static enum exit_code
ask(const char *path, struct text request)
{
	struct buffer answer = { 0 };
	enum exit_code code = EXIT_NOBODY;
	int fd = call_open(path, ANSWER_SECONDS);

	if (fd >= 0 && call_ask(fd, request, &answer))
		code = print_answer(buffer_text(&answer));
	else
		fprintf(stderr, "confabctl: %s: %s\n", path,
			call_trouble(errno));
	if (fd >= 0)
		close(fd);
	buffer_fini(&answer);
	return code;
}

int
main(int argc, char **argv)
{
	struct buffer request = { 0 };
	struct wishes wishes;
	enum exit_code code;

	read_arguments(argc, argv, &wishes);
	if (wishes.help) {
		print_help(wishes.path);
		return EXIT_ANSWERED;
	}
	if (optind < argc && strcmp(argv[optind], "top") == 0)
		return (int)top_main(wishes.path, argc - optind, argv + optind);
	if (optind < argc && strcmp(argv[optind], "token") == 0)
		return (int)tokens_main(
			argc - optind, argv + optind, wishes.is_json);
	if (make_request(&request, argv + optind, wishes.is_json)) {
		code = (is_trace(argv + optind) ? follow : ask)(
			wishes.path, buffer_text(&request));
	} else {
		fputs("confabctl: a word may not hold a line break\n", stderr);
		code = EXIT_USAGE;
	}
	buffer_fini(&request);
	return (int)code;
}
