/*
 * Searching: whatever a body says and whoever types, both become valid UTF-8, a
 * body that says what was typed is found, and no text becomes syntax of FTS5.
 */
#include <sqlite3.h>
#include <stdint.h>
#include <string.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/words.h"
#include "worker/historian/store_query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static sqlite3_stmt *
statement(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *made;

	must(sqlite3_prepare_v2(db, sql, -1, &made, NULL) == SQLITE_OK);
	return made;
}

/* A table as the index has it, holding one text; kept for all inputs. */
static bool
index_finds(struct text query, struct text folded)
{
	static sqlite3 *db;
	static sqlite3_stmt *clear, *add, *match;
	int code;

	if (db == NULL) {
		must(sqlite3_open(":memory:", &db) == SQLITE_OK);
		must(sqlite3_exec(db,
			     "CREATE VIRTUAL TABLE texts USING fts5(text, "
			     "detail = none, "
			     "tokenize = 'trigram case_sensitive 1')",
			     NULL, NULL, NULL) == SQLITE_OK);
		clear = statement(db, "DELETE FROM texts");
		add = statement(db, "INSERT INTO texts VALUES (?1)");
		match = statement(
			db, "SELECT 1 FROM texts WHERE texts MATCH ?1");
	}
	sqlite3_bind_text(add, 1, folded.at, (int)folded.length, SQLITE_STATIC);
	sqlite3_bind_text(match, 1, query.at, (int)query.length, SQLITE_STATIC);
	must(sqlite3_step(clear) == SQLITE_DONE);
	must(sqlite3_step(add) == SQLITE_DONE);
	code = sqlite3_step(match);
	must(code == SQLITE_ROW || code == SQLITE_DONE);
	sqlite3_reset(clear);
	sqlite3_reset(add);
	sqlite3_reset(match);
	return code == SQLITE_ROW;
}

static void
check_query(const struct words *words, struct text folded)
{
	struct buffer query = { 0 };

	if (store_query_write(&query, words)) {
		bool is_named = index_finds(buffer_text(&query), folded);

		must(is_named || !words_match(words, folded));
	}
	buffer_fini(&query);
}

/* The input up to its first zero is typed, the rest is a body. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *zero = size ? memchr(data, 0, size) : NULL;
	size_t typed = zero ? (size_t)(zero - data) : size;
	struct text text = { (const char *)data, typed };
	struct text body = { (const char *)data + typed, size - typed };
	struct buffer folded = { 0 };
	struct words words;

	words_of_body(&folded, body);
	must(text_is_utf8(buffer_text(&folded)));
	if (words_read(&words, text)) {
		check_query(&words, buffer_text(&folded));
		words_fold(&folded, text);
		must(text_is_utf8(buffer_text(&folded)));
		must(words_match(&words, buffer_text(&folded)));
		check_query(&words, buffer_text(&folded));
	}
	words_fini(&words);
	buffer_fini(&folded);
	return 0;
}
