#include "worker/gateway/recovery.h"

#include <stdlib.h>

#include "shared/base.h"
#include "shared/records.h"

/* What an answer adds to a packed message: the names of members. */
#define NAMES_BYTES 100

struct recovery *
recovery_new(uint64_t epoch, uint64_t last, size_t answer_bytes_max)
{
	struct recovery *recovery = base_alloc_zeroed(1, sizeof(*recovery));

	recovery->epoch = epoch;
	recovery->began = recovery->last = last;
	recovery->answer_bytes_max = answer_bytes_max;
	return recovery;
}

void
recovery_free(struct recovery **recovery)
{
	if (!*recovery)
		return;
	buffer_fini(&(*recovery)->messages);
	free(*recovery);
	*recovery = NULL;
}

void
recovery_begin(struct recovery *recovery, uint64_t epoch, uint64_t read)
{
	if (!recovery->is_unread)
		return;
	recovery->is_unread = false;
	recovery->epoch = epoch;
	recovery->began = recovery->last = read;
}

void
recovery_enter(struct recovery *recovery, uint64_t epoch, uint64_t began)
{
	if (recovery->is_of_other || recovery->epoch == 0)
		return;
	recovery->is_of_other = true;
	recovery->seek = 0;
	recovery->epoch = epoch;
	recovery->began = recovery->last = began;
}

void
recovery_give_up(struct recovery *recovery)
{
	buffer_fini(&recovery->messages);
	recovery->messages = (struct buffer){ 0 };
	recovery->epoch = 0;
	recovery->seek = 0;
	recovery->began = recovery->last = 0;
	recovery->count = 0;
	recovery->answer_bytes = 0;
}

/* Does the page begin right behind what we have? */
static bool
follows(const struct recovery *recovery, const struct page *page)
{
	return page->epoch == recovery->epoch &&
	       page->first == recovery->last + 1 && page->last >= page->first &&
	       page->count <= page->last - recovery->last;
}

void
recovery_add(struct recovery *recovery, const struct page *page)
{
	size_t bytes =
		page->messages.length + (size_t)page->count * NAMES_BYTES;

	if (!follows(recovery, page) ||
		page->last - recovery->last > recovery_wanted(recovery) ||
		bytes > recovery->answer_bytes_max - recovery->answer_bytes) {
		recovery_give_up(recovery);
		return;
	}
	buffer_add_text(&recovery->messages, page->messages);
	recovery->answer_bytes += bytes;
	recovery->count += page->count;
	recovery->last = page->last;
}

bool
recovery_may_reach(const struct recovery *recovery, uint64_t offset)
{
	return recovery->epoch != 0 &&
	       offset - recovery->last <= recovery_wanted(recovery);
}

uint64_t
recovery_wanted(const struct recovery *recovery)
{
	return RECOVERY_MESSAGES_MAX - (recovery->last - recovery->began);
}
