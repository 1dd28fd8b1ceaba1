/*
 * A game of one client and the gateway, for fuzzers of profiles: each line of
 * the input is a frame of the client, and the fuzzer plays the ledger, which is
 * full now and then. Each request has one reply.
 */
#ifndef TESTS_FUZZ_FUZZ_FRAMES_H
#define TESTS_FUZZ_FUZZ_FRAMES_H

#include "tests/unit/gateway_fixture.h"

#define LINE_BYTES_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum frame_kind {
	FRAME_REPLY,
	FRAME_PUSH,
	FRAME_END, /* of the connection */
};

typedef void letter_reader(struct unpack *in);

struct game {
	const struct profile *profile;
	letter_reader *readers[LETTER_KIND_COUNT]; /* NULL: not looked at */

	/* What the client got; frames that nobody can read are a fault. */
	enum frame_kind (*look_at)(const char *frame);

	/* Gives the line to the session as a frame; is it a request? */
	bool (*send)(int fd, struct text line);

	/* Between two frames that come together; NULL: nothing. */
	void (*between)(void);

	/* So many replies there are before a client is thrown out. */
	size_t replies_min;
};

static uint64_t offset; /* of the ledger's one stream */
static unsigned mood;   /* from the input: what happens next */

static inline void
game_answer(const struct game *game)
{
	const struct letter *letter;

	while ((letter = fixture_letter())) {
		struct unpack in = letter_open(letter);

		if (game->readers[letter->kind])
			game->readers[letter->kind](&in);
	}
	fixture_forget_letters();
}

static inline void
game_settle(const struct game *game)
{
	do {
		fixture_turn();
		game_answer(game);
		fixture_turn();
	} while (fixture.letter_count > 0);
}

/* Reads what the client got; returns how many of these frames are replies. */
static inline size_t
game_count_replies(const struct game *game, int fd, bool *is_over)
{
	size_t replies = 0;

	for (;;) {
		const char *frame = fixture_read(fd);
		enum frame_kind kind;

		if (*frame == 0)
			return replies;
		kind = game->look_at(frame);
		replies += kind == FRAME_REPLY;
		if (kind != FRAME_END)
			continue;
		*is_over = true;
		return replies;
	}
}

static inline void
game_talk(const struct game *game, int fd, struct text input)
{
	size_t requests = 0, replies = 0;
	bool is_over = false;
	const char *at = input.at, *end = input.at + input.length;

	while (at < end && !is_over) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		struct text line = { at, (size_t)((stop ? stop : end) - at) };

		mood = mood * 31 + (unsigned)line.length;
		fixture.is_full = mood % 7 == 6;
		requests += game->send(fd, line);
		/* Several at once, sometimes. */
		if (mood % 3 > 0) {
			game_settle(game);
			replies += game_count_replies(game, fd, &is_over);
		} else if (game->between) {
			game->between();
		}
		at = stop ? stop + 1 : end;
	}
	game_settle(game);
	replies += game_count_replies(game, fd, &is_over);
	must(is_over ? replies >= game->replies_min && replies <= requests
		     : replies == requests);
}

static inline void
game_play(const struct game *game, const uint8_t *data, size_t size)
{
	int fd = fixture_connect_as(game->profile);

	fixture.keeps_entries = true;
	mood = size > 0 ? data[0] : 0;
	game_talk(game, fd, (struct text){ (const char *)data, size });
	close(fd);
	fixture.is_full = false;
	game_settle(game);
	must(fixture.gateway.lanes->count == 0);
	must(fixture.gateway.rooms->table == NULL);
}

#endif
