/*
 * confabd: reads its configuration, makes the house, goes to the background
 * when asked to, and leaves the rest to the supervisor.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "master/activation.h"
#include "master/background.h"
#include "master/dev_key.h"
#include "master/handover.h"
#include "master/house.h"
#include "master/needs.h"
#include "master/notify.h"
#include "master/premises.h"
#include "master/supervisor.h"
#include "master/trial.h"
#include "master/upgrade.h"
#include "shared/arena.h"
#include "shared/base.h"
#include "shared/config.h"
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

struct start {
	const struct wishes *wishes;
	struct house house;
	int waiting; /* for whom we serve; -1: nobody waits */
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
	struct start *start = self;

	if (start->wishes->dev)
		print_addresses(&start->house);
	background_tell(&start->waiting);
}

static int
run(struct start *start, const struct handover *handover)
{
	struct house *house = &start->house;
	const struct supervisor_needs needs = {
		.config = house->config,
		.premises = house->premises,
		.arena = house->arena,
		.listening = &house->listening,
		.logs_to_stderr = house->logs_to_stderr,
		.status_fd = house->status_fd,
		.handover = handover,
		.on_serving = on_serving,
		.self = start,
	};

	return supervisor_run(&needs);
}

static struct start
start_of(const struct wishes *wishes, struct config *config)
{
	return (struct start){
		.wishes = wishes,
		.house = { .config = config,
			.logs_to_stderr = wishes->foreground,
			.status_fd = -1 },
		.waiting = -1,
	};
}

static int
serve(const struct wishes *wishes, struct config *config)
{
	struct start start = start_of(wishes, config);
	int exit_code = 1;

	if (house_open(&start.house) == 0) {
		if (!wishes->foreground)
			start.waiting = background_go(
				strcmp(config->log_file, "stderr") == 0);
		if (premises_write_pid(start.house.premises) == 0)
			exit_code = run(&start, NULL);
	}
	house_close(&start.house);
	return exit_code;
}

/* Serves on with what the program before us has left. */
static int
serve_on(const struct wishes *wishes, struct handover *handover)
{
	struct config *config =
		config_read_text(handover->path ? handover->path : "--dev",
			buffer_text(&handover->config));
	struct start start = start_of(wishes, config);
	int exit_code = 1;

	if (!config)
		return 1;
	if (!handover->path) {
		free(config->path);
		config->path = NULL;
	}
	handover_close_on_exec(handover, true);
	if (house_inherit(&start.house, handover) == 0)
		exit_code = run(&start, handover);
	house_close(&start.house);
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
begin(const struct wishes *wishes)
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
		exit_code = begin(&wishes);
	}
	free(wishes.config_path);
	if (exit_code == SUPERVISOR_ANEW) {
		upgrade_execute_anew();
		return 1;
	}
	return exit_code;
}
