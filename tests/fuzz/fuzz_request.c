/*
 * HTTP requests off the wire. What becomes of them must not depend on the
 * pieces they come in, and what evhttp is to see must be one head that tells of
 * no body.
 */
#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "worker/api/intake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct intake_limits limits = {
	.head_bytes = 600,
	.body_bytes = 200,
};

static size_t
take(struct intake *intake, struct text bytes, size_t piece)
{
	size_t done = 0;

	*intake = (struct intake){ .phase = INTAKE_HEAD };
	while (done < bytes.length && intake->phase < INTAKE_WHOLE)
		done += intake_take(intake, &limits,
			(struct text){ bytes.at + done,
				MIN_OF(piece, bytes.length - done) });
	return done;
}

static void
check_head(const struct intake *intake)
{
	static const char end[] = "\r\nContent-Length: 0\r\n\r\n";
	size_t length = sizeof(end) - 1;
	struct text head = buffer_text(&intake->head);

	must(head.length > length);
	must(memcmp(head.at + head.length - length, end, length) == 0);
	must(memmem(head.at, head.length - 2, "\r\n\r\n", 4) == NULL);
	must(memchr(head.at, 0, head.length) == NULL);
	must(intake->body.length <= limits.body_bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text bytes = { base_alloc(size + 1), size };
	struct intake whole, pieces;
	size_t used, crept;

	if (size)
		memcpy((char *)bytes.at, data, size);
	used = take(&whole, bytes, size + 1);
	crept = take(&pieces, bytes, 1);
	must(whole.phase == pieces.phase && whole.status == pieces.status);
	must(used <= size && crept <= size);
	if (whole.phase == INTAKE_WHOLE) {
		must(used == crept);
		must(text_equal(
			buffer_text(&whole.body), buffer_text(&pieces.body)));
		check_head(&whole);
	}
	must((whole.phase == INTAKE_REFUSED) == (whole.status >= 400));
	intake_clear(&whole);
	intake_clear(&pieces);
	free((char *)bytes.at);
	return 0;
}
