/* The archive with messages of other hosts, whose ids do not grow. */
#include "tests/unit/store_fixture.h"

#include "shared/message.h"
#include "worker/historian/store_retire.h"

#define BEGAN 1700000000000ULL

/* At offset n stands what was placed n seconds after the begin; said here. */
static struct message
own_at(uint64_t offset)
{
	struct message message = message_at(offset);

	message.id_time = message_time_of(BEGAN + 1000 * offset);
	return message;
}

/* The same, but another host said it so many seconds before. */
static struct message
carried_at(uint64_t offset, uint64_t seconds, uint64_t host)
{
	struct message message = own_at(offset);

	message.placed = message.id_time;
	message.id_time -= message_time_of(1000 * seconds);
	message.id_origin = message_origin((unsigned)host, 3);
	message.via = host << 8 | 1;
	return message;
}

static struct message
change_of(struct message change, uint64_t flags, const struct message *of,
	const char *body)
{
	change.flags = flags;
	change.of_time = of->id_time;
	change.of_origin = of->id_origin;
	change.body = text_of(body);
	return change;
}

static void
look(struct place *place, const struct lookup *wanted)
{
	assert_int_equal(
		store_reader_page(place->reader, wanted, BIG, &place->page), 0);
}

static struct lookup
by_id(enum lookup_mode mode, const struct message *message)
{
	struct lookup lookup = lookup_of(mode, message->id_time, 10);

	lookup.anchor_origin = message->id_origin;
	return lookup;
}

/* own 1, 2; of host 2, said 100 s before: 3; own 4; of host 3: 5. */
static void
add_five(struct place *place, struct message said[6])
{
	said[1] = own_at(1);
	said[2] = own_at(2);
	said[3] = carried_at(3, 100, 2);
	said[4] = own_at(4);
	said[5] = carried_at(5, 2, 3);
	for (int i = 1; i <= 5; i++)
		put(place, &said[i]);
}

static void
each_is_found_by_its_id(void **state)
{
	struct place *place = *state;
	struct message said[6];

	add_five(place, said);
	for (uint64_t i = 1; i <= 5; i++) {
		struct lookup wanted = by_id(LOOKUP_ID, &said[i]);

		look(place, &wanted);
		assert_int_equal(place->page.count, 1);
		assert_int_equal(place->page.first, i);
		wanted = by_id(LOOKUP_AFTER_ID, &said[i]);
		look(place, &wanted);
		assert_int_equal(place->page.count, 5 - i);
		wanted = by_id(LOOKUP_BEFORE_ID, &said[i]);
		look(place, &wanted);
		assert_int_equal(place->page.count, i - 1);
		said[i].id_origin++;
		wanted = by_id(LOOKUP_ID, &said[i]);
		look(place, &wanted);
		assert_int_equal(place->page.count, 0);
	}
}

static void
a_time_is_that_of_the_place(void **state)
{
	struct place *place = *state;
	struct message said[6];
	struct lookup wanted;

	add_five(place, said);
	for (uint64_t i = 1; i <= 5; i++) {
		wanted = lookup_of(LOOKUP_FROM_TIME,
			message_time_of(BEGAN + 1000 * i), 10);
		look(place, &wanted);
		assert_int_equal(place->page.first, i);
		assert_int_equal(place->page.count, 6 - i);
	}
}

/* What the body of the message at this offset is. */
static void
assert_body(struct place *place, uint64_t offset, const char *body)
{
	char sql[128];

	snprintf(sql, sizeof(sql),
		"SELECT body = '%s' FROM messages WHERE id & 1048575 = %llu",
		body, (unsigned long long)offset);
	assert_int_equal(ask(place, sql), 1);
}

static void
a_change_may_come_before_its_message(void **state)
{
	struct place *place = *state;
	struct message said = carried_at(5, 100, 2);
	struct message edit = change_of(carried_at(2, 50, 3),
		MESSAGE_EDIT | MESSAGE_MODERATED, &said, "\"edited\"");
	struct message later = change_of(carried_at(4, 40, 3),
		MESSAGE_EDIT | MESSAGE_MODERATED, &said, "\"again\"");
	struct message one = own_at(1), three = own_at(3);

	put(place, &one);
	put(place, &edit);
	put(place, &three);
	put(place, &later);
	assert_int_equal(ask(place, "SELECT count(*) FROM awaiting"), 2);
	put(place, &said);
	assert_int_equal(ask(place, "SELECT count(*) FROM awaiting"), 0);
	assert_body(place, 5, "\"again\"");
	assert_int_equal(
		ask(place, "SELECT count(*) FROM messages WHERE of_offset = 5"),
		2);
}

static void
a_deletion_may_come_before_its_message(void **state)
{
	struct place *place = *state;
	struct message said = carried_at(3, 100, 2);
	struct message edit = change_of(
		carried_at(1, 50, 2), MESSAGE_EDIT, &said, "\"edited\"");
	struct message gone =
		change_of(carried_at(2, 40, 2), MESSAGE_DELETE, &said, "null");

	put(place, &edit);
	put(place, &gone);
	put(place, &said);
	assert_body(place, 3, "null");
	assert_body(place, 1, "null");
}

