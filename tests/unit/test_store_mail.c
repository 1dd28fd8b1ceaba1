/* Direct messages in the archive: each stands in all its inboxes and in the
 * conversation of each two; and edits and deletions of what stands there. */
#include "tests/unit/store_fixture.h"

#include "shared/journal.h"
#include "shared/mail.h"
#include "shared/message.h"
#include "worker/historian/intake.h"

#define SENDER TEXT_LITERAL("anna")

/* A message in the inbox of anna, to those others. */
static struct message
mail_at(uint64_t offset, const struct buffer *others)
{
	struct message message = message_at(offset);

	message.kind = STREAM_INBOX;
	message.stream = SENDER;
	message.others = buffer_text(others);
	return message;
}

/* From anna at `offset` to one other at `there`. */
static void
put_mail(struct place *place, uint64_t offset, const char *to, uint64_t there)
{
	struct buffer others = { 0 };
	struct message message;

	mail_add_side(&others, &(struct mail_side){ text_of(to), there });
	message = mail_at(offset, &others);
	put(place, &message);
	buffer_fini(&others);
}

static struct message
change_of(
	uint64_t offset, uint64_t of, enum message_flag flag, const char *body)
{
	struct message change = message_at(offset);
	struct message original = message_at(of);

	change.id_time += UINT64_C(1) << 32;
	change.flags = flag;
	change.type = TEXT_LITERAL("");
	change.body = text_of(body);
	change.of_time = original.id_time;
	change.of_origin = original.id_origin;
	change.of_offset = of;
	return change;
}

/* The message at an offset of a stream as the archive has it; false: none. */
static bool
read_one(struct place *place, enum stream_kind kind, const char *stream,
	uint64_t offset, struct message *message)
{
	struct lookup wanted = lookup_of(LOOKUP_BEFORE, offset + 1, 1);
	struct unpack page, one;

	wanted.kind = kind;
	wanted.stream = text_of(stream);
	wanted.changes = 1;
	assert_int_equal(
		store_reader_page(place->reader, &wanted, BIG, &place->page),
		0);
	if (place->page.count == 0 || place->page.first != offset)
		return false;
	page = unpack_of(buffer_text(&place->page.messages));
	one = unpack_of(unpack_text(&page));
	assert_true(message_unpack(&one, message));
	return true;
}

static void
assert_body(
	struct place *place, uint64_t offset, const char *body, uint64_t flags)
{
	struct message message;

	assert_true(read_one(place, STREAM_ROOM, "lobby", offset, &message));
	assert_true(text_equal(message.body, text_of(body)));
	assert_int_equal(message.flags, flags);
}

static void
a_direct_message_stands_in_every_inbox(void **state)
{
	struct place *place = *state;
	struct buffer others = { 0 };
	struct message sent, seen;
	struct mail_side side;

	mail_add_side(&others, &(struct mail_side){ text_of("berta"), 7 });
	mail_add_side(&others, &(struct mail_side){ text_of("carl"), 9 });
	sent = mail_at(5, &others);
	sent.only_platform = 102;
	sent.until = UINT64_MAX >> 1;
	put(place, &sent);

	assert_true(read_one(place, STREAM_INBOX, "anna", 5, &seen));
	assert_true(text_equal(seen.others, sent.others));
	assert_int_equal(seen.only_platform, 102);
	assert_true(seen.until == sent.until);
	assert_true(mail_is_own(&seen));
	assert_true(read_one(place, STREAM_INBOX, "carl", 9, &seen));
	assert_int_equal(seen.id_time, sent.id_time);
	assert_true(text_equal(seen.stream, text_of("carl")));
	assert_true(text_equal(seen.body, sent.body));
	assert_int_equal(seen.only_platform, 102);
	assert_true(mail_find_side(seen.others, SENDER, &side));
	assert_int_equal(side.offset, 5);
	assert_false(mail_find_side(seen.others, text_of("berta"), &side));
	assert_true(read_one(place, STREAM_INBOX, "berta", 7, &seen));
	assert_false(read_one(place, STREAM_INBOX, "berta", 5, &seen));
	assert_int_equal(ask(place, "SELECT count(*) FROM messages"), 3);
	assert_int_equal(ask(place, "SELECT count(*) FROM pairs"), 4);
	buffer_fini(&others);
}

static void
a_message_to_oneself_stands_once(void **state)
{
	struct place *place = *state;
	struct buffer none = { 0 };
	struct message sent = mail_at(3, &none), seen;

	put(place, &sent);
	assert_true(read_one(place, STREAM_INBOX, "anna", 3, &seen));
	assert_int_equal(seen.others.length, 0);
	assert_int_equal(ask(place, "SELECT count(*) FROM messages"), 1);
	assert_int_equal(ask(place, "SELECT stream = other FROM pairs"), 1);
}

