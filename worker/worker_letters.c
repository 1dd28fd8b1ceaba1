/*
 * How roles post letters, and how far those of others have been read.
 */
#include "shared/arena.h"
#include "shared/letter.h"
#include "worker/inbox.h"
#include "worker/peers.h"
#include "worker/post.h"
#include "worker/worker.h"
#include "worker/worker_inside.h"

bool
worker_is_current(const struct worker *worker, unsigned slot, uint32_t life)
{
	return peers_is_current(worker->heritage->arena, slot, life);
}

bool
worker_offer(struct worker *worker, unsigned to, struct letter *letter)
{
	return post_offer(worker->post, to, letter);
}

void
worker_send(struct worker *worker, unsigned to, struct letter *letter)
{
	post_send(worker->post, to, letter);
}

uint64_t
worker_overflow(const struct worker *worker)
{
	return post_waiting(worker->post);
}

uint64_t
worker_overflow_of(const struct worker *worker, unsigned slot)
{
	return post_waiting_for(worker->post, slot);
}

uint64_t
worker_delayed(const struct worker *worker, unsigned slot)
{
	return post_delayed(worker->post, slot);
}

bool
worker_is_behind(const struct worker *worker)
{
	return !inbox_is_empty(worker->inbox);
}

uint64_t
worker_letter_end(const struct worker *worker)
{
	return inbox_letter_end(worker->inbox);
}

void
worker_release(struct worker *worker, unsigned from, uint64_t position)
{
	inbox_release(worker->inbox, from, position);
}

uint64_t
worker_position(const struct worker *worker, unsigned from)
{
	return inbox_position(worker->inbox, from);
}

void
worker_decide(struct worker *worker)
{
	inbox_decide(worker->inbox);
}

uint64_t
worker_decided(const struct worker *worker, unsigned from)
{
	return inbox_decided(worker->inbox, from);
}
