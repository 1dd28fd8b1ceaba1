/*
 * The reader of HTTP heads. Where a head ends must not depend on how it comes,
 * and everything it names must lie inside it.
 */
#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "worker/gateway/door_head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_inside(struct text part, struct text head)
{
	if (!part.at || part.length == 0)
		return;
	must(part.at >= head.at);
	must(part.at + part.length <= head.at + head.length);
	must(memchr(part.at, '\n', part.length) == NULL);
}

static void
check_head(struct text bytes)
{
	struct door_head head;
	int status = door_head_read(&head, bytes);

	must(status == 0 || status == 400 || status == 505);
	if (status)
		return;
	must(head.path.length > 0 && head.host.at);
	if (!text_equal(head.path, TEXT_LITERAL("/")))
		check_inside(head.path, bytes);
	check_inside(head.query, bytes);
	check_inside(head.origin, bytes);
	check_inside(head.key, bytes);
	status = door_head_judge(&head);
	must(status == 101 || (status >= 400 && status < 600));
	if (status == 101)
		must(head.key.length == 24);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text bytes = { base_alloc(size), size };
	enum door_head_end whole, pieces = DOOR_HEAD_MORE;
	size_t scanned = 0, crept = 0;

	if (size)
		memcpy((char *)bytes.at, data, size);
	whole = door_head_find_end(bytes, &scanned);
	for (size_t i = 1; i <= size && pieces == DOOR_HEAD_MORE; i++)
		pieces = door_head_find_end(
			(struct text){ bytes.at, i }, &crept);
	must(whole == pieces);
	if (whole == DOOR_HEAD_WHOLE) {
		must(scanned == crept && scanned <= size);
		check_head((struct text){ bytes.at, scanned });
	}
	free((char *)bytes.at);
	return 0;
}