static void
sides_that_make_no_sense_are_left_out(void **state)
{
	struct place *place = *state;
	struct buffer others = { 0 };
	struct message sent, seen;

	mail_add_side(&others,
		&(struct mail_side){ text_of("b"), STORE_OFFSET_MAX + 1 });
	mail_add_side(&others, &(struct mail_side){ text_of("c"), 0 });
	mail_add_side(&others, &(struct mail_side){ text_of("d"), 1 });
	buffer_add_byte(&others, 0xff);
	sent = mail_at(3, &others);
	put(place, &sent);
	assert_true(read_one(place, STREAM_INBOX, "anna", 3, &seen));
	assert_true(read_one(place, STREAM_INBOX, "d", 1, &seen));
	assert_int_equal(ask(place, "SELECT count(*) FROM messages"), 2);
	buffer_fini(&others);
}

static void
another_one_in_the_same_place_takes_the_pairs_along(void **state)
{
	struct place *place = *state;
	struct buffer others = { 0 };
	struct message other, seen;

	put_mail(place, 5, "berta", 7);
	mail_add_side(&others, &(struct mail_side){ text_of("carl"), 1 });
	other = mail_at(5, &others);
	other.id_time += 1000;
	put(place, &other);
	assert_true(read_one(place, STREAM_INBOX, "anna", 5, &seen));
	assert_int_equal(seen.id_time, other.id_time);
	assert_int_equal(ask(place, "SELECT count(*) FROM pairs, streams WHERE "
				    "stream = id AND name = 'anna'"),
		1);
	buffer_fini(&others);
}

/* Changes */

static void
an_edit_replaces_what_was_said(void **state)
{
	struct place *place = *state;
	struct message edit = change_of(4, 2, MESSAGE_EDIT, "\"new\""), seen;

	add_range(place, 1, 3);
	put(place, &edit);
	assert_body(place, 2, "\"new\"", MESSAGE_EDITED);
	assert_true(read_one(place, STREAM_ROOM, "lobby", 2, &seen));
	assert_int_equal(seen.changed, message_unix_ms(edit.id_time));
	assert_true(text_equal(seen.type, TEXT_LITERAL("text")));
	assert_body(place, 4, "\"new\"", MESSAGE_EDIT);
	assert_true(read_one(place, STREAM_ROOM, "lobby", 4, &seen));
	assert_int_equal(seen.of_offset, 2);
	assert_int_equal(seen.of_time, edit.of_time);
	assert_body(place, 3, "{\"n\":3}", 0);
}

static void
a_deletion_leaves_null_and_nothing_brings_it_back(void **state)
{
	struct place *place = *state;
	struct message remove = change_of(4, 2, MESSAGE_DELETE, "");
	struct message edit = change_of(5, 2, MESSAGE_EDIT, "\"new\"");

	add_range(place, 1, 3);
	put(place, &remove);
	assert_body(place, 2, "null", MESSAGE_DELETED);
	put(place, &edit);
	assert_body(place, 2, "null", MESSAGE_DELETED);
	add_range(place, 1, 3);
	assert_body(place, 2, "null", MESSAGE_DELETED);
}

/* In whatever order they come when the journal is taken in again. */
static void
what_was_deleted_is_in_none_of_its_edits(void **state)
{
	struct place *place = *state;
	struct message first = change_of(4, 2, MESSAGE_EDIT, "\"first\"");
	struct message second = change_of(5, 2, MESSAGE_EDIT, "\"second\"");
	struct message other = change_of(6, 3, MESSAGE_EDIT, "\"other\"");
	struct message foreign = change_of(7, 2, MESSAGE_DELETE, "");
	struct message remove = change_of(8, 2, MESSAGE_DELETE, "");

	add_range(place, 1, 3);
	put(place, &first);
	put(place, &other);
	foreign.from = TEXT_LITERAL("berta");
	put(place, &foreign);
	assert_body(place, 4, "\"first\"", MESSAGE_EDIT);
	put(place, &remove);
	assert_body(place, 4, "null", MESSAGE_EDIT);
	put(place, &second);
	assert_body(place, 5, "null", MESSAGE_EDIT);
	put(place, &first);
	assert_body(place, 4, "null", MESSAGE_EDIT);
	assert_body(place, 6, "\"other\"", MESSAGE_EDIT);
	assert_int_equal(ask(place, "SELECT count(*) FROM edits"), 1);
}