/* Whatever comes last, all hosts agree on what was said last. */
static void
the_later_edit_counts(void **state)
{
	struct place *place = *state;
	struct message said = own_at(1);
	struct message late =
		change_of(own_at(2), MESSAGE_EDIT, &said, "\"late\"");
	struct message early = change_of(carried_at(3, 2, 2),
		MESSAGE_EDIT | MESSAGE_MODERATED, &said, "\"early\"");

	put(place, &said);
	put(place, &late);
	put(place, &early);
	assert_body(place, 1, "\"late\"");
	assert_body(place, 3, "\"late\"");
}

static void
of_one_millisecond_the_later_id_counts(void **state)
{
	struct place *place = *state;
	struct message said = own_at(1);
	struct message late =
		change_of(own_at(2), MESSAGE_EDIT, &said, "\"late\"");
	struct message early = change_of(carried_at(3, 0, 2),
		MESSAGE_EDIT | MESSAGE_MODERATED, &said, "\"early\"");

	late.id_time += 2;
	early.id_time = late.id_time - 1;
	put(place, &said);
	put(place, &late);
	put(place, &early);
	assert_body(place, 1, "\"late\"");
	early.offset = 4;
	early.placed++;
	early.id_time = late.id_time + 1;
	put(place, &early);
	assert_body(place, 1, "\"early\"");
}

static void
rule_of(void *self, unsigned kind, struct text name, struct store_rule *rule)
{
	(void)kind;
	(void)name;
	*rule = *(const struct store_rule *)self;
}

/* Kept by when they came here, so that what is kept has no hole. */
static void
what_goes_is_known_by_no_id_any_more(void **state)
{
	struct place *place = *state;
	struct store_rule rule = { .keep_ms = 10000 };
	struct store_retirement retirement = {
		.rule_of = rule_of,
		.self = &rule,
		.unix_ms = BEGAN + 4000 + 10000,
		.rows = 1000,
	};
	struct message said[6], gone;

	add_five(place, said);
	gone = change_of(carried_at(6, 5, 2), MESSAGE_DELETE, &said[1], "null");
	gone.of_time++;
	put(place, &gone);
	assert_int_equal(ask(place, "SELECT count(*) FROM carried"), 3);
	assert_int_equal(ask(place, "SELECT count(*) FROM awaiting"), 1);
	assert_int_equal(store_begin(place->store), 0);
	assert_int_equal(store_retire_stream(place->store, 1, &retirement),
		STORE_RETIRED_ALL);
	assert_int_equal(store_commit(place->store), 0);
	assert_int_equal(
		ask(place, "SELECT min(id & 1048575) FROM messages"), 4);
	assert_int_equal(ask(place, "SELECT count(*) FROM carried"), 2);
	rule.keep_ms = 1;
	assert_int_equal(store_begin(place->store), 0);
	assert_int_equal(store_retire_stream(place->store, 1, &retirement),
		STORE_RETIRED_ALL);
	assert_int_equal(store_commit(place->store), 0);
	assert_int_equal(ask(place, "SELECT count(*) FROM messages"), 0);
	assert_int_equal(ask(place, "SELECT count(*) FROM carried"), 0);
	assert_int_equal(ask(place, "SELECT count(*) FROM awaiting"), 0);
}

static void
trim(struct place *place, uint64_t time, uint64_t origin)
{
	struct message note = own_at(1);

	note.flags = MESSAGE_TRIM;
	note.of_time = time;
	note.of_origin = origin;
	note.of_offset = 0;
	assert_int_equal(store_begin(place->store), 0);
	assert_int_equal(store_trim(place->store, &note), 0);
	assert_int_equal(store_commit(place->store), 0);
}

static void
what_is_taken_away_elsewhere_goes_here(void **state)
{
	static const char kept_from[] = "SELECT kept_from FROM streams";
	struct place *place = *state;
	struct message said[6];

	add_five(place, said);
	trim(place, 1, 5);
	assert_in_range(ask(place, kept_from), 0, 1);
	trim(place, 1, 0);
	assert_in_range(ask(place, kept_from), 0, 1);
	trim(place, said[2].id_time + 1, 5); /* is not here */
	assert_int_equal(ask(place, kept_from), 3);
	trim(place, said[3].id_time, said[3].id_origin);
	assert_int_equal(ask(place, kept_from), 4);
	trim(place, message_time_of(BEGAN + 3500), 0);
	assert_int_equal(ask(place, kept_from), 6);
}

/* --- any order --- */

#define GAMES 20
#define ORDERS 3
#define RECORDS 30
#define HOSTS 3

