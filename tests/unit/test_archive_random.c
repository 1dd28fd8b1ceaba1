/* The archive against a model of it, by seeded chance: messages, edits and
 * deletions come, transactions are undone or end amid a batch, the journal is
 * taken in again from anywhere, old messages go, and the index follows when it
 * likes. What is looked up and found is always what the model says. */
#include "tests/unit/store_fixture.h"

#include <sqlite3.h>

#include "shared/mail.h"
#include "shared/message.h"
#include "shared/words.h"
#include "worker/historian/store_index.h"
#include "worker/historian/store_retire.h"
#include "worker/historian/store_search.h"

#define ROOMS 2
#define USERS 4
#define STREAMS (ROOMS + USERS)
#define EVERYTHING (STREAMS + 1)
#define RECORDS 1500
#define OFFSETS (RECORDS + 1)
#define START_MS 1700000000000ULL
#define WORDS 6

static const char *const words[WORDS] = { "alpha", "bravo", "charlie", "delta",
	"世界", "echo" };

/* What the ledger wrote; a direct message is one record. */
struct record {
	struct message message;
	struct buffer others;
	char body[64];
	uint64_t offsets[STREAMS]; /* where it stands, 0: not there */
	unsigned stream;           /* of the room, or of the sender */
};

/* One place of a stream as it should be. */
struct row {
	bool is_there;
	const struct record *record;
	char body[64];
	uint64_t flags, changed, of_offset;
	uint64_t edits; /* the offset that it was found to edit */
};

static struct record records[RECORDS];
static struct row rows[STREAMS][OFFSETS];
static uint64_t tops[STREAMS]; /* in the journal */
static size_t record_count, position;
static uint64_t keep;
static char index_path[96];
static unsigned long long seed;

static unsigned
chance(unsigned below)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(seed >> 33) % below;
}

static const char *
name_of(unsigned stream)
{
	static const char *const names[STREAMS] = { "r0", "r1", "u0", "u1",
		"u2", "u3" };

	return names[stream];
}

static enum stream_kind
kind_of(unsigned stream)
{
	return stream < ROOMS ? STREAM_ROOM : STREAM_INBOX;
}

static bool
all_wanted(void *self, unsigned kind, struct text name)
{
	(void)self;
	(void)kind;
	(void)name;
	return true;
}

static void
rule_of(void *self, unsigned kind, struct text name, struct store_rule *rule)
{
	(void)self;
	(void)kind;
	(void)name;
	*rule = (struct store_rule){ .keep_messages = keep };
}

/* Writing the journal */

static void
write_body(struct record *record)
{
	size_t length = 1;

	record->body[0] = '"';
	for (unsigned i = chance(4); i > 0; i--)
		length += (size_t)snprintf(record->body + length,
			sizeof(record->body) - length, "%s ",
			words[chance(WORDS)]);
	snprintf(record->body + length, sizeof(record->body) - length, "\"");
}

static void
place(struct record *record, unsigned stream)
{
	record->offsets[stream] = ++tops[stream];
	if (stream == record->stream || record->stream < ROOMS)
		return;
	mail_add_side(
		&record->others, &(struct mail_side){ text_of(name_of(stream)),
					 record->offsets[stream] });
}

/* A message of a user into a room, to others, or to himself; or a change, now
 * and then of what another one has said. */
static void
write_record(void)
{
	struct record *record = &records[record_count];
	const struct record *of =
		record_count && chance(3) == 0
			? &records[chance((unsigned)record_count)]
			: NULL;
	unsigned user = ROOMS + chance(USERS);

	memset(record, 0, sizeof(*record));
	record->stream = chance(2) ? user : chance(ROOMS);
	if (of) {
		record->stream = of->stream;
		if (of->stream >= ROOMS)
			user = of->stream;
	}
	write_body(record);
	place(record, record->stream);
	for (unsigned i = ROOMS; i < STREAMS && record->stream >= ROOMS; i++)
		if (i != record->stream &&
			(of ? of->offsets[i] > 0 : chance(3) == 0))
			place(record, i);
	record->message = (struct message){
		.id_time = (START_MS << 16) + (record_count << 14),
		.id_origin = 1024,
		.kind = kind_of(record->stream),
		.tenant = TEXT_LITERAL("default"),
		.stream = text_of(name_of(record->stream)),
		.epoch = EPOCH,
		.offset = record->offsets[record->stream],
		.from = text_of(name_of(user)),
		.type = TEXT_LITERAL("text"),
		.body = text_of(record->body),
		.others = buffer_text(&record->others),
	};
	if (of) {
		record->message.flags =
			chance(3) ? MESSAGE_EDIT : MESSAGE_DELETE;
		record->message.of_time = of->message.id_time;
		record->message.of_origin = of->message.id_origin;
	}
	record_count++;
}

