#include "worker/historian/store_hunt.h"

#include "shared/buffer.h"
#include "shared/clock.h"
#include "shared/mail.h"
#include "shared/message.h"
#include "shared/records.h"
#include "shared/words.h"
#include "worker/historian/store_page.h"
#include "worker/historian/store_row.h"

void
store_hunt_end_with_more(struct store_hunt *hunt)
{
	hunt->page->has_more = true;
	hunt->is_over = true;
}

static bool
is_out_of_bounds(const struct store_hunt *hunt)
{
	return hunt->rows > 0 &&
	       (hunt->rows >= hunt->rows_max || clock_ms() >= hunt->soft_ms);
}

/* Is the row of the conversation that is searched, if it is one? */
static bool
is_between(const struct store_hunt *hunt, sqlite3_stmt *row)
{
	struct text with = hunt->place.with;
	struct text others = store_row_bytes(row, STORE_ROW_OTHERS);
	struct mail_side side;

	if (with.length == 0)
		return true;
	if (others.length == 0)
		return text_equal(with, hunt->place.stream);
	return mail_find_side(others, with, &side);
}

static bool
fits(struct store_hunt *hunt, sqlite3_stmt *row)
{
	struct buffer *text = hunt->text;
	struct text from = hunt->wanted->from;

	if (message_unix_ms(store_row_number(row, STORE_ROW_ID_TIME)) <
			hunt->wanted->from_time ||
		store_row_is_hidden(row, hunt->unix_ms) ||
		(store_row_number(row, STORE_ROW_FLAGS) & MESSAGE_DELETED) ||
		!is_between(hunt, row))
		return false;
	if (from.length > 0 &&
		!text_equal(from, store_row_text(row, STORE_ROW_SENDER)))
		return false;
	buffer_clear(text, STORE_HUNT_KEEP_BYTES);
	words_of_body(text, store_row_text(row, STORE_ROW_BODY));
	return words_match(hunt->words, buffer_text(text));
}

/* Adds the row; false when the page is full. */
static bool
take(struct store_hunt *hunt, sqlite3_stmt *row)
{
	struct store_page *page = hunt->page;
	struct buffer *packed = hunt->text;
	size_t before = page->messages.length;

	if (page->count >= hunt->wanted->limit)
		return false;
	buffer_clear(packed, STORE_HUNT_KEEP_BYTES);
	store_row_pack(packed, row, &hunt->place);
	pack_text(&page->messages, buffer_text(packed));
	if (page->count > 0 && page->messages.length > hunt->bytes_max) {
		page->messages.length = before;
		return false;
	}
	page->count++;
	if (page->last == 0)
		page->last = store_row_offset(row);
	return true;
}

void
store_hunt_look_at(struct store_hunt *hunt, sqlite3_stmt *row)
{
	uint64_t clock = store_row_clock(row);

	if (is_out_of_bounds(hunt))
		store_hunt_end_with_more(hunt);
	else if (message_unix_ms(clock) < hunt->wanted->from_time ||
		 store_row_offset(row) < hunt->kept_from)
		hunt->is_over = true; /* and so is all before it */
	else if (fits(hunt, row) && !take(hunt, row))
		store_hunt_end_with_more(hunt);
	if (hunt->is_over)
		return;
	hunt->rows++;
	hunt->page->first = store_row_offset(row);
}