static struct {
	struct message message;
	char body[32];
	unsigned host;
} records[RECORDS];
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
	uint64_t time = message_time_of(BEGAN);

	for (unsigned i = 0; i < RECORDS; i++) {
		struct message *message = &records[i].message;
		const struct message *of = &records[i ? chance(i) : 0].message;

		time += chance(2) ? 1 : message_time_of(1);
		snprintf(records[i].body, sizeof(records[i].body), "%u", i);
		records[i].host = chance(HOSTS);
		*message = message_at(1);
		message->id_time = time;
		message->id_origin = message_origin(2 + records[i].host, 3);
		message->body = text_of(records[i].body);
		if (i < 3 || chance(3) == 0 || of->flags & MESSAGE_CHANGES)
			continue;
		message->flags = MESSAGE_MODERATED |
				 (chance(6) ? MESSAGE_EDIT : MESSAGE_DELETE);
		if (message->flags & MESSAGE_DELETE)
			message->body = TEXT_LITERAL("null");
		message->of_time = of->id_time;
		message->of_origin = of->id_origin;
	}
}

/* The next one of this host from there on; RECORDS: none. */
static unsigned
next_of(unsigned host, unsigned next)
{
	while (next < RECORDS && records[next].host != host)
		next++;
	return next;
}

/* All into this room: those of one host in their order. */
static void
put_all(struct place *place, const char *room)
{
	unsigned next[HOSTS];

	for (unsigned i = 0; i < HOSTS; i++)
		next[i] = next_of(i, 0);
	assert_int_equal(store_begin(place->store), 0);
	for (uint64_t offset = 1; offset <= RECORDS;) {
		unsigned host = chance(HOSTS);
		struct message message;

		if (next[host] == RECORDS)
			continue;
		message = records[next[host]].message;
		message.stream = text_of(room);
		message.offset = offset;
		message.placed = message_time_of(BEGAN + 100000) + offset;
		assert_int_equal(store_add(place->store, &message), 0);
		next[host] = next_of(host, next[host] + 1);
		offset++;
	}
	assert_int_equal(store_commit(place->store), 0);
}

/* The record with this id. */
static unsigned
record_of(uint64_t id_time)
{
	unsigned i = 0;

	while (records[i].message.id_time != id_time)
		i++;
	return i;
}

/* What a client comes to that is told all rows one after the other. */
static void
follow(struct place *place, const char *room, char bodies[RECORDS][32])
{
	struct lookup wanted = lookup_of(LOOKUP_AFTER, 0, RECORDS);
	struct unpack in;

	wanted.stream = text_of(room);
	wanted.changes = 1;
	look(place, &wanted);
	assert_int_equal(place->page.count, RECORDS);
	in = unpack_of(buffer_text(&place->page.messages));
	memset(bodies, 0, RECORDS * sizeof(bodies[0]));
	for (unsigned i = 0; i < RECORDS; i++) {
		struct unpack one = unpack_of(unpack_text(&in));
		struct message message;
		unsigned of;

		assert_true(message_unpack(&one, &message));
		of = record_of(message.flags & MESSAGE_CHANGES
				       ? message.of_time
				       : message.id_time);
		if (!(message.flags & MESSAGE_CHANGES) || bodies[of][0] != 0)
			snprintf(bodies[of], 32, "%.*s",
				TEXT_ARGS(message.body));
	}
}

/* What all changes of this record come to, whatever their order. */
static const char *
final_body(unsigned number)
{
	const char *body = records[number].body;

	for (unsigned i = 0; i < RECORDS; i++) {
		const struct message *change = &records[i].message;

		if (!(change->flags & MESSAGE_CHANGES) ||
			change->of_time != records[number].message.id_time)
			continue;
		if (change->flags & MESSAGE_DELETE)
			return "null";
		body = records[i].body;
	}
	return body;
}

static void
whatever_the_order_the_same_is_left(void **state)
{
	static char bodies[RECORDS][32];
	struct place *place = *state;
	char room[32];

	for (unsigned i = 0; i < GAMES * ORDERS; i++) {
		print_message("seed %u\n", i / ORDERS + 1);
		seed = i / ORDERS + 1;
		invent();
		seed = i + 1;
		snprintf(room, sizeof(room), "room %u", i);
		put_all(place, room);
		follow(place, room, bodies);
		for (unsigned k = 0; k < RECORDS; k++)
			if (!(records[k].message.flags & MESSAGE_CHANGES))
				assert_string_equal(bodies[k], final_body(k));
	}
	assert_int_equal(ask(place, "SELECT count(*) FROM awaiting"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		with_place(each_is_found_by_its_id),
		with_place(a_time_is_that_of_the_place),
		with_place(a_change_may_come_before_its_message),
		with_place(a_deletion_may_come_before_its_message),
		with_place(the_later_edit_counts),
		with_place(of_one_millisecond_the_later_id_counts),
		with_place(what_goes_is_known_by_no_id_any_more),
		with_place(what_is_taken_away_elsewhere_goes_here),
		with_place(whatever_the_order_the_same_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
