/*
 * confabd: reads its configuration, takes the premises, makes the arena and the
 * sockets, becomes the configured user, goes to the background when asked to,
 * and leaves the rest to the supervisor.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "master/activation.h"
#include "master/dev_key.h"
#include "master/handover.h"
#include "master/listeners.h"
#include "master/needs.h"
#include "master/notify.h"
#include "master/premises.h"
#include "master/supervisor.h"
#include "master/trial.h"
#include "master/upgrade.h"
#include "shared/address.h"
#include "shared/arena.h"
#include "shared/base.h"
#include "shared/config.h"
#include "shared/heritage.h"
#include "shared/log.h"
#include "shared/profiles.h"

#define DEFAULT_CONFIG "/etc/confab/confab.conf"
#define DEV_DIRECTORY "build/dev"

struct wishes {
	char *config_path; /* ours */
	bool foreground;
	bool test;
	bool dev;
	int arena; /* -t: can this one be shared? -1: none is asked about */
};

/* Everything that is made before the first fork. */
struct house {
	const struct wishes *wishes;
	struct config *config;
	struct premises *premises;
	struct arena *arena;
	struct listening listening;
	char *status_path;
	int status_fd;
	int parent; /* pipe to the process that waits until we serve; -1: none
		     */
};

static void
print_usage(FILE *to)
{
	fputs("usage: confabd [-c FILE] [-f] [-t] [-V] [--dev]\n"
	      "  -c FILE  configuration, otherwise " DEFAULT_CONFIG "\n"
	      "  -f       stay in the foreground and log to stderr\n"
	      "  -t       test the configuration and say whether it is good, "
	      "and\n"
	      "           what it would change of a server that runs\n"
	      "  -V       print the version\n"
	      "  --dev    no configuration: loopback only, all "
	      "below " DEV_DIRECTORY "\n",
		to);
}