/* The model */

static struct row *
model_find(unsigned stream, const struct message *change)
{
	for (uint64_t i = 1; i <= tops[stream]; i++)
		if (rows[stream][i].is_there &&
			rows[stream][i].record->message.id_time ==
				change->of_time)
			return &rows[stream][i];
	return NULL;
}

/* What a deleted message once said is not told by its edits either. */
static void
model_silence(unsigned stream, const struct row *deleted)
{
	uint64_t of = (uint64_t)(deleted - rows[stream]);

	for (uint64_t i = 1; i <= tops[stream]; i++) {
		struct row *row = &rows[stream][i];

		if (row->is_there && row->flags & MESSAGE_EDIT &&
			row->edits == of)
			memcpy(row->body, "null", 5);
	}
}

/* Has one come that was said later? Of one millisecond the id tells. */
static bool
model_is_overtaken(
	unsigned stream, const struct row *row, const struct message *change)
{
	uint64_t ms = message_unix_ms(change->id_time);
	uint64_t of = (uint64_t)(row - rows[stream]);

	if (change->flags & MESSAGE_DELETE || row->changed != ms)
		return !(change->flags & MESSAGE_DELETE) && row->changed > ms;
	for (uint64_t i = 1; i <= tops[stream]; i++) {
		const struct row *at = &rows[stream][i];

		if (at->is_there && at->flags & MESSAGE_EDIT &&
			at->edits == of &&
			at->record->message.id_time > change->id_time)
			return true;
	}
	return false;
}

static void
model_change(unsigned stream, struct row *row, struct row *by)
{
	const struct message *change = &by->record->message;
	bool is_deletion = change->flags & MESSAGE_DELETE;
	bool may = !(row->flags & (MESSAGE_CHANGES | MESSAGE_DELETED)) &&
		   text_equal(row->record->message.from, change->from);

	if (may && model_is_overtaken(stream, row, change)) {
		memcpy(by->body, row->body, sizeof(by->body));
	} else if (may) {
		row->changed = message_unix_ms(change->id_time);
		row->flags |= is_deletion ? MESSAGE_DELETED : MESSAGE_EDITED;
		snprintf(row->body, sizeof(row->body), "%.*s",
			TEXT_ARGS(is_deletion ? TEXT_LITERAL("null")
					      : change->body));
	}
	if (row->flags & MESSAGE_DELETED)
		model_silence(stream, row);
}

static void
model_add_to(unsigned stream, const struct record *record)
{
	struct row *row = &rows[stream][record->offsets[stream]];
	bool is_change = record->message.flags & MESSAGE_CHANGES;
	struct row *of =
		is_change ? model_find(stream, &record->message) : NULL;

	if (!row->is_there) {
		*row = (struct row){ .is_there = true,
			.record = record,
			.flags = record->message.flags,
			.of_offset = of ? (uint64_t)(of - rows[stream]) : 0 };
		memcpy(row->body, record->body, sizeof(row->body));
	}
	if (of == NULL)
		return;
	row->edits = (uint64_t)(of - rows[stream]);
	model_change(stream, of, row);
}

static void
model_add(const struct record *record)
{
	for (unsigned i = 0; i < STREAMS; i++)
		if (record->offsets[i] > 0)
			model_add_to(i, record);
}

/* The archive's top, which the journal may be ahead of. */
static uint64_t
top_there(unsigned stream)
{
	uint64_t top = tops[stream];

	while (top > 0 && !rows[stream][top].is_there)
		top--;
	return top;
}

static void
model_retire(void)
{
	for (unsigned i = 0; i < STREAMS; i++) {
		uint64_t top = top_there(i);

		for (uint64_t j = 1; j + keep <= top; j++)
			rows[i][j].is_there = false;
	}
}

/* What is done to both */

/* A transaction: some of what the journal has, from the position on. */
static void
take_in(struct place *place_)
{
	size_t end = position + chance((unsigned)(record_count - position) + 1);
	bool is_undone = chance(10) == 0;

	assert_int_equal(store_begin(place_->store), 0);
	for (size_t i = position; i < end; i++)
		assert_int_equal(
			store_add(place_->store, &records[i].message), 0);
	if (is_undone) {
		store_undo(place_->store);
		return;
	}
	assert_int_equal(store_commit(place_->store), 0);
	for (size_t i = position; i < end; i++)
		model_add(&records[i]);
	if (chance(3))
		position = end;
}

static void
retire(struct place *place_, const struct store_index *index)
{
	struct store_retirement retirement = {
		.rule_of = rule_of, .unix_ms = START_MS, .rows = 1000000
	};
	uint64_t stream = 0;

	assert_int_equal(store_begin(place_->store), 0);
	while (store_next_stream(place_->store, &stream))
		assert_int_equal(
			store_retire_stream(place_->store, stream, &retirement),
			STORE_RETIRED_ALL);
	assert_int_equal(store_forget_withdrawn(
				 place_->store, store_index_taken_back(index)),
		0);
	assert_int_equal(store_commit(place_->store), 0);
	model_retire();
}

