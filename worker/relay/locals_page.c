#include "shared/letter.h"
#include "worker/relay/locals.h"
#include "worker/relay/locals_inside.h"

#define KEEP_BYTES 65536

void
locals_pack_join(struct buffer *out, const struct local *local,
	const struct place *place)
{
	join_pack(out, &(struct join){
			       .connection = local->secret,
			       .room = { place->name, place->name_length },
			       .since = place->since,
			       .info = buffer_text(&local->info),
			       .flags = place->flags,
		       });
}

static void
add_item(struct buffer *items, enum letter_kind kind, struct text packed)
{
	const struct wire_live_item item = { .kind = kind, .record = packed };
	struct buffer bytes = { 0 };

	wire_live_item_pack(&bytes, &item);
	pack_text(items, buffer_text(&bytes));
	buffer_fini(&bytes);
}

/* Its rooms from this serial on; returns the one that found no space, or 0. */
static uint32_t
add_places(const struct local *local, uint32_t serial, size_t bytes_max,
	struct buffer *items)
{
	struct buffer packed = { 0 };
	uint32_t next = 0, added = 0;

	for (uint32_t i = 0; i < local->place_count; i++) {
		const struct place *place = local->places[i];

		if (place->serial < serial)
			continue;
		if (added > 0 && items->length >= bytes_max) {
			next = place->serial;
			break;
		}
		buffer_clear(&packed, KEEP_BYTES);
		locals_pack_join(&packed, local, place);
		add_item(items, LETTER_JOIN, buffer_text(&packed));
		added++;
	}
	buffer_fini(&packed);
	return next;
}

/* after: the number of a session, and the serial of a room of it; neither is 0
 * at once but at the begin. One whose rooms are told in two parts is told of
 * twice. */
uint64_t
locals_page(const struct locals *locals, uint64_t after, size_t bytes_max,
	struct buffer *items)
{
	uint32_t number = (uint32_t)(after >> 32), serial = (uint32_t)after;

	for (; number < locals->number_count; number++, serial = 0) {
		const struct local *local = locals->numbered[number];

		if (local == NULL)
			continue;
		if (items->length >= bytes_max)
			return (uint64_t)number << 32;
		add_item(items, LETTER_ARRIVE, buffer_text(&local->arrival));
		serial = add_places(local, serial, bytes_max, items);
		if (serial != 0)
			return (uint64_t)number << 32 | serial;
	}
	return 0;
}