static void
only_the_sender_changes_a_message(void **state)
{
	struct place *place = *state;
	struct message edit = change_of(4, 2, MESSAGE_EDIT, "\"new\"");
	struct message of_edit = change_of(5, 4, MESSAGE_EDIT, "\"newer\"");

	add_range(place, 1, 3);
	edit.from = TEXT_LITERAL("berta");
	put(place, &edit);
	assert_body(place, 2, "{\"n\":2}", 0);
	assert_body(place, 4, "\"new\"", MESSAGE_EDIT);

	/* A change is no message that could be changed. */
	of_edit.from = edit.from;
	of_edit.of_time = edit.id_time;
	put(place, &of_edit);
	assert_body(place, 4, "\"new\"", MESSAGE_EDIT);
}

static void
who_may_change_all_changes_what_others_said(void **state)
{
	struct place *place = *state;
	struct message edit =
		change_of(4, 2, MESSAGE_EDIT | MESSAGE_MODERATED, "\"mild\"");
	struct message remove =
		change_of(5, 3, MESSAGE_DELETE | MESSAGE_MODERATED, "");

	add_range(place, 1, 3);
	edit.from = remove.from = TEXT_LITERAL("system");
	put(place, &edit);
	assert_body(place, 2, "\"mild\"", MESSAGE_EDITED);
	put(place, &remove);
	assert_body(place, 3, "null", MESSAGE_DELETED);
}

static void
a_change_of_nothing_is_only_an_event(void **state)
{
	struct place *place = *state;
	struct message edit = change_of(4, 99, MESSAGE_EDIT, "\"new\""), seen;

	add_range(place, 1, 3);
	put(place, &edit);
	assert_true(read_one(place, STREAM_ROOM, "lobby", 4, &seen));
	assert_int_equal(seen.of_offset, 0);
	for (uint64_t i = 1; i <= 3; i++) {
		assert_true(read_one(place, STREAM_ROOM, "lobby", i, &seen));
		assert_int_equal(seen.flags, 0);
	}
}

/* The journal is taken in again after a kill, from anywhere before. */
static void
what_comes_again_undoes_no_change(void **state)
{
	struct place *place = *state;
	struct message first = change_of(4, 2, MESSAGE_EDIT, "\"first\"");
	struct message second = change_of(5, 2, MESSAGE_EDIT, "\"second\"");

	second.id_time += UINT64_C(1) << 16; /* a millisecond later */
	add_range(place, 1, 3);
	put(place, &first);
	put(place, &second);
	add_range(place, 1, 3);
	assert_body(place, 2, "\"second\"", MESSAGE_EDITED);
	put(place, &first);
	assert_body(place, 2, "\"second\"", MESSAGE_EDITED);
	put(place, &second);
	assert_body(place, 2, "\"second\"", MESSAGE_EDITED);
	assert_int_equal(ask(place, "SELECT count(*) FROM messages"), 5);
}

/* As above, but meanwhile it was kept no longer. */
static void
what_comes_again_changed_is_changed_again(void **state)
{
	struct place *place = *state;
	struct message remove = change_of(4, 2, MESSAGE_DELETE, "");

	add_range(place, 1, 3);
	put(place, &remove);
	archive_execute(place->path, "DELETE FROM messages WHERE id & 15 = 2");
	add_range(place, 1, 3);
	put(place, &remove);
	assert_body(place, 2, "null", MESSAGE_DELETED);
}

static void
a_change_goes_into_every_inbox(void **state)
{
	struct place *place = *state;
	struct message edit = change_of(6, 5, MESSAGE_EDIT, "\"new\""), seen;
	struct buffer others = { 0 };

	put_mail(place, 5, "berta", 7);
	mail_add_side(&others, &(struct mail_side){ text_of("berta"), 9 });
	edit.kind = STREAM_INBOX;
	edit.stream = SENDER;
	edit.others = buffer_text(&others);
	put(place, &edit);
	assert_true(read_one(place, STREAM_INBOX, "anna", 5, &seen));
	assert_true(text_equal(seen.body, TEXT_LITERAL("\"new\"")));
	assert_true(read_one(place, STREAM_INBOX, "berta", 7, &seen));
	assert_true(text_equal(seen.body, TEXT_LITERAL("\"new\"")));
	assert_int_equal(seen.flags, MESSAGE_EDITED);
	assert_true(read_one(place, STREAM_INBOX, "berta", 9, &seen));
	assert_int_equal(seen.flags, MESSAGE_EDIT);
	assert_int_equal(seen.of_offset, 7);

	/* An event is no part of the conversation. */
	assert_int_equal(ask(place, "SELECT count(*) FROM pairs"), 2);
	buffer_fini(&others);
}