static void
read_arguments(int argc, char **argv, struct wishes *wishes)
{
	static const struct option longs[] = {
		{ "arena", required_argument, NULL, 'a' },
		{ "dev", no_argument, NULL, 'd' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	int letter;

	*wishes = (struct wishes){ .arena = -1 };
	while ((letter = getopt_long(argc, argv, "c:fthV", longs, NULL)) != -1)
		switch (letter) {
		case 'c':
			free(wishes->config_path);
			wishes->config_path = base_strdup(optarg);
			break;
		case 'f':
			wishes->foreground = true;
			break;
		case 't':
			wishes->test = true;
			break;
		case 'd':
			wishes->dev = true;
			break;
		case 'a':
			wishes->arena = atoi(optarg);
			break;
		case 'V':
			puts("confabd " CONFAB_VERSION);
			exit(0);
		case 'h':
			print_usage(stdout);
			exit(0);
		default:
			print_usage(stderr);
			exit(2);
		}
	if (optind < argc || (wishes->dev && wishes->config_path)) {
		print_usage(stderr);
		exit(2);
	}
	if (!wishes->config_path)
		wishes->config_path = base_strdup(DEFAULT_CONFIG);
}

/* Which paths there are, confab-profiles(7) says. */
static void
print_sockets(const struct listener *listener)
{
	for (size_t i = 0; i < listener->profile_count; i++)
		if (profiles_number(listener->profiles[i]) == PROFILE_CONFAB)
			printf("websocket  ws://%s/chat\n", listener->address);
		else
			printf("%-10s ws://%s/\n", listener->profiles[i],
				listener->address);
}

static void
print_addresses(const struct house *house)
{
	const struct config *config = house->config;

	for (size_t i = 0; i < config->listener_count; i++) {
		const struct listener *listener = &config->listeners[i];

		if (listener->is_passage)
			continue;
		if (listener->role == LISTENER_WEBSOCKET)
			print_sockets(listener);
		else if (listener->pages)
			printf("chat page  http://%s/\n", listener->address);
		else
			printf("api        http://%s/\n", listener->address);
	}
	for (size_t i = 0; i < config->key_count; i++)
		printf("key        %s\n",
			strchr(config->keys[i].title, ':') + 1);
	printf("status     %s\n", house->status_path);
	fflush(stdout);
}

static void
on_serving(void *self)
{
	struct house *house = self;

	if (house->wishes->dev)
		print_addresses(house);
	if (house->parent >= 0) {
		if (write(house->parent, "", 1) < 0)
			log_debug("nobody waited for the start");
		close(house->parent);
		house->parent = -1;
	}
}

/* Waits in the process that was started, until the server serves. */
_Noreturn static void
wait_for_server(int fd, pid_t pid)
{
	char byte;
	int status = 0;

	if (read(fd, &byte, 1) == 1)
		_exit(0);
	waitpid(pid, &status, 0);
	fputs("confabd: could not start, see the log\n", stderr);
	_exit(WIFEXITED(status) && WEXITSTATUS(status) != 0
			? WEXITSTATUS(status)
			: 1);
}

static void
go_to_background(struct house *house)
{
	int ends[2], null;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		fatal("cannot make a pipe: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		fatal("cannot go to the background: %s", strerror(errno));
	if (pid > 0) {
		close(ends[1]);
		wait_for_server(ends[0], pid);
	}
	close(ends[0]);
	house->parent = ends[1];
	setsid();
	notify_new_process();
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0)
		fatal("cannot open /dev/null: %s", strerror(errno));
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	if (strcmp(house->config->log_file, "stderr") != 0)
		dup2(null, STDERR_FILENO);
	close(null);
}

/* The group may look; without rights to give it, nobody else may. */
static void
share_status_socket(const struct house *house)
{
	const struct group *group = NULL;

	if (house->config->group[0] != 0)
		group = getgrnam(house->config->group);
	if (group && chown(house->status_path, (uid_t)-1, group->gr_gid) < 0)
		log_debug("%s stays with our own group: %s", house->status_path,
			strerror(errno));
}

static int
open_status(struct house *house)
{
	must(asprintf(&house->status_path, "%s/status.sock",
		     house->config->run_dir) >= 0);
	house->status_fd = listeners_open_unix(house->status_path, 0660);
	if (house->status_fd < 0) {
		log_error("status socket %s: %s", house->status_path,
			strerror(errno));
		return -1;
	}
	share_status_socket(house);
	return premises_own(house->premises, house->status_path);
}

/* Whose the path of a given one is, who gave it has decided. */
static int
own_listeners(const struct house *house)
{
	const struct config *config = house->config;

	for (size_t i = 0; i < house->listening.count; i++) {
		const struct heritage_socket *socket =
			&house->listening.sockets[i];
		struct address address;

		must(address_read(
			config->listeners[socket->listener].address, &address));
		premises_own_socket(house->premises, socket->fd);
		if (address_is_unix(&address) && !socket->is_given &&
			premises_own(house->premises, address_path(&address)) <
				0)
			return -1;
	}
	return 0;
}

static int
open_log(const struct house *house)
{
	const struct config *config = house->config;
	bool is_file = !house->wishes->foreground &&
		       strcmp(config->log_file, "stderr") != 0;

	if (log_open(is_file ? config->log_file : NULL,
		    (enum log_level)config->log_level,
		    (enum log_format)config->log_format) < 0) {
		log_error("log file %s: %s", config->log_file, strerror(errno));
		return -1;
	}
	return is_file ? premises_own(house->premises, config->log_file) : 0;
}

static int
house_open(struct house *house)
{
	struct arena_shape shape;

	house->premises = premises_open(house->config);
	if (!house->premises)
		return -1;
	supervisor_shape(house->config, &shape, house->listening.is_on);
	if (listeners_open(house->config, &shape,
		    premises_was_crash(house->premises), &house->listening) < 0)
		return -1;
	house->arena = arena_create(&shape);
	if (!house->arena || open_status(house) < 0 ||
		own_listeners(house) < 0 || open_log(house) < 0)
		return -1;
	return premises_drop_rights(house->premises);
}

static void
house_close(struct house *house)
{
	arena_free(&house->arena);
	listeners_close(house->config, &house->listening);
	if (house->status_fd >= 0)
		unlink(house->status_path);
	free(house->status_path);
	if (house->premises)
		premises_close(&house->premises);
	config_free(&house->config);
}

static int
run(struct house *house, const struct handover *handover)
{
	const struct supervisor_needs needs = {
		.config = house->config,
		.premises = house->premises,
		.arena = house->arena,
		.listening = &house->listening,
		.logs_to_stderr = house->wishes->foreground,
		.status_fd = house->status_fd,
		.handover = handover,
		.on_serving = on_serving,
		.self = house,
	};

	return supervisor_run(&needs);
}

static int
serve(const struct wishes *wishes, struct config *config)
{
	struct house house = { .wishes = wishes,
		.config = config,
		.status_fd = -1,
		.parent = -1 };
	int exit_code = 1;

	if (house_open(&house) == 0) {
		if (!wishes->foreground)
			go_to_background(&house);
		if (premises_write_pid(house.premises) == 0)
			exit_code = run(&house, NULL);
	}
	house_close(&house);
	return exit_code;
}

/* After an upgrade: everything is there. */
static int
house_inherit(struct house *house, struct handover *handover)
{
	house->arena = arena_attach(handover->arena);
	if (!house->arena)
		return -1;
	house->premises = premises_inherit(house->config, handover->run_lock,
		handover->data_lock, handover->writers_lock);
	house->listening = handover->listening;
	handover->listening.sockets = NULL;
	handover->listening.count = 0;
	house->status_fd = handover->status;
	must(asprintf(&house->status_path, "%s/status.sock",
		     house->config->run_dir) >= 0);
	return open_log(house);
}

/* Serves on with what the program before us has left. */
static int
serve_on(const struct wishes *wishes, struct handover *handover)
{
	struct house house = { .wishes = wishes,
		.config = config_read_text(
			handover->path ? handover->path : "--dev",
			buffer_text(&handover->config)),
		.parent = -1,
		.status_fd = -1 };
	int exit_code = 1;

	if (!house.config)
		return 1;
	if (!handover->path) {
		free(house.config->path);
		house.config->path = NULL;
	}
	handover_close_on_exec(handover, true);
	if (house_inherit(&house, handover) == 0)
		exit_code = run(&house, handover);
	house_close(&house);
	return exit_code;
}

/* libbsd takes the end of argv[0] for the end of the command line, which leaves
 * a stray dot in ps behind a short title; so the arguments are joined first. */
static void
take_command_line(int argc, char **argv, char **envp)
{
	for (int i = 1; i < argc; i++)
		argv[i][-1] = ' ';
	setprogname("confabd");
	setproctitle_init(argc, argv, envp);
}

/* Answers -t. A program that runs asks also whether we could go on with its
 * arena; its user was found long ago. */
static int
say_whether_good(const struct wishes *wishes, struct config **config)
{
	bool is_good = wishes->arena >= 0 || premises_has_user(*config);
	struct arena *arena;

	if (is_good)
		puts("the configuration is good");
	if (is_good && wishes->arena < 0)
		trial_compare(*config);
	config_free(config);
	if (!is_good || wishes->arena < 0)
		return is_good ? 0 : 1;
	arena = arena_attach(wishes->arena);
	if (!arena)
		return UPGRADE_OTHER_LAYOUT;
	arena_free(&arena);
	return 0;
}

/* What a program before us left for us; NULL: there was none. */
static struct handover *
find_handover(void)
{
	const char *number = getenv(UPGRADE_VARIABLE);
	int fd = number ? atoi(number) : -1;

	unsetenv(UPGRADE_VARIABLE);
	return fd >= 0 ? handover_read(fd) : NULL;
}

static int
start(const struct wishes *wishes)
{
	struct config *config;

	if (wishes->dev && !wishes->test)
		dev_key_make(DEV_DIRECTORY CONFIG_DEV_KEY);
	config = wishes->dev ? config_dev(DEV_DIRECTORY, "web", "sql")
			     : config_read(wishes->config_path);
	if (!config)
		return 1;
	if (wishes->test)
		return say_whether_good(wishes, &config);
	setproctitle("master");
	notify_open();
	if (activation_open() < 0 || activation_check(config) < 0) {
		config_free(&config);
		return 1;
	}
	return serve(wishes, config);
}

int
main(int argc, char **argv, char **envp)
{
	struct handover *handover = find_handover();
	struct wishes wishes;
	int exit_code;

	upgrade_remember(argv);
	read_arguments(argc, argv, &wishes);
	take_command_line(argc, argv, envp);
	umask(0027);
	log_set_name("master");
	if (handover) {
		setproctitle("master");
		notify_open();
		activation_open();
		exit_code = serve_on(&wishes, handover);
		handover_free(&handover);
	} else {
		exit_code = start(&wishes);
	}
	free(wishes.config_path);
	if (exit_code == SUPERVISOR_ANEW) {
		upgrade_execute_anew();
		return 1;
	}
	return exit_code;
}
