#include "shared/mail.h"
#include "worker/historian/store_bind.h"
#include "worker/historian/store_inside.h"
#include "worker/historian/store_row.h"

/*
 * A message goes with all that hangs on it.
 */

static int
remove_pair(
	struct store *store, uint64_t stream, uint64_t other, uint64_t offset)
{
	sqlite3_stmt *remove = store->statements[STORE_REMOVE_PAIR];

	store_bind_number(remove, 1, stream);
	store_bind_number(remove, 2, other);
	store_bind_number(remove, 3, offset);
	return store_run(store, STORE_REMOVE_PAIR, "removing a pair");
}

/* The pairs of a message with these sides. */
static int
remove_pairs(struct store *store, const struct message *in, uint64_t id,
	struct text sides)
{
	struct unpack others = unpack_of(sides);
	uint64_t stream = id >> STORE_OFFSET_BITS;
	uint64_t offset = id & STORE_OFFSET_MAX;
	struct mail_side side;

	if (sides.length == 0)
		return remove_pair(store, stream, stream, offset);
	while (mail_next_side(&others, &side)) {
		struct message other = *in;
		struct known_stream *known;

		other.stream = side.user;
		known = store_know_stream(store, &other);
		if (known == NULL ||
			remove_pair(store, stream, known->id, offset) < 0)
			return -1;
	}
	return 0;
}

int
store_remove(struct store *store, const struct message *in, uint64_t id)
{
	sqlite3_stmt *get = store->statements[STORE_GET_ROW];
	sqlite3_stmt *remove = store->statements[STORE_REMOVE];
	int result;

	store_bind_number(get, 1, id);
	result = store_step(store, STORE_GET_ROW, "reading a message");
	if (result != 1)
		return result;
	result = 0;
	if (in->kind == STREAM_INBOX)
		result = remove_pairs(
			store, in, id, store_row_bytes(get, STORE_ROW_OTHERS));
	sqlite3_reset(get);
	if (result < 0)
		return -1;
	store_bind_number(remove, 1, id);
	return store_run(store, STORE_REMOVE, "removing a message");
}
