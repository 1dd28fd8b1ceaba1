#include "master/upgrade.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "master/activation.h"
#include "master/handover.h"
#include "master/notify.h"
#include "master/premises.h"
#include "master/supervisor_inside.h"
#include "shared/arena.h"
#include "shared/base.h"
#include "shared/config.h"
#include "shared/log.h"

/* Of what the asked program has to say. */
#define WORDS_BYTES_MAX 8192

static struct {
	char *path;
	char **arguments;
	size_t count;
} program;

void
upgrade_remember(char **argv)
{
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

	while (argv[program.count])
		program.count++;
	program.arguments =
		base_alloc_zeroed(program.count + 8, sizeof(char *));
	for (size_t i = 0; i < program.count; i++)
		program.arguments[i] = base_strdup(argv[i]);
	path[length > 0 ? length : 0] = 0;
	program.path = base_strdup(length > 0 ? path : argv[0]);
}

static void
describe_children(
	const struct supervisor *supervisor, struct handover *handover)
{
	for (unsigned i = 0; i < supervisor->count; i++) {
		const struct child *child = &supervisor->children[i];

		handover->children[i] = (struct handover_child){
			.pid = child->pid,
			.life = child->life,
			.state = child->state,
			.was_healthy = child->was_healthy,
			.line = child->line,
			.since_ms = child->since_ms,
			.started_ms = child->started_ms,
		};
	}
}

/* What we would hand over; all of it stays ours. */
static struct handover *
describe(const struct supervisor *supervisor)
{
	const struct supervisor_needs *needs = &supervisor->needs;
	struct handover *handover = base_alloc_zeroed(1, sizeof(*handover));

	handover->arena = arena_fd(needs->arena);
	handover->status = needs->status_fd;
	premises_locks(needs->premises, &handover->run_lock,
		&handover->data_lock, &handover->writers_lock);
	handover->generation = supervisor->heritage.generation;
	handover->started_ms = supervisor->started_ms;
	handover->has_taken_over = supervisor->has_taken_over;
	handover->path = needs->config->path;
	config_write(needs->config, &handover->config);
	handover->listening = *needs->listening;
	describe_children(supervisor, handover);
	return handover;
}

static void
forget(struct handover **handover)
{
	buffer_fini(&(*handover)->config);
	free(*handover);
	*handover = NULL;
}

/* In the child: the program tests the configuration and our arena. */
_Noreturn static void
ask(const struct supervisor *supervisor, int words)
{
	size_t count = program.count;
	char number[16];
	sigset_t none;

	notify_shed();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	snprintf(number, sizeof(number), "%d",
		arena_fd(supervisor->needs.arena));
	program.arguments[count++] = "-t";
	program.arguments[count++] = "--arena";
	program.arguments[count++] = number;
	program.arguments[count] = NULL;
	dup2(words, STDOUT_FILENO);
	dup2(words, STDERR_FILENO);
	execv(program.path, program.arguments);
	fprintf(stderr, "%s: %s\n", program.path, strerror(errno));
	_exit(1);
}

bool
upgrade_begin(struct supervisor *supervisor)
{
	struct upgrade *upgrade = &supervisor->upgrade;

	if (upgrade->asked != 0 || supervisor->ending.is_on ||
		!supervisor->is_complete || upgrade->is_renewing) {
		log_warning("no upgrade now: the server starts, ends, or is "
			    "being upgraded");
		return false;
	}
	upgrade->words = memfd_create("words", MFD_CLOEXEC);
	fflush(NULL);
	upgrade->asked = upgrade->words < 0 ? -1 : fork();
	if (upgrade->asked == 0)
		ask(supervisor, upgrade->words);
	if (upgrade->asked < 0) {
		log_error("cannot ask %s: %s", program.path, strerror(errno));
		upgrade->asked = 0;
		return false;
	}
	log_info("upgrade: asking %s", program.path);
	return true;
}

static void
log_words(int fd)
{
	char words[WORDS_BYTES_MAX + 1];
	ssize_t length = pread(fd, words, WORDS_BYTES_MAX, 0);

	words[length > 0 ? length : 0] = 0;
	for (char *line = strtok(words, "\n"); line; line = strtok(NULL, "\n"))
		log_error("upgrade: %s", line);
}

/* Signals wait until the new program hears them. */
static void
execute(const struct supervisor *supervisor)
{
	struct handover *handover = describe(supervisor);
	int fd = handover_write(handover);
	char number[16];
	sigset_t all, before;

	if (fd >= 0) {
		snprintf(number, sizeof(number), "%d", fd);
		setenv(UPGRADE_VARIABLE, number, 1);
		log_info("upgrade: %s takes over", program.path);
		log_finish();
		fflush(NULL);
		handover_close_on_exec(handover, false);
		activation_hand_over(true);
		sigfillset(&all);
		sigprocmask(SIG_SETMASK, &all, &before);
		execv(program.path, program.arguments);
		log_error("upgrade: %s: %s", program.path, strerror(errno));
		sigprocmask(SIG_SETMASK, &before, NULL);
		activation_hand_over(false);
		handover_close_on_exec(handover, true);
		unsetenv(UPGRADE_VARIABLE);
		close(fd);
	}
	forget(&handover);
}

bool
upgrade_on_end(struct supervisor *supervisor, pid_t pid, int status)
{
	struct upgrade *upgrade = &supervisor->upgrade;
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : 1;

	if (upgrade->asked == 0 || pid != upgrade->asked)
		return false;
	upgrade->asked = 0;
	if (code == UPGRADE_OTHER_LAYOUT) {
		log_warning("upgrade: %s lays its memory out in another way: "
			    "all clients are sent away first",
			program.path);
		upgrade->is_anew = true;
	} else if (code != 0) {
		log_words(upgrade->words);
		log_error("upgrade: %s cannot take over, so this one stays",
			program.path);
	}
	close(upgrade->words);
	if (code == 0 && !supervisor->ending.is_on)
		execute(supervisor);
	return true;
}

void
upgrade_execute_anew(void)
{
	log_info("upgrade: %s starts", program.path);
	log_finish();
	activation_hand_over(true);
	fflush(NULL);
	execv(program.path, program.arguments);
	log_error("upgrade: %s: %s", program.path, strerror(errno));
}
