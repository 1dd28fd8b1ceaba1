/*
 * Values into SQLite statements, for the files of the store alone. That a
 * statement has the place is our own promise.
 */
#ifndef WORKER_HISTORIAN_STORE_BIND_H
#define WORKER_HISTORIAN_STORE_BIND_H

#include <stdint.h>

#include <sqlite3.h>

#include "shared/text.h"

/* Texts and bytes stay borrowed until the statement is reset. */
void store_bind_text(sqlite3_stmt *statement, int place, struct text text);
void store_bind_blob(sqlite3_stmt *statement, int place, struct text bytes);
void store_bind_number(sqlite3_stmt *statement, int place, uint64_t number);

#endif
