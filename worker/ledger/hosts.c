#include "worker/ledger/hosts.h"

#include <stdlib.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/records.h"
#include "shared/scoreboard.h"

#define KEEP_BYTES 4096

/* A via is host << 8 | (ledger + 1). */
#define VIA_LEDGER_BITS 8
#define VIA_LEDGER_MASK ((1U << VIA_LEDGER_BITS) - 1)

_Static_assert(HOSTS_NUMBERS_MAX <= VIA_LEDGER_MASK, "a via tells all sources");

void
hosts_fini(struct hosts *hosts)
{
	free(hosts->sources);
	*hosts = (struct hosts){ 0 };
}

bool
hosts_are_sound(uint64_t host, uint64_t ledger)
{
	return host > 0 && host <= HOSTS_HOST_MAX && ledger < HOSTS_NUMBERS_MAX;
}

struct host_source *
hosts_find(const struct hosts *hosts, uint64_t host, uint64_t ledger)
{
	for (size_t i = 0; i < hosts->count; i++)
		if (hosts->sources[i].host == host &&
			hosts->sources[i].ledger == ledger)
			return &hosts->sources[i];
	return NULL;
}

struct host_source *
hosts_need(struct hosts *hosts, uint64_t host, uint64_t ledger)
{
	struct host_source *source = hosts_find(hosts, host, ledger);

	if (source != NULL || hosts->count == HOSTS_SOURCES_MAX)
		return source;
	hosts->sources = base_realloc(
		hosts->sources, (hosts->count + 1) * sizeof(*hosts->sources));
	source = &hosts->sources[hosts->count++];
	*source = (struct host_source){ .host = host, .ledger = ledger };
	return source;
}

bool
hosts_is_hole(const struct host_source *source)
{
	return source->ledger >= LEDGERS_MAX;
}

bool
hosts_is_done(const struct host_source *source)
{
	return source->ahead.position >= HAUL_ARCHIVE_END;
}

bool
hosts_is_late(const struct message *message)
{
	return (message->via & VIA_LEDGER_MASK) > LEDGERS_MAX;
}

struct host_source *
hosts_need_hole(
	struct hosts *hosts, uint64_t host, uint64_t ledger, uint64_t epoch)
{
	for (uint64_t i = 1; i <= HOSTS_HOLES_MAX; i++) {
		uint64_t number = i * LEDGERS_MAX + ledger;
		struct host_source *hole = hosts_find(hosts, host, number);

		if (hole == NULL)
			return hosts_need(hosts, host, number);
		if (hole->ahead.epoch != epoch || hosts_is_done(hole))
			return hole;
	}
	return NULL;
}

struct haul_place
hosts_place(const struct host_source *source, const struct host_point *point)
{
	return (struct haul_place){
		.host = source->host,
		.ledger = source->ledger,
		.epoch = point->epoch,
		.position = point->position,
		.index = point->index,
		.clock = point->clock,
		.archived = point->archived,
	};
}

int
hosts_compare(const struct host_point *a, const struct host_point *b)
{
	if (a->position != b->position)
		return a->position < b->position ? -1 : 1;
	if (a->index != b->index)
		return a->index < b->index ? -1 : 1;
	return 0;
}

uint64_t
hosts_via(const struct host_source *source)
{
	return source->host << VIA_LEDGER_BITS | (source->ledger + 1);
}

void
hosts_note_last(struct host_source *source, uint64_t position, uint64_t index)
{
	source->last_position = position;
	source->last_index = index;
}

void
hosts_settle(struct hosts *hosts)
{
	for (size_t i = 0; i < hosts->count; i++)
		hosts->sources[i].held = hosts->sources[i].ahead;
}

void
hosts_take_back(struct hosts *hosts)
{
	for (size_t i = 0; i < hosts->count; i++)
		hosts->sources[i].ahead = hosts->sources[i].held;
}

void
hosts_to_message(const struct haul_place *place, struct message *message,
	struct buffer *body)
{
	const struct host_source source = { .host = place->host,
		.ledger = place->ledger };

	buffer_clear(body, KEEP_BYTES);
	haul_place_pack(body, place);
	*message = (struct message){
		.kind = STREAM_TENANT,
		.flags = MESSAGE_HAUL,
		.body = buffer_text(body),
		.via = hosts_via(&source),
		.via_position = place->position,
		.via_index = place->index,
	};
}

bool
hosts_of_message(const struct message *message, struct haul_place *place)
{
	struct unpack in = unpack_of(message->body);

	return (message->flags & MESSAGE_HAUL) &&
	       haul_place_unpack(&in, place) &&
	       hosts_are_sound(place->host, place->ledger);
}

void
hosts_replay_note(struct hosts *hosts, const struct haul_place *place)
{
	struct host_source *source =
		hosts_need(hosts, place->host, place->ledger);

	if (source != NULL)
		source->held = source->ahead =
			(struct host_point){ place->epoch, place->position,
				place->index, place->clock, place->archived };
	if (source != NULL)
		hosts_note_last(source, place->position, place->index);
}

/* Of what epoch it is the note before it says, or the checkpoint. */
void
hosts_replay(struct hosts *hosts, const struct message *message)
{
	struct host_source *source;

	if ((message->via & VIA_LEDGER_MASK) == 0)
		return;
	source = hosts_find(hosts, message->via >> VIA_LEDGER_BITS,
		(message->via & VIA_LEDGER_MASK) - 1);
	if (source == NULL)
		return;
	source->held.position = message->via_position;
	source->held.index = message->via_index;
	hosts_note_last(source, message->via_position, message->via_index);
	if (!hosts_is_hole(source) && !(message->flags & MESSAGE_NOTES))
		source->held.clock =
			MAX_OF(source->held.clock, message->id_time);
	source->ahead = source->held;
}

void
hosts_write(const struct hosts *hosts, struct buffer *out)
{
	for (size_t i = 0; i < hosts->count; i++) {
		const struct host_source *source = &hosts->sources[i];
		struct haul_place place;

		if (source->held.epoch == 0)
			continue;
		place = hosts_place(source, &source->held);
		haul_place_pack(out, &place);
	}
}

bool
hosts_read(struct hosts *hosts, struct unpack *in)
{
	struct haul_place place;

	while (!in->failed && in->at < in->end) {
		if (!haul_place_unpack(in, &place) ||
			!hosts_are_sound(place.host, place.ledger))
			return false;
		hosts_replay_note(hosts, &place);
	}
	return !in->failed;
}
