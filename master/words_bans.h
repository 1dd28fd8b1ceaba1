/*
 * Words of the status socket about who is banned: ban, unban, revoke, bans.
 * Rows of the table in words.c. Orders go to ledger 0, which makes them last;
 * the list is read in the arena.
 */
#ifndef MASTER_WORDS_BANS_H
#define MASTER_WORDS_BANS_H

#include "shared/text.h"

struct answer;
struct words_context;

/* The argument is all that follows the word. */
void words_ban(const struct words_context *context, struct text argument,
	struct answer *answer);
void words_unban(const struct words_context *context, struct text argument,
	struct answer *answer);
void words_revoke(const struct words_context *context, struct text argument,
	struct answer *answer);
void words_bans(const struct words_context *context, struct text argument,
	struct answer *answer);

#endif
