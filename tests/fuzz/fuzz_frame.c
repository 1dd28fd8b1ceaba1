/*
 * The frame parser. The first byte says how the rest is cut into reads; the
 * events must be the same as when it comes at once.
 */
#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "worker/gateway/frame.h"

#define LIMIT 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
note(struct buffer *log, enum frame_event event, const struct frame *frame)
{
	buffer_add_byte(log, (uint8_t)event);
	buffer_add(log, &frame->close_code, sizeof(frame->close_code));
	buffer_add(log, &frame->length, sizeof(frame->length));
	buffer_add(log, frame->data, frame->length);
}

static void
check(enum frame_event event, const struct frame *frame)
{
	struct text text = { (const char *)frame->data, frame->length };

	must(frame->length <= LIMIT);
	if (event == FRAME_TEXT || event == FRAME_CLOSE)
		must(text_is_utf8(text));
	if (event == FRAME_PING || event == FRAME_PONG)
		must(frame->length <= 125);
	if (event == FRAME_CLOSE)
		must(frame->close_code >= 1000 && frame->close_code < 5000);
}

static struct buffer
events_of(const uint8_t *data, size_t size, size_t step)
{
	struct frame_reader reader = { 0 };
	struct buffer log = { 0 };
	enum frame_event event = FRAME_NEED_MORE;

	while (size && event == FRAME_NEED_MORE) {
		size_t count = MIN_OF(step, size);
		uint8_t *copy = base_alloc(count);
		uint8_t *at = copy;
		const struct frame_rules rules = { .limit = LIMIT };
		struct frame frame;

		memcpy(copy, data, count);
		do {
			event = frame_read(
				&reader, &at, copy + count, &rules, &frame);
			if (event != FRAME_NEED_MORE)
				note(&log, event, &frame);
			check(event, &frame);
		} while (event != FRAME_NEED_MORE && event != FRAME_CLOSE &&
			 event != FRAME_BAD);
		free(copy);
		data += count;
		size -= count;
	}
	frame_reader_fini(&reader);
	return log;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer whole, cut;

	if (size < 2)
		return 0;
	whole = events_of(data + 1, size - 1, size);
	cut = events_of(data + 1, size - 1, 1 + data[0] % 64);
	must(whole.length == cut.length);
	if (whole.length)
		must(memcmp(whole.data, cut.data, whole.length) == 0);
	buffer_fini(&whole);
	buffer_fini(&cut);
	return 0;
}
