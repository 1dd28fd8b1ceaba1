/* What clients see of read marks and of counts, with the test as the ledger. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/gateway_fixture.h"
#include "worker/gateway/pending.h"

#define EPOCH 5

static int
set_up(void **state)
{
	(void)state;
	fixture_open(1);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	fixture_close();
	return 0;
}

static struct text
t(const char *string)
{
	return text_of(string);
}

static void
assert_has(const char *frame, const char *part)
{
	if (!strstr(frame, part))
		fail_msg("'%s' is not in '%s'", part, frame);
}

static void
expect(int fd, const char *frame)
{
	assert_string_equal(fixture_read(fd), frame);
}

static int
client(const char *user)
{
	char json[128];
	int fd = fixture_connect();

	snprintf(json, sizeof(json),
		"{\"seq\":1,\"cmd\":\"login\",\"data\":{\"user\":\"%s\"}}",
		user);
	fixture_say(fd, json);
	assert_has(fixture_read(fd), "\"code\":200");
	return fd;
}

/* Joins the room r, with this mark; tells which connection that is. */
static uint64_t
enter(int fd, uint64_t read, const char *options)
{
	char json[128], wanted[32];
	struct unpack in;
	struct join join;

	snprintf(json, sizeof(json),
		"{\"seq\":2,\"cmd\":\"join\",\"data\":{\"room\":\"r\"%s}}",
		options);
	fixture_say(fd, json);
	in = letter_open(fixture_letter());
	assert_true(join_unpack(&in, &join));
	fixture_tell(JOINED, joined_pack,
		(struct joined){ .request = join.request,
			.connection = join.connection,
			.tenant = t("default"),
			.room = t("r"),
			.epoch = EPOCH,
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

	told.tenant = t("default");
	told.asker_life = LIFE;
	if (told.kind == 0) {
		told.kind = STREAM_ROOM;
		told.stream = t("r");
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
		.user = t("ann"), .offset = 7, .connection = asker });
	fixture_turn();
	expect(phone, READ_OF_ANN);
	expect(bob, READ_OF_ANN);
	expect(ann, "");
	close(ann);
	close(phone);
	close(bob);
}

static void
tell_message(uint64_t offset)
{
	fixture_tell(DELIVER, message_pack,
		(struct message){
			.id_time = (UINT64_C(1700000000000) << 16) + offset,
			.kind = STREAM_ROOM,
			.tenant = t("default"),
			.stream = t("r"),
			.epoch = EPOCH,
			.offset = offset,
			.from = t("x"),
			.type = t("text"),
			.body = t("1") });
}

static void
of_many_only_the_readers_own_connections_learn_it(void **state)
{
	int ann = client("ann"), phone = client("ann"), bob = client("bob");
	uint64_t asker = enter(ann, 3, "");

	(void)state;
	enter(phone, 3, "");
	enter(bob, 0, "");
	tell_message(10);
	tell_mark(&(struct mark){ .user = t("ann"),
		.offset = 7,
		.connection = asker,
		.only_own = 1 });
	fixture_turn();
	assert_has(fixture_read(phone), "\"offset\":10");
	expect(phone, READ_OF_ANN);
	assert_has(fixture_read(bob), "\"offset\":10");
	expect(bob, "");
	assert_has(fixture_read(ann), "\"offset\":10");
	expect(ann, "");
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
	tell_mark(&(struct mark){ .user = t("ann"),
		.offset = 7,
		.connection = asker,
		.only_own = 1 });
	tell_mark(&(struct mark){ .user = t("ann"), .offset = 5 });
	tell_mark(&(struct mark){ .user = t("bob"), .offset = 8 });
	fixture_turn();
	while (fixture_read(ann)[0])
		continue;
	while (fixture_read(phone)[0])
		continue;
	fixture_say(ann, "{\"seq\":3,\"cmd\":\"rooms\"}");
	assert_has(fixture_read(ann), "\"offset\":9,\"read\":7}]");
	fixture_say(phone, "{\"seq\":3,\"cmd\":\"rooms\"}");
	assert_has(fixture_read(phone), "\"offset\":9,\"read\":7}]");
	close(ann);
	close(phone);
}

static uint64_t
connection_of(const char *user)
{
	struct index_entry entry;

	assert_int_equal(index_find_user(fixture.arena, 0, t("default"),
				 t(user), &entry, 1),
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
		.stream = t("ann"),
		.user = t("ann"),
		.with = t("bob"),
		.offset = 7,
		.with_offset = 4,
		.connection = asker });
	fixture_turn();
	expect(ann, "");
	expect(phone, "{\"cmd\":\"read\",\"data\":{\"with\":\"bob\","
		      "\"user\":\"ann\",\"offset\":7}}");
	expect(bob, "{\"cmd\":\"read\",\"data\":{\"with\":\"ann\","
		    "\"user\":\"ann\",\"offset\":4}}");
	expect(eve, "");
	tell_mark(&(struct mark){ .kind = STREAM_INBOX,
		.stream = t("ann"),
		.user = t("ann"),
		.with = t("bob"),
		.offset = 8,
		.connection = asker });
	fixture_turn();
	assert_has(fixture_read(phone), "\"offset\":8");
	expect(bob, "");
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
		(struct presence){ .tenant = t("default"),
			.room = t("r"),
			.users = 1200,
			.connections = 1300 });
	fixture_turn();
	expect(ann, "{\"cmd\":\"count\",\"data\":{\"room\":\"r\","
		    "\"users\":1200,\"connections\":1300}}");
	expect(bob, "");
	close(ann);
	close(bob);
}

int
main(void)
{
#define read_test(claim)                                                       \
	cmocka_unit_test_setup_teardown(claim, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		read_test(members_learn_who_has_read_and_the_asker_does_not),
		read_test(of_many_only_the_readers_own_connections_learn_it),
		read_test(rooms_tell_up_to_where_their_user_has_read),
		read_test(of_two_each_sees_offsets_of_his_own_inbox),
		read_test(who_has_read_is_answered_with_what_holds),
		read_test(counts_are_pushed_to_those_who_want_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
