/* Whatever order the messages and changes of three hosts come in, the same is
 * left of them: by seeded chance, SEED=n plays one game alone. */
#include "tests/unit/ledger_hauls.h"

#define GAMES 150
#define ORDERS 4
#define RECORDS 40
#define HOSTS 3

static struct {
	struct message message;
	char body[32];
	unsigned host;
} records[RECORDS];
static uint64_t reached[HOSTS]; /* in their journals */
static unsigned seed;

static unsigned
chance(unsigned below)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % below;
}

/* Each with a later id than those before it, often in one millisecond. */
static void
invent(void)
{
	uint64_t time = message_time_of(clock_unix_ms() - 100000);

	for (unsigned i = 0; i < RECORDS; i++) {
		unsigned of = i ? chance(i) : 0, host = chance(HOSTS);

		time += chance(2) ? 1 : message_time_of(1);
		snprintf(records[i].body, sizeof(records[i].body), "%u", i);
		records[i].host = host;
		records[i].message =
			said_there(ELSEWHERE + host, 0, records[i].body);
		records[i].message.id_time = time;
		if (i < 3 || chance(3) == 0 ||
			records[of].message.flags & MESSAGE_CHANGES)
			continue;
		records[i].message.flags =
			MESSAGE_MODERATED |
			(chance(6) ? MESSAGE_EDIT : MESSAGE_DELETE);
		records[i].message.of_time = records[of].message.id_time;
		records[i].message.of_origin = records[of].message.id_origin;
	}
}

/* The next record of this host behind the first `next` ones; RECORDS: none. */
static unsigned
next_of(unsigned host, unsigned next)
{
	while (next < RECORDS && records[next].host != host)
		next++;
	return next;
}

static void
haul_record(unsigned number, const char *room)
{
	unsigned host = records[number].host;
	struct message message = records[number].message;

	message.stream = text_of(room);
	haul_begin(ELSEWHERE + host, reached[host], 0);
	haul_add(reached[host], 1, &message);
	haul_show(reached[host] + 10, 0);
	reached[host] += 10;
}

/* All of them into the room: those of one host in their order. */
static void
haul_all(const char *room)
{
	unsigned next[HOSTS], left = RECORDS;

	for (unsigned i = 0; i < HOSTS; i++)
		next[i] = next_of(i, 0);
	while (left > 0) {
		unsigned host = chance(HOSTS);

		if (next[host] == RECORDS)
			continue;
		haul_record(next[host], room);
		next[host] = next_of(host, next[host] + 1);
		left--;
		if (chance(4) == 0)
			end_turn();
	}
	end_turn();
	fixture_forget_sent();
}

/* What is left of a record in the room. */
static struct message
left_of(unsigned number, const char *room)
{
	const struct message *said = &records[number].message;
	const struct recent_message *at;
	struct message message;
	struct stream_name name;

	stream_name_make(&name, STREAM_ROOM, TEXT_LITERAL("t"), text_of(room));
	at = recent_find_id(streams_find(&ledger()->streams, &name),
		said->id_time, said->id_origin);
	assert_non_null(at);
	recent_read(at, &message, &ledger()->turn.others);
	return message;
}

static void
compare(const char *one, const char *other)
{
	for (unsigned i = 0; i < RECORDS; i++) {
		struct message a = left_of(i, one);
		struct buffer body = { 0 };
		struct message b;

		buffer_add_text(&body, a.body);
		b = left_of(i, other);
		assert_true(text_equal(buffer_text(&body), b.body));
		assert_int_equal(
			a.flags & MESSAGE_DELETED, b.flags & MESSAGE_DELETED);
		if (!(a.flags & MESSAGE_DELETED)) {
			assert_int_equal(a.flags, b.flags);
			assert_int_equal(a.changed, b.changed);
		}
		buffer_fini(&body);
	}
}

/* Of the message itself it can be said without any order: of all changes. */
static void
check(const char *room)
{
	for (unsigned i = 0; i < RECORDS; i++) {
		const char *body = records[i].body;

		if (records[i].message.flags & MESSAGE_CHANGES)
			continue;
		for (unsigned k = 0; k < RECORDS; k++) {
			const struct message *change = &records[k].message;

			if (!(change->flags & MESSAGE_CHANGES) ||
				change->of_time != records[i].message.id_time)
				continue;
			body = change->flags & MESSAGE_DELETE ? "null"
							      : records[k].body;
			if (change->flags & MESSAGE_DELETE)
				break;
		}
		assert_true(text_equal(left_of(i, room).body, text_of(body)));
	}
}

static void
play_game(unsigned number)
{
	char first[32], room[32];

	seed = number;
	invent();
	for (unsigned i = 0; i < ORDERS; i++) {
		snprintf(room, sizeof(room), "%u-%u", number, i);
		haul_all(room);
		check(room);
		if (i == 0)
			memcpy(first, room, sizeof(first));
		else
			compare(first, room);
	}
}

static void
script_games(void)
{
	const char *one = getenv("SEED");

	settle();
	for (unsigned i = 0; i < HOSTS; i++)
		haul_set(ELSEWHERE + i, 0, 0);
	end_turn();
	fixture_forget_sent();
	for (unsigned i = 1; i <= GAMES; i++) {
		if (one)
			i = (unsigned)atoi(one);
		print_message("seed %u\n", i);
		play_game(i);
		if (one)
			break;
	}
	assert_int_equal(counted(COUNTER_HAULED_BAD), 0);
	fixture_forget_sent();
}

static void
whatever_the_order_the_same_is_left(void **state)
{
	(void)state;
	play(script_games);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		HAUL_TEST(whatever_the_order_the_same_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
