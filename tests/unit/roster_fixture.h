/*
 * The rosters of two hosts without processes around them: the test plays their
 * gateways, ledgers and apis, and the way between them. What a roster says
 * stands in host->frames, one item in each; what it sends, in host->letters.
 * Included by one test program each, so everything is static.
 */
#ifndef TESTS_UNIT_ROSTER_FIXTURE_H
#define TESTS_UNIT_ROSTER_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/arena.h"
#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/config.h"
#include "shared/index.h"
#include "shared/letter.h"
#include "shared/message.h"
#include "shared/records.h"
#include "worker/relay/roster.h"
#include "worker/relay/wire.h"

#define GATEWAYS 2
#define API 2
#define LEDGER 3
#define RELAY 4
#define SLOTS 5

struct sent {
	unsigned to;
	struct letter *letter;
};

static struct side {
	struct config config;
	struct room_class class;
	struct arena *arena;
	struct roster *roster;
	uint32_t life;       /* of the relay */
	struct text *frames; /* of this life */
	size_t frame_count, frame_room;
	struct sent *letters;
	size_t letter_count, letter_room;
	bool is_full; /* offers are refused */
} sides[2];

static inline void
side_say(void *self, struct text item)
{
	struct side *side = self;
	char *copy = base_alloc(item.length);

	memcpy(copy, item.at, item.length);
	if (side->frame_count == side->frame_room) {
		side->frame_room = side->frame_room ? 2 * side->frame_room : 64;
		side->frames = base_realloc(
			side->frames, side->frame_room * sizeof(struct text));
	}
	side->frames[side->frame_count++] = (struct text){ copy, item.length };
}

static inline void
side_send(void *self, unsigned to, struct letter *letter)
{
	struct side *side = self;
	struct letter *copy = base_alloc(letter->size);

	memcpy(copy, letter, letter->size);
	if (side->letter_count == side->letter_room) {
		side->letter_room =
			side->letter_room ? 2 * side->letter_room : 64;
		side->letters = base_realloc(
			side->letters, side->letter_room * sizeof(struct sent));
	}
	side->letters[side->letter_count++] = (struct sent){ to, copy };
}

static inline bool
side_offer(void *self, unsigned to, struct letter *letter)
{
	struct side *side = self;

	if (side->is_full)
		return false;
	side_send(self, to, letter);
	return true;
}

static inline void
side_forget_letters(struct side *side)
{
	for (size_t i = 0; i < side->letter_count; i++)
		free(side->letters[i].letter);
	side->letter_count = 0;
}

static inline void
side_forget_frames(struct side *side)
{
	for (size_t i = 0; i < side->frame_count; i++)
		free((void *)(uintptr_t)side->frames[i].at);
	side->frame_count = 0;
}

/* Another life of the relay; its frames are numbered anew. */
static inline void
side_start(struct side *side)
{
	struct roster_setting setting = {
		.config = &side->config,
		.arena = side->arena,
		.slot = RELAY,
		.life = ++side->life,
		.office = { side_offer, side_send, side, NULL },
		.say = side_say,
		.self = side,
	};

	if (side->roster)
		index_close(arena_partition(side->arena, RELAY));
	roster_free(&side->roster);
	side_forget_frames(side);
	side->roster = roster_new(&setting);
}

static inline void
side_open(struct side *side, unsigned host, uint32_t connections)
{
	const struct arena_shape shape = {
		.slots = SLOTS,
		.ring_bytes = 65536,
		.index_connections = connections,
		.index_rooms = 64,
		.roles = { ROLE_GATEWAY, ROLE_GATEWAY, ROLE_API, ROLE_LEDGER,
			ROLE_RELAY },
	};

	memset(side, 0, sizeof(*side));
	side->class.pattern = (char *)(uintptr_t) "*";
	side->config.host_id = host;
	side->config.room_classes = &side->class;
	side->config.room_class_count = 1;
	side->arena = arena_create(&shape);
	must(side->arena != NULL);
	for (unsigned i = 0; i < GATEWAYS; i++)
		index_open(side->arena, i, 1);
	side_start(side);
}

static inline void
side_close(struct side *side)
{
	roster_free(&side->roster);
	side_forget_frames(side);
	side_forget_letters(side);
	free(side->frames);
	free(side->letters);
	arena_free(&side->arena);
}

/* A letter to the roster: begun, packed into, given. */
static struct buffer letter_bytes;

static inline struct buffer *
letter_new(enum letter_kind kind)
{
	letter_begin(&letter_bytes, kind);
	return &letter_bytes;
}

static inline void
letter_give(struct side *side, unsigned slot, uint32_t life)
{
	struct letter *letter = letter_end(&letter_bytes);

	letter->from = (uint16_t)slot;
	letter->from_life = life;
	must(roster_on_letter(side->roster, letter));
}

#endif
