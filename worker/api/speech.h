/*
 * What a backend wants said: one element of a request, read and checked.
 */
#ifndef WORKER_API_SPEECH_H
#define WORKER_API_SPEECH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/buffer.h"
#include "shared/text.h"

struct arguments;

#define SPEECH_NAMES_MAX 1000

enum speech_to {
	SPEECH_TO_ROOMS,
	SPEECH_TO_USERS,
	SPEECH_TO_CLIENTS,
	SPEECH_TO_ALL,
};

enum speech_keep {
	SPEECH_AS_USUAL, /* rooms as their class says, users always */
	SPEECH_KEEP,
	SPEECH_PASS,
};

struct speech {
	enum speech_to to;

	/* Rooms, users or ids of clients: ascending, each once. */
	struct text names[SPEECH_NAMES_MAX];
	size_t count;
	bool is_many;           /* a list was given */
	uint64_t only_platform; /* of a user: one more than it; 0: all */
	struct text from, type, key;
	bool has_shared_key; /* of the tenant, not of the sender */
	enum speech_keep keep;
	uint64_t until;     /* unix ms; 0: for ever */
	struct buffer body; /* JSON */
};

/* raw: the text that the arguments were read from, for the body as it was sent.
 * key: for a message that has none itself. What is wrong is a failure of the
 * arguments. Texts are borrowed from both; free the body. */
void speech_read(struct speech *speech, struct arguments *arguments,
	struct text raw, struct text key);

#endif
