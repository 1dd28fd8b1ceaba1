/* Lists of rooms from several ledgers, and messages that pass by all of them.
 */
#define OPEN_GATEWAY open_with_two_ledgers
#include "tests/unit/gateway_talk.h"

/* One ledger's part: the names are letters of a string. */
static void
tell_part(uint64_t request, unsigned ledger, const char *names, bool more)
{
	struct buffer lines = { 0 }, line = { 0 };
	struct rooms_page page = {
		.request = request,
		.ledger = ledger,
		.more = more,
	};

	for (; names[page.count]; page.count++) {
		buffer_clear(&line, SIZE_MAX);
		room_line_pack(
			&line, &(struct room_line){
				       .room = { names + page.count, 1 } });
		pack_text(&lines, buffer_text(&line));
	}
	page.rooms = buffer_text(&lines);
	fixture_tell(ROOMS_PAGE, rooms_page_pack, page);
	buffer_fini(&line);
	buffer_fini(&lines);
}

/* What the client reads when the ledgers have told so much. */
static const char *
merged(int limit, const char *a, bool a_more, const char *b, bool b_more)
{
	static char names[100];
	int fd = client("u");
	char json[100];
	struct rooms_wanted wanted;
	const char *frame;
	size_t count = 0;

	snprintf(json, sizeof(json),
		"{\"cmd\":\"rooms\",\"data\":{\"listed\":true,\"limit\":%d}}",
		limit);
	fixture_say(fd, json);
	fixture_take(ROOMS_WANTED, rooms_wanted_unpack, &wanted);
	assert_int_equal(fixture_letter()->kind, LETTER_ROOMS_WANTED);
	tell_part(wanted.request, 0, a, a_more);
	fixture_turn();
	assert_silent(fd);
	tell_part(wanted.request, 1, b, b_more);
	tell_part(wanted.request, 1, "z", false);
	fixture_turn();
	frame = fixture_read(fd);
	for (; (frame = strstr(frame, "\"room\":\"")); frame += 8)
		names[count++] = frame[8];
	names[count] = 0;
	assert_silent(fd);
	close(fd);
	fixture_turn();
	return names;
}

static void
parts_are_merged_in_order(void **state)
{
	(void)state;
	assert_string_equal(merged(9, "ace", false, "bd", false), "abcde");
	assert_string_equal(merged(9, "", false, "", false), "");
}

static void
a_page_is_cut_at_its_limit(void **state)
{
	(void)state;
	assert_string_equal(merged(2, "ac", true, "bd", false), "ab");
}

static void
nothing_is_told_behind_what_a_ledger_did_not_reach(void **state)
{
	(void)state;
	assert_string_equal(merged(9, "ab", true, "cd", false), "ab");
	assert_string_equal(merged(9, "ab", true, "ad", true), "aab");
}

static void
a_page_that_is_not_the_last_says_where_to_go_on(void **state)
{
	int fd = client("u");
	struct rooms_wanted wanted;

	(void)state;
	fixture_say(fd, "{\"cmd\":\"rooms\",\"data\":{\"listed\":true}}");
	fixture_take(ROOMS_WANTED, rooms_wanted_unpack, &wanted);
	tell_part(wanted.request, 0, "ab", true);
	tell_part(wanted.request, 1, "cd", false);
	fixture_turn();
	assert_has(fixture_read(fd), "],\"next\":\"b\"}");
	close(fd);
}

static void
unlisted_rooms_are_not_shown(void **state)
{
	(void)state;
	fixture.class.listed = false;
	assert_string_equal(merged(9, "ab", false, "c", false), "");
}

static void
what_is_not_remembered_passes_by_the_ledger(void **state)
{
	int says = member("u"), hears = member("u");
	const char *frame;

	(void)state;
	fixture.class.history = false;
	fixture_say(says, "{\"cmd\":\"say\",\"data\":{\"room\":\"r\","
			  "\"body\":0.10}}");
	assert_null(fixture_letter());
	frame = fixture_read(says);
	assert_has(frame, "\"code\":200");
	assert_has(frame, "\"reached\":1}");
	assert_lacks(frame, "offset");
	frame = fixture_read(hears);
	assert_has(frame, "\"body\":0.10}");
	assert_lacks(frame, "offset");
	assert_silent(says);
	close(says);
	close(hears);
}

/* It may have been put off by one that is dead now. */
static void
another_life_of_a_ledger_is_asked_again_and_counts_once(void **state)
{
	int fd = client("u");
	struct rooms_wanted wanted;

	(void)state;
	fixture_say(fd, "{\"cmd\":\"rooms\",\"data\":{\"listed\":true}}");
	fixture_take(ROOMS_WANTED, rooms_wanted_unpack, &wanted);
	assert_int_equal(fixture_letter()->kind, LETTER_ROOMS_WANTED);
	fixture_tell(ANNOUNCE, announce_pack, (struct announce){ .life = 2 });
	fixture_turn();
	fixture_take(ROOMS_WANTED, rooms_wanted_unpack, &wanted);
	tell_part(wanted.request, 0, "a", false);
	tell_part(wanted.request, 0, "a", false);
	fixture_turn();
	assert_silent(fd);
	tell_part(wanted.request, 1, "b", false);
	fixture_turn();
	assert_has(fixture_read(fd), "\"code\":200");
	close(fd);
	fixture_turn();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(parts_are_merged_in_order),
		TEST(another_life_of_a_ledger_is_asked_again_and_counts_once),
		TEST(a_page_is_cut_at_its_limit),
		TEST(nothing_is_told_behind_what_a_ledger_did_not_reach),
		TEST(a_page_that_is_not_the_last_says_where_to_go_on),
		TEST(unlisted_rooms_are_not_shown),
		TEST(what_is_not_remembered_passes_by_the_ledger),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
