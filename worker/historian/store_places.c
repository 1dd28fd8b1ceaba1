#include "worker/historian/store_places.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/log.h"
#include "shared/mail.h"
#include "shared/message.h"
#include "shared/records.h"
#include "worker/historian/store_bind.h"
#include "worker/historian/store_layout.h"
#include "worker/historian/store_row.h"
#include "worker/historian/store_seek.h"

#define BUSY_MS 2000
#define KEEP_BYTES (1024 * 1024)

enum statement {
	FIND_STREAM,
	SEEK_UP,
	SEEK_DOWN,
	SEEK_CARRIED,
	STATEMENT_COUNT
};

static const char *const sql[STATEMENT_COUNT] = {
	[FIND_STREAM] = STORE_ROW_FIND_STREAM,
	[SEEK_UP] = STORE_SEEK_UP,
	[SEEK_DOWN] = STORE_SEEK_DOWN,
	[SEEK_CARRIED] = STORE_SEEK_CARRIED,
};

struct store_places {
	sqlite3 *db;
	sqlite3_stmt *statements[STATEMENT_COUNT];
	struct buffer message, item, others;
	int complained; /* the SQLite code that was logged last, 0 = healthy */
};

static int
complain(struct store_places *places)
{
	int code = sqlite3_extended_errcode(places->db);

	if (code != places->complained)
		log_error("archive: looking for what another host names "
			  "failed: %s (SQLite code %d)",
			sqlite3_errmsg(places->db), code);
	places->complained = code;
	return -1;
}

struct store_places *
store_places_open(const char *path)
{
	struct store_places *places = base_alloc_zeroed(1, sizeof(*places));
	int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX;

	if (sqlite3_open_v2(path, &places->db, flags, NULL) != SQLITE_OK)
		goto fail;
	sqlite3_busy_timeout(places->db, BUSY_MS);
	for (int i = 0; i < STATEMENT_COUNT; i++)
		if (sqlite3_prepare_v3(places->db, sql[i], -1,
			    SQLITE_PREPARE_PERSISTENT, &places->statements[i],
			    NULL) != SQLITE_OK)
			goto fail;
	return places;

fail:
	log_error("archive: %s cannot be read: %s", path,
		sqlite3_errmsg(places->db));
	store_places_close(&places);
	return NULL;
}

void
store_places_close(struct store_places **pointer)
{
	struct store_places *places = *pointer;

	*pointer = NULL;
	if (places == NULL)
		return;
	for (int i = 0; i < STATEMENT_COUNT; i++)
		sqlite3_finalize(places->statements[i]);
	sqlite3_close(places->db);
	buffer_fini(&places->message);
	buffer_fini(&places->item);
	buffer_fini(&places->others);
	free(places);
}

/* The number of the stream of this name; 0: there is none. */
static int
find_stream(struct store_places *places, const struct lookup *name,
	uint64_t *number)
{
	sqlite3_stmt *find = places->statements[FIND_STREAM];
	int code;

	*number = 0;
	store_row_bind_stream(find, name);
	code = sqlite3_step(find);
	if (code == SQLITE_ROW)
		*number = store_row_number(find, 0);
	else if (code != SQLITE_DONE)
		complain(places);
	sqlite3_reset(find);
	return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : -1;
}

/* Where the message that the mark names stands in this stream. */
static int
find_place(struct store_places *places, const struct message *mark,
	const struct lookup *name, uint64_t *offset)
{
	struct store_seek seek = {
		.up = places->statements[SEEK_UP],
		.down = places->statements[SEEK_DOWN],
		.carried = places->statements[SEEK_CARRIED],
		.time = mark->of_time,
		.origin = mark->of_origin,
	};

	*offset = 0;
	if (find_stream(places, name, &seek.stream) < 0)
		return -1;
	if (seek.stream == 0 || mark->of_time == 0)
		return 0;
	if (!store_seek(&seek))
		return complain(places);
	if (seek.is_found)
		*offset = seek.offset;
	return 0;
}

/* The other side's inbox has the message, too, in a place of its own. */
static int
fill_side(struct store_places *places, struct message *mark,
	const struct lookup *name)
{
	struct unpack in = unpack_of(mark->others);
	struct lookup other = *name;
	struct mail_side side;

	if (mark->kind != STREAM_INBOX || !mail_next_side(&in, &side))
		return 0;
	other.stream = side.user;
	if (find_place(places, mark, &other, &side.offset) < 0)
		return -1;
	buffer_clear(&places->others, KEEP_BYTES);
	mail_add_side(&places->others, &side);
	mark->others = buffer_text(&places->others);
	return 0;
}

static int
fill_mark(struct store_places *places, uint64_t epoch, struct message *mark)
{
	const struct lookup name = {
		.kind = mark->kind,
		.tenant = mark->tenant,
		.stream = mark->stream,
		.epoch = epoch,
	};

	if (find_place(places, mark, &name, &mark->of_offset) < 0)
		return -1;
	return fill_side(places, mark, &name);
}

static int
add_filled(struct store_places *places, const struct places_wanted *wanted,
	struct haul_item *item, struct buffer *items)
{
	struct unpack in = unpack_of(item->message);
	struct message message;

	if (!message_unpack(&in, &message))
		return 0;
	if (message.flags & MESSAGE_MARK) {
		if (fill_mark(places, wanted->epoch, &message) < 0)
			return -1;
		buffer_clear(&places->message, KEEP_BYTES);
		message_pack(&places->message, &message);
		item->message = buffer_text(&places->message);
	}
	buffer_clear(&places->item, KEEP_BYTES);
	haul_item_pack(&places->item, item);
	pack_text(items, buffer_text(&places->item));
	return 0;
}

int
store_places_fill(struct store_places *places,
	const struct places_wanted *wanted, struct buffer *items)
{
	struct unpack in = unpack_of(wanted->items);

	buffer_clear(items, KEEP_BYTES);
	while (in.at < in.end) {
		struct unpack one = unpack_of(unpack_text(&in));
		struct haul_item item;

		if (in.failed || !haul_item_unpack(&one, &item))
			break;
		if (add_filled(places, wanted, &item, items) < 0)
			return -1;
	}
	places->complained = 0;
	return 0;
}
