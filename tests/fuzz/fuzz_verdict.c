/* What a backend answers to an inquiry; the first byte says about what. */
#include "worker/api/verdict.h"

#include <stdint.h>

#include "shared/base.h"
#include "shared/message.h"
#include "shared/pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct verdict verdict;
	struct unpack rooms;
	const char *why;

	if (size < 2)
		return 0;
	verdict_read(&verdict, (enum hook_what)(HOOK_CONNECT + data[0] % 3),
		data[1] % 2 ? 200 : 403,
		(struct text){ (const char *)data + 2, size - 2 }, &why);
	must((why != NULL) == (verdict.hooked.verdict == HOOKED_DOWN));
	must(verdict.hooked.room_count <= HOOKED_ROOMS_MAX);
	must(verdict.hooked.user.length <= USER_BYTES_MAX);
	must(verdict.hooked.info.length <= INFO_BYTES_MAX);
	rooms = unpack_of(verdict.hooked.rooms);
	for (uint64_t i = 0; i < verdict.hooked.room_count; i++)
		must(text_is_name(unpack_text(&rooms), 1, ROOM_BYTES_MAX));
	must(!rooms.failed && rooms.at == rooms.end);
	verdict_fini(&verdict);
	return 0;
}
