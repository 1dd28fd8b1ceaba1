#include "shared/bell.h"

#include <errno.h>
#include <stdatomic.h>
#include <unistd.h>

#include "shared/scoreboard.h"

/* gcc warns that its thread sanitizer does not follow fences. Nothing is lost:
 * what a letter holds is ordered by the ring, the fence only orders the flag.
 */
#if defined(__SANITIZE_THREAD__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wtsan"
#endif

void
bell_ring_if_asleep(const struct row *row, int bell_fd)
{
	atomic_thread_fence(memory_order_seq_cst);
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
	atomic_thread_fence(memory_order_seq_cst);
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
