/*
 * What bots.c (who hears what) and bots_post.c (what becomes of it) share and
 * nobody else sees.
 */
#ifndef WORKER_API_BOTS_INSIDE_H
#define WORKER_API_BOTS_INSIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/buffer.h"
#include "shared/message.h"

struct bot;
struct courier;
struct edge;
struct row;
struct trip;

/* One message for one bot. */
struct heard {
	struct heard *prev, *next; /* of the bot, oldest first */
	struct ears *ears;
	struct trip *trip; /* on its way; NULL: waits */
	unsigned ledger;
	uint64_t before;
	unsigned attempts;
	uint64_t due_ms; /* of the next one */
	struct buffer room;
	struct buffer body; /* of the request */
	char id[MESSAGE_ID_LENGTH + 1];
};

/* A bot of the configuration. */
struct ears {
	struct ears *next;
	struct bots *bots;
	const struct bot *bot; /* as the configuration has it now */
	char *name, *tenant;
	struct heard *heard;
	unsigned heard_count, trips;
	bool is_failing; /* so that it is logged once */
};

struct bots {
	struct worker *worker;
	struct courier *courier;
	struct edge *edge;
	struct row *row;
	struct ears *all;
};

/* Posts what waits and may go. */
void bots_post(struct ears *ears, uint64_t now_ms);

/* Forgets it, wherever it is. */
void bots_forget(struct heard *heard);

#endif
