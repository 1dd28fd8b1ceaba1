/*
 * The fence of those who first say something in shared memory and then look
 * what others said there: of two who do so at once, at least one sees the
 * other.
 */
#ifndef SHARED_FENCE_H
#define SHARED_FENCE_H

#include <stdatomic.h>

/* gcc warns that its thread sanitizer does not follow fences. Nothing is lost:
 * data is ordered by the words it is stored and loaded with. */
#if defined(__SANITIZE_THREAD__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wtsan"
#endif

/* Between what is said and the look; everybody has one. */
static inline void
fence_say_then_look(void)
{
	atomic_thread_fence(memory_order_seq_cst);
}

#if defined(__SANITIZE_THREAD__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#endif
