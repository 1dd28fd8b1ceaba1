/*
 * For tests of who comes back to a gateway: the stream that he comes back to,
 * and what ledger and historian tell of it.
 */
#ifndef TESTS_UNIT_RECOVERY_FIXTURE_H
#define TESTS_UNIT_RECOVERY_FIXTURE_H

#include "shared/message.h"
#include "tests/unit/gateway_talk.h"
#include "worker/gateway/recovery.h"

#define EPOCH 77
#define ITS_TIME (UINT64_C(1700000000000) << 16)

/* Instead of room r everybody comes back to the inbox of u. */
static bool is_inbox;

static struct message
message_at(uint64_t offset)
{
	return (struct message){
		.id_time = ITS_TIME + offset,
		.kind = is_inbox ? STREAM_INBOX : STREAM_ROOM,
		.tenant = TEXT_LITERAL("default"),
		.stream = is_inbox ? TEXT_LITERAL("u") : TEXT_LITERAL("r"),
		.epoch = EPOCH,
		.offset = offset,
		.from = is_inbox ? TEXT_LITERAL("u") : TEXT_LITERAL("x"),
		.type = TEXT_LITERAL("t"),
		.body = TEXT_LITERAL("1"),
	};
}

/* Both counted in; static. */
static struct text
packed(uint64_t first, uint64_t last)
{
	static struct buffer all, one;

	buffer_clear(&all, SIZE_MAX);
	for (uint64_t offset = first; offset <= last; offset++) {
		struct message message = message_at(offset);

		buffer_clear(&one, SIZE_MAX);
		message_pack(&one, &message);
		pack_text(&all, buffer_text(&one));
	}
	return buffer_text(&all);
}

static void
tell_page(uint64_t request, uint64_t first, uint64_t last)
{
	fixture_tell(PAGE, page_pack,
		(struct page){
			.request = request,
			.epoch = EPOCH,
			.first = first,
			.last = last,
			.count = first ? last - first + 1 : 0,
			.messages = packed(first ? first : 1, last),
		});
}

#endif