static void
a_message_is_found_by_its_id_whatever_is_missing(void **state)
{
	struct place *place = *state;

	for (uint64_t i = 3; i <= 60; i += 1 + i % 4)
		add_range(place, i, i);
	for (uint64_t of = 1; of <= 64; of++) {
		struct message change =
			change_of(100 + of, of, MESSAGE_EDIT, "\"new\"");
		struct message seen;
		bool is_there =
			read_one(place, STREAM_ROOM, "lobby", of, &seen);

		put(place, &change);
		assert_true(
			read_one(place, STREAM_ROOM, "lobby", 100 + of, &seen));
		assert_int_equal(seen.of_offset, is_there ? of : 0);
	}
}

/* The intake */

static void
add_record(struct journal *journal, const struct message *message)
{
	struct buffer record = { 0 };

	message_pack(&record, message);
	journal_add(journal, buffer_text(&record));
	buffer_fini(&record);
}

/* `count` messages of anna, each to all the others, as one batch. */
static uint64_t
write_to_many(struct place *place, unsigned count, unsigned sides)
{
	char directory[96], name[16];
	struct journal *journal;
	uint64_t end;

	snprintf(
		directory, sizeof(directory), "%s/journal-0", place->directory);
	journal = journal_open(directory, false);
	for (unsigned i = 1; i <= count; i++) {
		struct buffer others = { 0 };
		struct message message;

		for (unsigned j = 0; j < sides; j++) {
			snprintf(name, sizeof(name), "u%u", j);
			mail_add_side(&others,
				&(struct mail_side){ text_of(name), i });
		}
		message = mail_at(i, &others);
		add_record(journal, &message);
		message.flags = MESSAGE_MARK;
		message.offset = 0;
		add_record(journal, &message);
		buffer_fini(&others);
	}
	assert_int_equal(journal_commit(journal, 1), JOURNAL_OK);
	end = journal_end(journal);
	journal_close(&journal);
	return end;
}

static void
a_batch_to_many_is_taken_in_bounded_steps(void **state)
{
	enum {
		MESSAGES = 20,
		SIDES = 300
	};
	struct place *place = *state;
	uint64_t end = write_to_many(place, MESSAGES, SIDES);
	struct intake *intake = intake_new(place->store, place->directory, 1);
	unsigned steps = 1;

	while (intake_step(intake, &end, 0) == INTAKE_MORE) {
		assert_in_range(store_written(place->store), INTAKE_ROWS,
			INTAKE_ROWS + 4 * SIDES + 2);
		assert_int_equal(intake_position(intake, 0), 0);
		steps++;
		if (steps != 5)
			continue;
		/* As if it was killed here. */
		intake_free(&intake);
		intake = intake_new(place->store, place->directory, 1);
	}
	assert_true(steps > 10);
	assert_int_equal(intake_position(intake, 0), end);
	assert_int_equal(ask(place, "SELECT count(*) FROM messages"),
		MESSAGES * (SIDES + 1));
	assert_int_equal(
		ask(place, "SELECT count(*) FROM pairs"), MESSAGES * SIDES * 2);
	intake_free(&intake);
}

static void
marks_are_no_messages(void **state)
{
	struct place *place = *state;
	uint64_t end = write_to_many(place, 3, 1);
	struct intake *intake = intake_new(place->store, place->directory, 1);

	assert_int_equal(intake_step(intake, &end, 0), INTAKE_DONE);
	assert_int_equal(intake_rows(intake), 3);
	assert_int_equal(ask(place, "SELECT count(*) FROM messages"), 6);
	intake_free(&intake);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		with_place(a_direct_message_stands_in_every_inbox),
		with_place(a_message_to_oneself_stands_once),
		with_place(sides_that_make_no_sense_are_left_out),
		with_place(another_one_in_the_same_place_takes_the_pairs_along),
		with_place(an_edit_replaces_what_was_said),
		with_place(a_deletion_leaves_null_and_nothing_brings_it_back),
		with_place(what_was_deleted_is_in_none_of_its_edits),
		with_place(only_the_sender_changes_a_message),
		with_place(who_may_change_all_changes_what_others_said),
		with_place(a_change_of_nothing_is_only_an_event),
		with_place(what_comes_again_undoes_no_change),
		with_place(what_comes_again_changed_is_changed_again),
		with_place(a_change_goes_into_every_inbox),
		with_place(a_message_is_found_by_its_id_whatever_is_missing),
		with_place(a_batch_to_many_is_taken_in_bounded_steps),
		with_place(marks_are_no_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
