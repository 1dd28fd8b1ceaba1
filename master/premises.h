/*
 * What a server needs of the machine before it can serve: its directories, the
 * locks that keep a second one out, the pid file, and the user to become. All
 * errors are logged as one sentence each.
 */
#ifndef MASTER_PREMISES_H
#define MASTER_PREMISES_H

#include <stdbool.h>

struct config;
struct premises;

/* Makes run_dir and data_dir where they are missing and locks both; NULL when
 * that is not possible. The configuration is borrowed for life. */
struct premises *premises_open(const struct config *config);

/* The same for what a program before us had, after an upgrade: takes the locks
 * that it held. */
struct premises *premises_inherit(const struct config *config, int run_lock,
	int data_lock, int writers_lock);

/* The descriptors that hold the locks. */
void premises_locks(const struct premises *premises, int *run_lock,
	int *data_lock, int *writers_lock);

/* Is the user to become, and the group, there? Touches nothing. */
bool premises_has_user(const struct config *config);

/* Removes the pid file and gives up the locks. */
void premises_close(struct premises **premises);

/* Takes the lock of those who write below data_dir; false while processes of a
 * server whose master died still hold it. */
bool premises_take_over(const struct premises *premises);

/* In a child: lets go of the locks, which are the master's alone; but who
 * writes below data_dir keeps that one lock to its end. */
void premises_shed(const struct premises *premises, bool is_writer);

/* Did the server before this one end without cleaning up? */
bool premises_was_crash(const struct premises *premises);

/* As root, with a user configured: becomes that user. */
int premises_drop_rights(const struct premises *premises);

/* Gives a file to the user and group that will serve; as root only. */
int premises_own(const struct premises *premises, const char *path);

/* The same for a listening socket: beside it only its owner may bind others. */
void premises_own_socket(const struct premises *premises, int fd);

int premises_write_pid(const struct premises *premises);

#endif