/* The number of a stream in the archive is not ours. */
static uint64_t
number_of(const struct place *place_, unsigned stream)
{
	sqlite3_stmt *statement;
	uint64_t number = 0;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(place_->path, &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_prepare_v2(db, "SELECT id FROM streams WHERE name = ?1",
			-1, &statement, NULL),
		SQLITE_OK);
	sqlite3_bind_text(statement, 1, name_of(stream), -1, SQLITE_STATIC);
	if (sqlite3_step(statement) == SQLITE_ROW)
		number = (uint64_t)sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return number;
}

/* One transaction of the index. */
static void
follow(struct place *place_, struct store_index *index, size_t room)
{
	enum store_index_result result;

	assert_int_equal(store_index_begin(index), 0);
	result = store_index_take_back(index, &room);
	assert_int_not_equal(result, STORE_INDEX_FAILED);
	for (unsigned i = 0; i < STREAMS && result == STORE_INDEX_DONE; i++) {
		uint64_t number = number_of(place_, i);

		if (number == 0 || room == 0)
			continue;
		result = store_index_add(index, number, &room);
		assert_int_not_equal(result, STORE_INDEX_FAILED);
		if (result == STORE_INDEX_MORE)
			break;
	}
	assert_int_equal(store_index_commit(index), 0);
}

/* What must be equal */

static bool
is_between(const struct row *row, unsigned stream, unsigned with)
{
	const struct record *record = row->record;

	if (with == STREAMS)
		return true;
	if (record->stream != stream)
		return record->stream == with;
	return with == stream ? record->others.length == 0
			      : record->offsets[with] > 0;
}

/* with: of a conversation; STREAMS: of a stream as people see it; EVERYTHING:
 * as those see it who recover. */
static bool
is_shown(unsigned stream, unsigned with, uint64_t offset)
{
	const struct row *row = &rows[stream][offset];

	if (!row->is_there || with == EVERYTHING)
		return row->is_there;
	return !(row->flags & MESSAGE_CHANGES) && is_between(row, stream, with);
}

static void
check_message(unsigned stream, const struct message *message)
{
	const struct row *row = &rows[stream][message->offset];
	struct mail_side side;

	assert_true(row->is_there);
	assert_true(message->id_time == row->record->message.id_time);
	assert_true(text_equal(message->body, text_of(row->body)));
	assert_int_equal(message->flags, row->flags);
	assert_true(text_equal(message->from, row->record->message.from));
	if (row->flags & (MESSAGE_EDITED | MESSAGE_DELETED))
		assert_int_equal(message->changed, row->changed);
	assert_int_equal(message->of_offset, row->of_offset);
	if (stream == row->record->stream) {
		assert_true(text_equal(
			message->others, buffer_text(&row->record->others)));
		return;
	}
	assert_true(mail_find_side(
		message->others, text_of(name_of(row->record->stream)), &side));
	assert_int_equal(
		side.offset, row->record->offsets[row->record->stream]);
}

/* A whole stream, or a whole conversation, page by page. */
static void
check_pages(struct place *place_, unsigned stream, unsigned with)
{
	struct lookup wanted = lookup_of(LOOKUP_AFTER, 0, 1 + chance(40));
	uint64_t next = 1;

	wanted.kind = kind_of(stream);
	wanted.stream = text_of(name_of(stream));
	wanted.changes = with == EVERYTHING;
	if (with < STREAMS)
		wanted.with = text_of(name_of(with));
	do {
		struct store_page *page = &place_->page;
		struct unpack in;

		assert_int_equal(
			store_reader_page(place_->reader, &wanted, BIG, page),
			0);
		in = unpack_of(buffer_text(&page->messages));
		for (size_t i = 0; i < page->count; i++, next++) {
			struct unpack one = unpack_of(unpack_text(&in));
			struct message message;

			assert_true(message_unpack(&one, &message));
			for (; next < message.offset; next++)
				assert_false(is_shown(stream, with, next));
			check_message(stream, &message);
		}
		wanted.anchor = page->last;
	} while (place_->page.has_more);
	for (; next <= tops[stream]; next++)
		assert_false(is_shown(stream, with, next));
}

