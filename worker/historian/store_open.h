/*
 * How the store gets its database: opened for writing, checked for damage, and
 * brought to the newest layout.
 */
#ifndef WORKER_HISTORIAN_STORE_OPEN_H
#define WORKER_HISTORIAN_STORE_OPEN_H

struct sqlite3;

/* NULL (logged, a sentence) when that cannot be; to be closed by
 * sqlite3_close(). */
struct sqlite3 *store_open_database(const char *path, const char *sql_dir);

#endif
