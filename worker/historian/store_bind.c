#include "worker/historian/store_bind.h"

#include "shared/base.h"

void
store_bind_text(sqlite3_stmt *statement, int place, struct text text)
{
	must(sqlite3_bind_text(statement, place, text.length ? text.at : "",
		     (int)text.length, SQLITE_STATIC) == SQLITE_OK);
}

void
store_bind_number(sqlite3_stmt *statement, int place, uint64_t number)
{
	must(sqlite3_bind_int64(statement, place, (sqlite3_int64)number) ==
		SQLITE_OK);
}

void
store_bind_blob(sqlite3_stmt *statement, int place, struct text bytes)
{
	must(sqlite3_bind_blob(statement, place, bytes.length ? bytes.at : "",
		     (int)bytes.length, SQLITE_STATIC) == SQLITE_OK);
}
