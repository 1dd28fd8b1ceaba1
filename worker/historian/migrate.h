/*
 * Brings a database to the layout that this program knows, by the numbered
 * steps of sql/. Used by the store when it opens the archive.
 */
#ifndef WORKER_HISTORIAN_MIGRATE_H
#define WORKER_HISTORIAN_MIGRATE_H

struct sqlite3;

/* Applies every step of sql_dir that the database lacks, each in one
 * transaction. name is the database's, for the log. -1 (logged, a sentence)
 * when sql_dir holds no row of steps 0001, 0002, …, when a step fails, or when
 * the database is newer than the last one. */
int migrate(struct sqlite3 *db, const char *name, const char *sql_dir);

#endif
