/*
 * Signals are blocked but while we wait, so that none is missed between a look
 * at the flags and the wait.
 */
#include "master/ctl/terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/clock.h"

#define ENTER "\033[?1049h\033[?25l"
#define LEAVE "\033[?25h\033[?1049l"
#define HOME "\033[H"
#define CLEAR_LINE "\033[K"
#define CLEAR_BELOW "\033[J"

#define USUAL_WIDTH 80
#define USUAL_HEIGHT 24

static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGWINCH };

static struct termios before;
static sigset_t while_waiting;
static volatile sig_atomic_t is_ending, has_new_size;

static void
on_signal(int number)
{
	if (number == SIGWINCH)
		has_new_size = 1;
	else
		is_ending = 1;
}

static void
say(struct text words)
{
	while (words.length > 0) {
		ssize_t part = write(STDOUT_FILENO, words.at, words.length);

		if (part < 0 && errno != EINTR) {
			is_ending = 1;
			return;
		}
		if (part > 0) {
			words.at += part;
			words.length -= (size_t)part;
		}
	}
}

bool
terminal_is_there(void)
{
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

static void
take_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t ours;

	sigemptyset(&ours);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
		sigaction(signals[i], &action, NULL);
		sigaddset(&ours, signals[i]);
	}
	sigprocmask(SIG_BLOCK, &ours, &while_waiting);
}

void
terminal_open(void)
{
	struct termios own;

	take_signals();
	tcgetattr(STDIN_FILENO, &before);
	own = before;
	own.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	own.c_cc[VMIN] = 1;
	own.c_cc[VTIME] = 0;
	own.c_cc[VSUSP] = _POSIX_VDISABLE;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &own);
	say(TEXT_LITERAL(ENTER));
}

void
terminal_close(void)
{
	say(TEXT_LITERAL(LEAVE));
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
}

void
terminal_measure(unsigned *width, unsigned *height)
{
	struct winsize size = { 0 };

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	*width = size.ws_col > 0 ? size.ws_col : USUAL_WIDTH;
	*height = size.ws_row > 0 ? size.ws_row : USUAL_HEIGHT;
}

/* A line break behind the last line would scroll. */
void
terminal_show(struct text lines)
{
	struct buffer out = { 0 };

	buffer_add_string(&out, HOME);
	for (size_t i = 0; i < lines.length; i++) {
		if (lines.at[i] != '\n') {
			buffer_add_byte(&out, (uint8_t)lines.at[i]);
			continue;
		}
		buffer_add_string(&out, CLEAR_LINE);
		if (i + 1 < lines.length)
			buffer_add_string(&out, "\r\n");
	}
	buffer_add_string(&out, CLEAR_BELOW);
	say(buffer_text(&out));
	buffer_fini(&out);
}

enum terminal_event
terminal_wait(uint64_t until_ms, char *key)
{
	uint64_t now_ms = clock_ms();
	uint64_t left_ms = until_ms - MIN_OF(now_ms, until_ms);
	struct timespec left = { .tv_sec = (time_t)(left_ms / 1000),
		.tv_nsec = (long)(left_ms % 1000) * 1000000 };
	struct pollfd input = { STDIN_FILENO, POLLIN, 0 };
	int ready = ppoll(&input, 1, &left, &while_waiting);

	if (is_ending)
		return TERMINAL_END;
	if (has_new_size) {
		has_new_size = 0;
		return TERMINAL_SIZE;
	}
	if (ready > 0)
		return read(STDIN_FILENO, key, 1) == 1 ? TERMINAL_KEY
						       : TERMINAL_END;
	return TERMINAL_TIME;
}
