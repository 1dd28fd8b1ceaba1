#include "shared/bell.h"

#include <errno.h>
#include <stdatomic.h>
#include <unistd.h>

#include "shared/fence.h"
#include "shared/scoreboard.h"

void
bell_ring_if_asleep(const struct row *row, int bell_fd)
{
	fence_say_then_look();
	if (atomic_load_explicit(&row->is_asleep, memory_order_relaxed))
		bell_ring(bell_fd);
}

void
bell_ring(int bell_fd)
{
	uint64_t one = 1;
	ssize_t wrote;

	/* EAGAIN means that it already rings as loud as it can. */
	do
		wrote = write(bell_fd, &one, sizeof(one));
	while (wrote < 0 && errno == EINTR);
}

void
bell_fall_asleep(struct row *own)
{
	atomic_store_explicit(&own->is_asleep, 1, memory_order_relaxed);
	fence_say_then_look();
}

void
bell_wake_up(struct row *own)
{
	atomic_store_explicit(&own->is_asleep, 0, memory_order_relaxed);
}

void
bell_answer(int bell_fd)
{
	uint64_t count;
	ssize_t got;

	/* EAGAIN means that it did not ring. */
	do
		got = read(bell_fd, &count, sizeof(count));
	while (got < 0 && errno == EINTR);
}
