/*
 * What the files of the index's writer share: store_index.c opens it and has
 * the transactions, store_index_fill.c takes in what is said and takes back
 * what was.
 */
#ifndef WORKER_HISTORIAN_STORE_INDEX_INSIDE_H
#define WORKER_HISTORIAN_STORE_INDEX_INSIDE_H

#include <sqlite3.h>
#include <sys/stat.h>

#include "shared/buffer.h"
#include "worker/historian/store_index_options.h"

enum index_statement {
	INDEX_BEGIN,
	INDEX_COMMIT,
	INDEX_ROLLBACK,
	INDEX_ADD_TEXT,
	INDEX_GET_PROGRESS,
	INDEX_SET_PROGRESS,
	INDEX_FORGET_PROGRESS,
	INDEX_TAKE_BACK,
	INDEX_GET_TAKEN_BACK,
	INDEX_SET_TAKEN_BACK,
	INDEX_OWN_COUNT,
	INDEX_BEGIN_READING = INDEX_OWN_COUNT,
	INDEX_END_READING,
	INDEX_NEXT_STREAM,
	INDEX_GET_STREAM,
	INDEX_GET_ROW,
	INDEX_GET_TOP,
	INDEX_WALK,
	INDEX_NEXT_WITHDRAWN,
	INDEX_LAST_WITHDRAWN,
	INDEX_STATEMENT_COUNT
};

struct store_index {
	struct store_index_options options;
	sqlite3 *db;
	sqlite3 *archive;
	sqlite3_stmt *statements[INDEX_STATEMENT_COUNT];
	dev_t device;
	ino_t inode;
	struct buffer text;
	uint64_t taken_back; /* as the last commit has it */
	uint64_t taking_back;
	int complained; /* the SQLite code that was logged last, 0 = healthy */
	bool is_useless;
};

/* Logs the first of equal failures; STORE_INDEX_FAILED. */
enum store_index_result store_index_complain(
	struct store_index *index, sqlite3 *db);

/* Runs a statement that answers no rows; 0, or -1 (logged). */
int store_index_run(struct store_index *index, enum index_statement which);

#endif
