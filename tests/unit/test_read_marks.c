/* What clients see of read marks and of counts, with the test as the ledger. */
#include "tests/unit/gateway_talk.h"
#include "worker/gateway/pending.h"

static void
expect(int fd, const char *frame)
{
	assert_string_equal(fixture_read(fd), frame);
}

/* Joins the room r, with this mark; tells which connection that is. */
static uint64_t
enter(int fd, uint64_t read, const char *options)
{
	char data[128], wanted[32];
	struct join join;

	snprintf(data, sizeof(data), "\"room\":\"r\"%s", options);
	ask(fd, "join", data);
	join = taken_join();
	fixture_tell(JOINED, joined_pack,
		(struct joined){ .request = join.request,
			.connection = join.connection,
			.tenant = text_of("default"),
			.room = text_of("r"),
			.epoch = ROOM_EPOCH,
			.offset = 9,
			.users = 1,
			.connections = 1,
			.read = read });
	fixture_turn();
	snprintf(wanted, sizeof(wanted), ",\"read\":%d}", (int)read);
	assert_has(fixture_read(fd), wanted);
	return join.connection;
}

static void
tell_mark(const struct mark *mark)
{
	struct mark told = *mark;

	told.tenant = text_of("default");
	told.asker_life = LIFE;
	if (told.kind == 0) {
		told.kind = STREAM_ROOM;
		told.stream = text_of("r");
	}
	fixture_tell(MARK, mark_pack, told);
}

#define READ_OF_ANN                                                            \
	"{\"cmd\":\"read\",\"data\":{\"room\":\"r\",\"user\":\"ann\","         \
	"\"offset\":7}}"

static void
members_learn_who_has_read_and_the_asker_does_not(void **state)
{
	int ann = client("ann"), phone = client("ann"), bob = client("bob");
	uint64_t asker = enter(ann, 3, "");

	(void)state;
	enter(phone, 3, "");
	enter(bob, 0, ",\"events\":false");
	tell_mark(&(struct mark){
		.user = text_of("ann"), .offset = 7, .connection = asker });
	fixture_turn();
	expect(phone, READ_OF_ANN);
	expect(bob, READ_OF_ANN);
	assert_silent(ann);
	close(ann);
	close(phone);
	close(bob);
}

static void
of_many_only_the_readers_own_connections_learn_it(void **state)
{
	int ann = client("ann"), phone = client("ann"), bob = client("bob");
	uint64_t asker = enter(ann, 3, "");

	(void)state;
	enter(phone, 3, "");
	enter(bob, 0, "");
	tell_offset(10);
	tell_mark(&(struct mark){ .user = text_of("ann"),
		.offset = 7,
		.connection = asker,
		.only_own = 1 });
	fixture_turn();
	assert_has(fixture_read(phone), "\"offset\":10");
	expect(phone, READ_OF_ANN);
	assert_has(fixture_read(bob), "\"offset\":10");
	assert_silent(bob);
	assert_has(fixture_read(ann), "\"offset\":10");
	assert_silent(ann);
	close(ann);
	close(phone);
	close(bob);
}

static void
rooms_tell_up_to_where_their_user_has_read(void **state)
{
	int ann = client("ann"), phone = client("ann");
	uint64_t asker = enter(ann, 3, "");

	(void)state;
	enter(phone, 3, "");
	tell_mark(&(struct mark){ .user = text_of("ann"),
		.offset = 7,
		.connection = asker,
		.only_own = 1 });
	tell_mark(&(struct mark){ .user = text_of("ann"), .offset = 5 });
	tell_mark(&(struct mark){ .user = text_of("bob"), .offset = 8 });
	fixture_turn();
	while (fixture_read(ann)[0])
		continue;
	while (fixture_read(phone)[0])
		continue;
	ask(ann, "rooms", "");
	assert_has(fixture_read(ann), "\"offset\":9,\"read\":7}]");
	ask(phone, "rooms", "");
	assert_has(fixture_read(phone), "\"offset\":9,\"read\":7}]");
	close(ann);
	close(phone);
}

static uint64_t
connection_of(const char *user)
{
	struct index_entry entry;

	assert_int_equal(index_find_user(fixture.arena, 0, text_of("default"),
				 text_of(user), &entry, 1),
		1);
	return session_connection(fixture.gateway.seated[entry.place]);
}

static void
of_two_each_sees_offsets_of_his_own_inbox(void **state)
{
	int ann = client("ann"), bob = client("bob"), eve = client("eve"),
	    phone;
	uint64_t asker = connection_of("ann");

	(void)state;
	phone = client("ann");
	tell_mark(&(struct mark){ .kind = STREAM_INBOX,
		.stream = text_of("ann"),
		.user = text_of("ann"),
		.with = text_of("bob"),
		.offset = 7,
		.with_offset = 4,
		.connection = asker });
	fixture_turn();
	assert_silent(ann);
	expect(phone, "{\"cmd\":\"read\",\"data\":{\"with\":\"bob\","
		      "\"user\":\"ann\",\"offset\":7}}");
	expect(bob, "{\"cmd\":\"read\",\"data\":{\"with\":\"ann\","
		    "\"user\":\"ann\",\"offset\":4}}");
	assert_silent(eve);
	tell_mark(&(struct mark){ .kind = STREAM_INBOX,
		.stream = text_of("ann"),
		.user = text_of("ann"),
		.with = text_of("bob"),
		.offset = 8,
		.connection = asker });
	fixture_turn();
	assert_has(fixture_read(phone), "\"offset\":8");
	assert_silent(bob);
	close(ann);
	close(phone);
	close(bob);
	close(eve);
}

static void
who_has_read_is_answered_with_what_holds(void **state)
{
	int ann = client("ann");
	struct session *session =
		session_of(&fixture.gateway, connection_of("ann"));
	struct pending *pending =
		pending_new(fixture.gateway.pendings, session, PENDING_READ,
			TEXT_LITERAL("\1"
				     "44"));

	(void)state;
	fixture_tell(MARKED, mark_pack,
		(struct mark){ .request = pending->request, .offset = 12 });
	fixture_turn();
	assert_has(fixture_read(ann), "\"code\":200,\"data\":{\"offset\":12}}");
	assert_null(session->pendings);
	close(ann);
}

static void
counts_are_pushed_to_those_who_want_events(void **state)
{
	int ann = client("ann"), bob = client("bob");

	(void)state;
	enter(ann, 0, "");
	enter(bob, 0, ",\"events\":false");
	fixture_tell(PRESENCE, presence_pack,
		(struct presence){ .tenant = text_of("default"),
			.room = text_of("r"),
			.users = 1200,
			.connections = 1300 });
	fixture_turn();
	expect(ann, "{\"cmd\":\"count\",\"data\":{\"room\":\"r\","
		    "\"users\":1200,\"connections\":1300}}");
	assert_silent(bob);
	close(ann);
	close(bob);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(members_learn_who_has_read_and_the_asker_does_not),
		TEST(of_many_only_the_readers_own_connections_learn_it),
		TEST(rooms_tell_up_to_where_their_user_has_read),
		TEST(of_two_each_sees_offsets_of_his_own_inbox),
		TEST(who_has_read_is_answered_with_what_holds),
		TEST(counts_are_pushed_to_those_who_want_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
