/*
 * The follower reads the journals of all ledgers behind them, for those who
 * want to hear every message: webhooks and bots. So nobody has to tell them,
 * and no message is missed however long they were away, as long as the journal
 * is kept for them: our row says up to where they have it (archived, one more
 * than the position; 0: they follow nothing). What was said on other hosts is
 * told there.
 *
 * Where it is stands in a file, from time to time; a successor begins there and
 * meets again what came after. Without the file it begins where the journal
 * ends when it is made.
 */
#ifndef WORKER_API_FOLLOWER_H
#define WORKER_API_FOLLOWER_H

#include <stdbool.h>
#include <stdint.h>

struct follower;
struct message;

/* end: of its batch, in the journal of this ledger, whose position is still
 * that of the batch before. Borrowed. */
typedef void follower_told(void *self, unsigned ledger, uint64_t end,
	const struct message *message);

/* path: of the file. */
struct follower *follower_new(const char *data_dir, const char *path,
	unsigned ledgers, follower_told *told, void *self);
void follower_free(struct follower **follower);

/* The end of a ledger that does not serve yet. */
#define FOLLOWER_UNKNOWN UINT64_MAX

/* Reads whole batches, up to where the ledgers have come and not too many at
 * once. True: there is more. */
bool follower_step(struct follower *follower, const uint64_t *ends);

/* Up to where it has told everything, of one ledger. */
uint64_t follower_position(const struct follower *follower, unsigned ledger);

/* Where a successor is to begin: what was told from there on may not be done
 * with. Until it is said, where this one began. */
void follower_hold(
	struct follower *follower, unsigned ledger, uint64_t position);

/* Writes the file if there is something new to be written. */
void follower_save(struct follower *follower);

#endif
