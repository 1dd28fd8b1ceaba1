#include "master/premises.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base.h"
#include "shared/config.h"
#include "shared/log.h"

#define LOCK_FILE "confabd.lock"
#define WRITERS_FILE "writers.lock"
#define PID_FILE "confabd.pid"

struct premises {
	const struct config *config;
	int run_lock, data_lock;
	int writers_lock; /* opened here, inherited by those who write */
	uid_t uid;        /* to become */
	gid_t gid;
	bool is_changing; /* root, and a user is configured */
	bool was_crash;
	char *pid_path;
};

static int
make_directory(const char *path, mode_t mode)
{
	char *copy = base_strdup(path);
	int result = 0;

	for (char *slash = copy + 1; result == 0; slash++) {
		slash = strchr(slash, '/');
		if (slash)
			*slash = 0;
		if (mkdir(copy, slash ? 0755 : mode) < 0 && errno != EEXIST) {
			log_error("cannot make the directory %s: %s", copy,
				strerror(errno));
			result = -1;
		}
		if (!slash)
			break;
		*slash = '/';
	}
	free(copy);
	return result;
}

static int
open_lock(const char *directory, const char *name)
{
	char *path;
	int fd;

	must(asprintf(&path, "%s/%s", directory, name) >= 0);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (fd < 0)
		log_error("cannot write in %s: %s", directory, strerror(errno));
	free(path);
	return fd;
}

static int
lock_directory(const char *directory)
{
	int fd = open_lock(directory, LOCK_FILE);

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	if (errno == EWOULDBLOCK)
		log_error("%s is in use by another confabd", directory);
	else
		log_error("cannot lock %s: %s", directory, strerror(errno));
	close(fd);
	return -1;
}

bool
premises_take_over(const struct premises *premises)
{
	return flock(premises->writers_lock, LOCK_EX | LOCK_NB) == 0;
}

static int
find_user(struct premises *premises)
{
	const struct config *config = premises->config;
	const struct passwd *user;
	const struct group *group;

	if (geteuid() != 0 || config->user[0] == 0)
		return 0;
	user = getpwnam(config->user);
	if (!user) {
		log_error("there is no user '%s' on this machine to become: "
			  "make one, or set user in the configuration",
			config->user);
		return -1;
	}
	premises->uid = user->pw_uid;
	premises->gid = user->pw_gid;
	if (config->group[0] != 0) {
		group = getgrnam(config->group);
		if (!group) {
			log_error("there is no group '%s' on this machine",
				config->group);
			return -1;
		}
		premises->gid = group->gr_gid;
	}
	premises->is_changing = true;
	return 0;
}

bool
premises_has_user(const struct config *config)
{
	struct premises premises = { .config = config };

	return find_user(&premises) == 0;
}

int
premises_own(const struct premises *premises, const char *path)
{
	if (!premises->is_changing)
		return 0;
	if (lchown(path, premises->uid, premises->gid) < 0) {
		log_error("cannot give %s to user %s: %s", path,
			premises->config->user, strerror(errno));
		return -1;
	}
	return 0;
}

void
premises_own_socket(const struct premises *premises, int fd)
{
	if (premises->is_changing &&
		fchown(fd, premises->uid, premises->gid) < 0)
		log_debug("a socket stays with root: %s", strerror(errno));
}

static int
settle(struct premises *premises)
{
	const struct config *config = premises->config;

	if (find_user(premises) < 0 ||
		make_directory(config->run_dir, 0755) < 0 ||
		make_directory(config->data_dir, 0750) < 0)
		return -1;
	premises->run_lock = lock_directory(config->run_dir);
	if (premises->run_lock < 0)
		return -1;
	premises->data_lock = lock_directory(config->data_dir);
	if (premises->data_lock < 0)
		return -1;
	premises->writers_lock = open_lock(config->data_dir, WRITERS_FILE);
	if (premises->writers_lock < 0)
		return -1;
	premises->was_crash = access(premises->pid_path, F_OK) == 0;
	if (premises_own(premises, config->run_dir) < 0 ||
		premises_own(premises, config->data_dir) < 0)
		return -1;
	return 0;
}

struct premises *
premises_open(const struct config *config)
{
	struct premises *premises = base_alloc_zeroed(1, sizeof(*premises));

	premises->config = config;
	premises->run_lock = -1;
	premises->data_lock = -1;
	premises->writers_lock = -1;
	must(asprintf(&premises->pid_path, "%s/%s", config->run_dir,
		     PID_FILE) >= 0);
	if (settle(premises) < 0) {
		premises_shed(premises, false);
		free(premises->pid_path);
		free(premises);
		return NULL;
	}
	return premises;
}

struct premises *
premises_inherit(const struct config *config, int run_lock, int data_lock,
	int writers_lock)
{
	const int fds[] = { run_lock, data_lock, writers_lock };
	struct premises *premises = base_alloc_zeroed(1, sizeof(*premises));

	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		fcntl(fds[i], F_SETFD, FD_CLOEXEC);
	premises->config = config;
	premises->run_lock = run_lock;
	premises->data_lock = data_lock;
	premises->writers_lock = writers_lock;
	must(asprintf(&premises->pid_path, "%s/%s", config->run_dir,
		     PID_FILE) >= 0);
	return premises;
}

void
premises_locks(const struct premises *premises, int *run_lock, int *data_lock,
	int *writers_lock)
{
	*run_lock = premises->run_lock;
	*data_lock = premises->data_lock;
	*writers_lock = premises->writers_lock;
}

void
premises_shed(const struct premises *premises, bool is_writer)
{
	if (premises->run_lock >= 0)
		close(premises->run_lock);
	if (premises->data_lock >= 0)
		close(premises->data_lock);
	if (premises->writers_lock >= 0 && !is_writer)
		close(premises->writers_lock);
}

void
premises_close(struct premises **premises)
{
	unlink((*premises)->pid_path);
	premises_shed(*premises, false);
	free((*premises)->pid_path);
	free(*premises);
	*premises = NULL;
}

bool
premises_was_crash(const struct premises *premises)
{
	return premises->was_crash;
}

int
premises_drop_rights(const struct premises *premises)
{
	if (!premises->is_changing)
		return 0;
	if (initgroups(premises->config->user, premises->gid) < 0 ||
		setgid(premises->gid) < 0 || setuid(premises->uid) < 0) {
		log_error("cannot become user %s: %s", premises->config->user,
			strerror(errno));
		return -1;
	}
	return 0;
}

int
premises_write_pid(const struct premises *premises)
{
	char text[32];
	int length = snprintf(text, sizeof(text), "%d\n", (int)getpid());
	int fd = open(premises->pid_path,
		O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, (size_t)length) != length) {
		log_error("cannot write %s: %s", premises->pid_path,
			strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	close(fd);
	return 0;
}
