/*
 * An archive in a directory of its own, with what tests of the store keep
 * saying. Included by one test program each, so everything is static.
 */
#ifndef TESTS_UNIT_STORE_FIXTURE_H
#define TESTS_UNIT_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/base.h"
#include "shared/records.h"
#include "tests/unit/archive_sql.h"
#include "worker/historian/store.h"
#include "worker/historian/store_page.h"

#define EPOCH 0xfedcba9876543210ULL
#define ROOM TEXT_LITERAL("lobby")
#define BIG ((size_t)1 << 20)

struct place {
	char directory[64];
	char path[96];
	struct store *store;
	struct store_reader *reader;
	struct store_page page;
};

static inline int
set_up(void **state)
{
	struct place *place = base_alloc_zeroed(1, sizeof(*place));

	snprintf(place->directory, sizeof(place->directory),
		"/tmp/confab-store-XXXXXX");
	assert_non_null(mkdtemp(place->directory));
	snprintf(place->path, sizeof(place->path), "%s/archive.db",
		place->directory);
	place->store = store_open(place->path, "sql");
	assert_non_null(place->store);
	place->reader = store_reader_open(place->path);
	assert_non_null(place->reader);
	*state = place;
	return 0;
}

static inline int
tear_down(void **state)
{
	struct place *place = *state;
	char command[128];

	store_reader_close(&place->reader);
	store_close(&place->store);
	buffer_fini(&place->page.messages);
	snprintf(command, sizeof(command), "rm -rf %s", place->directory);
	assert_int_equal(system(command), 0);
	free(place);
	return 0;
}

static inline struct message
message_at(uint64_t offset)
{
	static char body[32];

	snprintf(
		body, sizeof(body), "{\"n\":%llu}", (unsigned long long)offset);
	return (struct message){
		.id_time = (1700000000000ULL << 16) + offset,
		.id_origin = 1024,
		.kind = STREAM_ROOM,
		.tenant = TEXT_LITERAL("default"),
		.stream = ROOM,
		.epoch = EPOCH,
		.offset = offset,
		.from = TEXT_LITERAL("anna"),
		.platform = 101,
		.type = TEXT_LITERAL("text"),
		.body = text_of(body),
	};
}

static inline void
put(struct place *place, const struct message *message)
{
	assert_int_equal(store_begin(place->store), 0);
	assert_int_equal(store_add(place->store, message), 0);
	assert_int_equal(store_commit(place->store), 0);
}

static inline void
add_range(struct place *place, uint64_t from, uint64_t to)
{
	assert_int_equal(store_begin(place->store), 0);
	for (uint64_t i = from; i <= to; i++) {
		struct message message = message_at(i);

		assert_int_equal(store_add(place->store, &message), 0);
	}
	assert_int_equal(store_commit(place->store), 0);
}

/* The number that a statement on the archive answers. */
static inline uint64_t
ask(const struct place *place, const char *sql)
{
	return archive_ask(place->path, sql);
}

static inline struct lookup
lookup_of(enum lookup_mode mode, uint64_t anchor, uint64_t limit)
{
	return (struct lookup){
		.kind = STREAM_ROOM,
		.tenant = TEXT_LITERAL("default"),
		.stream = ROOM,
		.mode = mode,
		.anchor = anchor,
		.limit = limit,
		.epoch = EPOCH,
	};
}

#define with_place(test)                                                       \
	cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
