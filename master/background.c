#include "master/background.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "master/notify.h"
#include "shared/base.h"
#include "shared/log.h"

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

int
background_go(bool keeps_stderr)
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
	setsid();
	notify_new_process();
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0)
		fatal("cannot open /dev/null: %s", strerror(errno));
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	if (!keeps_stderr)
		dup2(null, STDERR_FILENO);
	close(null);
	return ends[1];
}

void
background_tell(int *waiting)
{
	if (*waiting < 0)
		return;
	if (write(*waiting, "", 1) < 0)
		log_debug("nobody waited for the start");
	close(*waiting);
	*waiting = -1;
}
