#include "shared/thread.h"

#include <errno.h>
#include <signal.h>

bool
thread_start(pthread_t *thread, void *(*run)(void *self), void *self)
{
	sigset_t all, before;
	int code;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	code = pthread_create(thread, NULL, run, self);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = code;
	return code == 0;
}