static void
check_search(struct place *place_, unsigned stream, unsigned with)
{
	const struct store_search_bounds bounds = { .rows = 1 + chance(200),
		.soft_ms = 60000,
		.hard_ms = 60000,
		.bytes = BIG };
	const char *word = words[chance(WORDS)];
	struct store_searcher *searcher =
		store_searcher_open(place_->path, index_path);
	struct search wanted = { .kind = kind_of(stream),
		.tenant = TEXT_LITERAL("default"),
		.stream = text_of(name_of(stream)),
		.epoch = EPOCH,
		.before = OFFSETS,
		.limit = 1 + chance(20),
		.text = text_of(word) };
	size_t found = 0, expected = 0;
	struct words typed;

	if (with < STREAMS)
		wanted.with = text_of(name_of(with));
	for (uint64_t i = 1; i <= tops[stream]; i++)
		expected += is_shown(stream, with, i) &&
			    strstr(rows[stream][i].body, word) != NULL;
	assert_true(words_read(&typed, wanted.text));
	do {
		struct store_page *page = &place_->page;

		assert_int_equal(store_searcher_find(searcher, &wanted, &typed,
					 &bounds, page),
			STORE_SEARCH_DONE);
		found += page->count;
		wanted.before = page->first;
	} while (place_->page.has_more);
	assert_int_equal(found, expected);
	words_fini(&typed);
	store_searcher_close(&searcher);
}

/* The index names exactly what says a word. */
static void
check_index(const char *word)
{
	size_t expected = 0;
	sqlite3_stmt *statement;
	char sql[100];
	sqlite3 *db;

	for (unsigned i = 0; i < STREAMS; i++)
		for (uint64_t j = 1; j <= tops[i]; j++)
			expected += is_shown(i, STREAMS, j) &&
				    strstr(rows[i][j].body, word) != NULL;
	snprintf(sql, sizeof(sql),
		"SELECT count(*) FROM texts WHERE texts MATCH '\"%.3s\"'",
		word);
	assert_int_equal(sqlite3_open(index_path, &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int64(statement, 0), expected);
	sqlite3_finalize(statement);
	sqlite3_close(db);
}

static void
check(struct place *place_)
{
	unsigned stream = chance(STREAMS);
	unsigned with = stream < ROOMS || chance(3) == 0
				? STREAMS
				: ROOMS + chance(USERS);

	check_pages(place_, stream, EVERYTHING);
	check_pages(place_, stream, with);
	check_search(place_, stream, with);
}

/* From anywhere before. */
static void
take_in_again(struct place *place_)
{
	position = chance((unsigned)record_count + 1);
	while (position < record_count)
		take_in(place_);
}

static void
forget_all(void)
{
	for (size_t i = 0; i < record_count; i++)
		buffer_fini(&records[i].others);
	memset(rows, 0, sizeof(rows));
	memset(tops, 0, sizeof(tops));
	record_count = 0;
	position = 0;
}

static void
live(struct place *place_, bool goes_back)
{
	struct store_index_options options = { .path = index_path,
		.archive = place_->path,
		.sql_dir = "sql/search",
		.wants = all_wanted };
	struct store_index *index = store_index_open(&options);

	keep = 5 + chance(60);
	assert_non_null(index);
	while (record_count < RECORDS) {
		for (unsigned i = chance(8); i > 0 && record_count < RECORDS;
			i--)
			write_record();
		take_in(place_);
		if (chance(6) == 0)
			retire(place_, index);
		if (chance(5) == 0)
			follow(place_, index, 1 + chance(60));
		if (chance(8) == 0)
			check(place_);
		if (goes_back && chance(40) == 0)
			take_in_again(place_);
	}
	while (position < record_count)
		take_in(place_);
	retire(place_, index);
	for (int i = 0; i < 4; i++)
		follow(place_, index, 100000);
	for (unsigned i = 0; i < WORDS; i++)
		if (words[i][0] > 0) /* one that the index knows */
			check_index(words[i]);
	for (int i = 0; i < 20; i++)
		check(place_);
	store_index_close(&index);
	forget_all();
}

static int
set_up_index(void **state)
{
	struct place *place_;

	forget_all();
	set_up(state);
	place_ = *state;
	snprintf(index_path, sizeof(index_path), "%s/search.db",
		place_->directory);
	store_set_indexed(place_->store, all_wanted, NULL);
	return 0;
}

static void
live_by_seed(void **state, unsigned long long with_seed, bool goes_back)
{
	for (unsigned long long i = 0; i < 3; i++) {
		seed = with_seed + i;
		print_message("seed %llu\n", seed);
		live(*state, goes_back);
		tear_down(state);
		set_up_index(state);
	}
}

static void
archive_and_index_are_as_the_model_says(void **state)
{
	live_by_seed(state, 100, false);
}

static void
they_are_when_the_journal_comes_again_too(void **state)
{
	live_by_seed(state, 200, true);
}

#define TEST(claim)                                                            \
	cmocka_unit_test_setup_teardown(claim, set_up_index, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(archive_and_index_are_as_the_model_says),
		TEST(they_are_when_the_journal_comes_again_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
