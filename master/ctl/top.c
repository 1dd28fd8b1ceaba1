/*
 * Each round asks a few words on one connection. When it breaks, the next round
 * calls again; a terminal shows the old numbers meanwhile, and that they are.
 */
#include "master/ctl/top.h"

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "master/ctl/screen.h"
#include "master/ctl/snapshot.h"
#include "master/ctl/terminal.h"
#include "shared/buffer.h"
#include "shared/call.h"
#include "shared/clock.h"

#define ANSWER_SECONDS 3
#define SECONDS_MAX 3600
#define COUNT_MAX 1000000000

struct top {
	const char *path;
	int fd; /* -1: nobody answers */
	unsigned interval_ms;
	unsigned rounds; /* to go; 0: for ever */
	bool has_now, has_before;
	struct snapshot now, before;
	char trouble[256];
	struct screen_view view;
};

static void
print_usage(FILE *to)
{
	fputs("usage: confabctl [-s SOCKET] top [-d SECONDS] [-n COUNT]\n"
	      "  -d SECONDS  between two looks, from 0.1 to 3600; otherwise 2\n"
	      "  -n COUNT    end after so many looks\n",
		to);
}

static bool
read_range(const char *text, double min, double max, double *number)
{
	char *end;

	*number = strtod(text, &end);
	return end != text && *end == 0 && *number >= min && *number <= max;
}

static bool
read_arguments(struct top *top, int argc, char **argv)
{
	double number;
	int letter;

	optind = 0;
	while ((letter = getopt(argc, argv, "+d:n:")) != -1) {
		if (letter == 'd' &&
			read_range(optarg, 0.1, SECONDS_MAX, &number))
			top->interval_ms = (unsigned)(number * 1000);
		else if (letter == 'n' &&
			 read_range(optarg, 1, COUNT_MAX, &number))
			top->rounds = (unsigned)number;
		else
			return false;
	}
	return optind == argc;
}

/* -1: it is of no more use. */
static int
ask(struct top *top, struct snapshot *fresh, enum snapshot_question question)
{
	struct text line = text_of(snapshot_question(question));
	struct buffer answer = { 0 };
	int result = -1;

	if (call_ask(top->fd, line, &answer)) {
		struct text text = buffer_text(&answer);

		if (!call_is_refused(text))
			snapshot_read(fresh, question, text);
		if (call_is_refused(text) && snapshot_needs(question))
			errno = EPROTO;
		else
			result = 0;
	}
	buffer_fini(&answer);
	return result;
}

static void
hang_up(struct top *top)
{
	if (top->fd >= 0)
		close(top->fd);
	top->fd = -1;
}

static bool
ask_all(struct top *top, struct snapshot *fresh)
{
	if (top->fd < 0)
		top->fd = call_open(top->path, ANSWER_SECONDS);
	if (top->fd < 0)
		return false;
	for (unsigned i = 0; i < QUESTION_COUNT; i++)
		if (ask(top, fresh, (enum snapshot_question)i) < 0)
			return false;
	fresh->at_ms = clock_ms();
	return true;
}

/* One look; false when nobody answers, which trouble tells. */
static bool
look(struct top *top)
{
	struct snapshot fresh = { 0 };

	if (!ask_all(top, &fresh)) {
		snprintf(top->trouble, sizeof(top->trouble), "%s: %s",
			top->path, call_trouble(errno));
		hang_up(top);
		snapshot_clear(&fresh);
		top->view.trouble = top->trouble;
		return false;
	}
	snapshot_clear(&top->before);
	top->before = top->now;
	top->has_before = top->has_now;
	top->now = fresh;
	top->has_now = true;
	top->view.trouble = NULL;
	return true;
}

static void
draw(const struct top *top, struct buffer *out)
{
	screen_draw(out, top->has_before ? &top->before : NULL,
		top->has_now ? &top->now : NULL, &top->view);
}

/* Was it the last round? */
static bool
is_last(struct top *top)
{
	return top->rounds > 0 && --top->rounds == 0;
}

static void
rest(unsigned ms)
{
	struct timespec left = { .tv_sec = (time_t)(ms / 1000),
		.tv_nsec = (long)(ms % 1000) * 1000000 };

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

static enum exit_code
print_rounds(struct top *top)
{
	for (bool is_first = true;; is_first = false) {
		struct buffer out = { 0 };

		if (!look(top)) {
			fprintf(stderr, "confabctl: %s\n", top->trouble);
			return EXIT_NOBODY;
		}
		if (!is_first)
			buffer_add_byte(&out, '\n');
		draw(top, &out);
		fwrite(out.data, 1, out.length, stdout);
		buffer_fini(&out);
		if (fflush(stdout) != 0 || is_last(top))
			return EXIT_ANSWERED;
		rest(top->interval_ms);
	}
}

static void
show(struct top *top)
{
	struct buffer out = { 0 };

	terminal_measure(&top->view.width, &top->view.height);
	draw(top, &out);
	terminal_show(buffer_text(&out));
	buffer_fini(&out);
}

/* False: it is the one that quits. */
static bool
take_key(struct screen_view *view, char key)
{
	if (key == 'h' || key == '?')
		view->shows_help = !view->shows_help;
	else if (key == 'v')
		view->is_reversed = !view->is_reversed;
	else if (key == 't')
		view->first = (view->first + 1) % SCREEN_PARTS;
	else if (screen_read_key(key, &view->sort))
		view->shows_help = false;
	return key != 'q';
}

/* Until the next round is due; false: to the end. */
static bool
attend(struct top *top)
{
	uint64_t until_ms = clock_ms() + top->interval_ms;

	for (;;) {
		char key;

		switch (terminal_wait(until_ms, &key)) {
		case TERMINAL_TIME:
			return true;
		case TERMINAL_END:
			return false;
		case TERMINAL_KEY:
			if (!take_key(&top->view, key))
				return false;
			if (key == ' ')
				return true;
			break;
		case TERMINAL_SIZE:
			break;
		}
		show(top);
	}
}

static void
show_rounds(struct top *top)
{
	terminal_open();
	do {
		look(top);
		show(top);
	} while (!is_last(top) && attend(top));
	terminal_close();
}

enum exit_code
top_main(const char *path, int argc, char **argv)
{
	struct top top = { .path = path, .fd = -1, .interval_ms = 2000 };
	enum exit_code code = EXIT_ANSWERED;

	if (!read_arguments(&top, argc, argv)) {
		print_usage(stderr);
		return EXIT_USAGE;
	}
	if (terminal_is_there())
		show_rounds(&top);
	else
		code = print_rounds(&top);
	hang_up(&top);
	snapshot_clear(&top.now);
	snapshot_clear(&top.before);
	return code;
}
