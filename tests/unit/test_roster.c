/* The roster: what it tells of sessions of other hosts, and what it does for
 * them. */
#include "tests/unit/roster_fixture.h"

#include "shared/codes.h"
#include "shared/mail.h"

#define TENANT TEXT_LITERAL("acme")
#define HERE (&sides[0])  /* host 1 */
#define THERE (&sides[1]) /* host 2 */
#define SECRET 77

static int
set_up(void **state)
{
	(void)state;
	side_open(HERE, 1, 4);
	side_open(THERE, 2, 4);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	side_close(HERE);
	side_close(THERE);
	buffer_fini(&letter_bytes);
	return 0;
}

/* At a gateway of the other host: place 5. */
static void
log_in(const char *user, uint64_t secret)
{
	static const char address[16];

	arrival_pack(letter_new(LETTER_ARRIVE),
		&(struct arrival){
			.connection = 5ULL << 32 | secret,
			.secret = secret,
			.tenant = TENANT,
			.user = text_of(user),
			.platform = 101,
			.since = 1000,
			.address = { address, sizeof(address) },
			.port = 99,
			.order = 12345,
		});
	letter_give(THERE, 1, 1);
}

static void
enter(const char *room, uint64_t secret, const char *info)
{
	join_pack(letter_new(LETTER_JOIN),
		&(struct join){
			.connection = 5ULL << 32 | secret,
			.room = text_of(room),
			.flags = JOIN_EVENTS | JOIN_PRESENCE,
			.info = text_of(info),
		});
	letter_give(THERE, 1, 1);
}

/* What one has said comes to the other one; returns how much. */
static size_t
carry(struct side *from, struct side *to)
{
	static size_t number; /* never the same again */
	size_t count = from->frame_count;

	for (size_t i = 0; i < count; i++)
		roster_item(to->roster, (unsigned)from->config.host_id,
			++number, from->frames[i]);
	side_forget_frames(from);
	return count;
}

/* The only letter of this kind; NULL: there is none. */
static const struct sent *
sent(const struct side *side, enum letter_kind kind)
{
	const struct sent *found = NULL;

	for (size_t i = 0; i < side->letter_count; i++) {
		if (side->letters[i].letter->kind != kind)
			continue;
		assert_null(found);
		found = &side->letters[i];
	}
	return found;
}

static size_t
count_sent(const struct side *side, enum letter_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < side->letter_count; i++)
		count += side->letters[i].letter->kind == kind;
	return count;
}

static uint64_t
counted(const struct side *side, enum counter counter)
{
	return atomic_load(&arena_row(side->arena, RELAY)->counters[counter]);
}

/* As the index here has it. */
static struct index_entry
entry_of(const char *user)
{
	struct index_entry entry;

	assert_int_equal(index_find_user(HERE->arena, RELAY, TENANT,
				 text_of(user), &entry, 1),
		1);
	return entry;
}

/* Presence */

static void
a_remote_session_stands_in_the_index_and_at_the_ledger(void **state)
{
	char id[CLIENT_ID_LENGTH + 1];
	struct index_entry entry;
	struct unpack in;
	struct join join;

	(void)state;
	log_in("ada", SECRET);
	enter("lobby", SECRET, "{}");
	carry(THERE, HERE);
	entry = entry_of("ada");
	assert_int_equal(entry.host, 2);
	assert_int_equal(entry.since_ms, 1000);
	index_client_id(&entry, 1, RELAY, id);
	assert_string_equal(id, "00020001"
				"00000005"
				"000000000000004d");
	assert_true(index_find_secret(HERE->arena, RELAY, SECRET, &entry));
	assert_int_equal(index_room_connections(HERE->arena, RELAY, TENANT,
				 TEXT_LITERAL("lobby")),
		1);
	assert_int_equal(sent(HERE, LETTER_JOIN)->to, LEDGER);
	in = letter_open(sent(HERE, LETTER_JOIN)->letter);
	assert_true(join_unpack(&in, &join));
	assert_true(text_equal(join.user, TEXT_LITERAL("ada")));
	assert_true(text_equal(join.info, TEXT_LITERAL("{}")));
	assert_int_equal(join.platform, 101);
	assert_int_equal(join.request, 0);
	assert_int_equal(join.flags, JOIN_EVENTS | JOIN_PRESENCE);
}

static void
of_a_session_that_ends_nothing_is_left(void **state)
{
	struct index_entry entry;

	(void)state;
	log_in("ada", SECRET);
	enter("lobby", SECRET, "");
	enter("den", SECRET, "");
	roster_on_peer(THERE->roster, 1, 1, false);
	carry(THERE, HERE);
	assert_int_equal(roster_locals(THERE->roster), 0);
	assert_int_equal(roster_remotes(HERE->roster), 0);
	assert_int_equal(count_sent(HERE, LETTER_LEAVE), 2);
	assert_false(index_find_secret(HERE->arena, RELAY, SECRET, &entry));
	assert_false(index_has_room(
		HERE->arena, RELAY, TENANT, TEXT_LITERAL("lobby")));
	assert_false(
		index_has_room(HERE->arena, RELAY, TENANT, TEXT_LITERAL("")));
}

static void
what_a_dead_gateway_had_said_is_not_believed(void **state)
{
	(void)state;
	roster_on_peer(THERE->roster, 1, 1, false);
	log_in("ada", SECRET);
	assert_int_equal(roster_locals(THERE->roster), 0);
}

static void
take_snapshot(void)
{
	struct buffer items = { 0 };

	roster_begin(HERE->roster, 2);
	assert_int_equal(roster_page(THERE->roster, 0, 1 << 20, &items), 0);
	assert_true(
		roster_snapshot(HERE->roster, 2, 0, buffer_text(&items), true));
	buffer_fini(&items);
}

static void
another_life_of_a_relay_makes_nobody_go_or_come(void **state)
{
	uint32_t place;

	(void)state;
	log_in("ada", SECRET);
	enter("lobby", SECRET, "{}");
	carry(THERE, HERE);
	place = entry_of("ada").place;
	side_forget_letters(HERE);
	side_start(THERE);
	log_in("ada", SECRET);
	enter("lobby", SECRET, "{}");
	take_snapshot();
	assert_int_equal(HERE->letter_count, 0);
	assert_int_equal(entry_of("ada").place, place);
}

static void
whom_a_snapshot_does_not_have_is_gone(void **state)
{
	struct unpack in;
	struct leave leave;

	(void)state;
	log_in("ada", SECRET);
	enter("lobby", SECRET, "");
	enter("den", SECRET, "");
	carry(THERE, HERE);
	side_forget_letters(HERE);
	side_start(THERE);
	log_in("ada", SECRET);
	enter("den", SECRET, "");
	take_snapshot();
	in = letter_open(sent(HERE, LETTER_LEAVE)->letter);
	assert_true(leave_unpack(&in, &leave));
	assert_true(text_equal(leave.room, TEXT_LITERAL("lobby")));
	side_start(THERE);
	take_snapshot();
	assert_int_equal(roster_remotes(HERE->roster), 0);
	assert_int_equal(counted(HERE, COUNTER_SNAPSHOTS), 2);
}

static void
a_silent_host_keeps_its_sessions_for_half_a_minute(void **state)
{
	struct unpack in;
	struct leave leave;

	(void)state;
	log_in("ada", SECRET);
	enter("lobby", SECRET, "");
	carry(THERE, HERE);
	roster_lose(HERE->roster, 2, 1000);
	roster_on_tick(HERE->roster, 999 + ROSTER_UNCERTAIN_MS);
	assert_int_equal(roster_remotes(HERE->roster), 1);
	assert_true(roster_find(HERE->roster, 2));
	roster_on_tick(HERE->roster, 5000 + ROSTER_UNCERTAIN_MS);
	assert_int_equal(roster_remotes(HERE->roster), 1);
	roster_lose(HERE->roster, 2, 100000);
	roster_on_tick(HERE->roster, 100000 + ROSTER_UNCERTAIN_MS);
	roster_on_turn(HERE->roster);
	assert_int_equal(roster_remotes(HERE->roster), 0);
	in = letter_open(sent(HERE, LETTER_LEAVE)->letter);
	assert_true(leave_unpack(&in, &leave));
	assert_int_equal(leave.lost, 0);
	assert_false(roster_find(HERE->roster, 2));
	take_snapshot();
	assert_true(roster_find(HERE->roster, 2));
	assert_int_equal(roster_remotes(HERE->roster), 1);
}

static void
a_host_that_was_gone_comes_back_by_a_snapshot(void **state)
{
	(void)state;
	log_in("ada", SECRET);
	carry(THERE, HERE);
	roster_forget(HERE->roster, 2);
	assert_false(roster_on_turn(HERE->roster));
	assert_int_equal(roster_remotes(HERE->roster), 0);
	take_snapshot();
	assert_int_equal(roster_remotes(HERE->roster), 1);
}

static void
of_many_sessions_some_end_in_a_turn(void **state)
{
	char room[16];

	(void)state;
	for (uint64_t i = 1; i <= 3; i++) {
		log_in("ada", i);
		for (int k = 0; k < 2000; k++) {
			snprintf(room, sizeof(room), "room %d", k);
			enter(room, i, "");
		}
	}
	carry(THERE, HERE);
	roster_forget(HERE->roster, 2);
	assert_true(roster_on_turn(HERE->roster));
	assert_int_equal(roster_remotes(HERE->roster), 1);
	assert_false(roster_on_turn(HERE->roster));
	assert_int_equal(roster_remotes(HERE->roster), 0);
	assert_int_equal(count_sent(HERE, LETTER_LEAVE), 6000);
}

static void
who_finds_no_place_in_the_index_is_a_member_too(void **state)
{
	(void)state;
	for (uint64_t i = 1; i <= 6; i++) {
		log_in("ada", i);
		enter("lobby", i, "");
	}
	carry(THERE, HERE);
	assert_int_equal(counted(HERE, COUNTER_REMOTE_HIDDEN), 2);
	assert_int_equal(counted(HERE, COUNTER_REMOTE_SESSIONS), 6);
	assert_int_equal(count_sent(HERE, LETTER_JOIN), 6);
	assert_int_equal(index_room_connections(HERE->arena, RELAY, TENANT,
				 TEXT_LITERAL("lobby")),
		6);
	roster_forget(HERE->roster, 2);
	assert_false(roster_on_turn(HERE->roster));
	assert_int_equal(count_sent(HERE, LETTER_LEAVE), 6);
	assert_int_equal(roster_remotes(HERE->roster), 0);
}

static void
a_host_cannot_have_more_sessions_than_we_can_hold(void **state)
{
	(void)state;
	for (uint64_t i = 1; i <= 20; i++)
		log_in("ada", i);
	carry(THERE, HERE);
	assert_int_equal(roster_remotes(HERE->roster), 16);
}

static void
a_session_cannot_be_in_more_rooms_than_we_can_hold(void **state)
{
	char room[32];

	(void)state;
	log_in("ada", SECRET);
	for (unsigned i = 0; i < 10001; i++) {
		snprintf(room, sizeof(room), "room %u", i % 10001);
		enter(room, SECRET, "");
	}
	carry(THERE, HERE);
	assert_int_equal(count_sent(HERE, LETTER_JOIN), 10000);
	assert_int_equal(counted(HERE, COUNTER_REMOTE_BAD), 1);
	roster_forget(HERE->roster, 2);
	while (roster_on_turn(HERE->roster))
		continue;
	assert_int_equal(count_sent(HERE, LETTER_LEAVE), 10000);
	for (uint64_t secret = 1; secret <= 15; secret++) {
		log_in("ada", secret);
		for (unsigned i = 0; i < 9000; i++) {
			snprintf(room, sizeof(room), "room %u", i);
			enter(room, secret, "");
		}
	}
	side_forget_letters(HERE);
	carry(THERE, HERE);
	assert_int_equal(count_sent(HERE, LETTER_JOIN), 100000);
}

static void
say_bad(enum letter_kind kind, struct text record)
{
	struct buffer packed = { 0 };

	wire_live_item_pack(&packed,
		&(struct wire_live_item){
			.kind = kind, .to_slot = 1, .record = record });
	roster_item(HERE->roster, 2, 1, buffer_text(&packed));
	buffer_fini(&packed);
}

static void
what_makes_no_sense_is_counted_and_passed_over(void **state)
{
	char name[ROOM_BYTES_MAX + 1];
	struct buffer record = { 0 };

	(void)state;
	memset(name, 'x', sizeof(name));
	roster_item(HERE->roster, 2, 1, TEXT_LITERAL("\xff"));
	for (unsigned i = 0; i < 100; i++)
		say_bad(i, TEXT_LITERAL("\xff\xff"));
	assert_int_equal(counted(HERE, COUNTER_REMOTE_BAD), 101);
	arrival_pack(&record, &(struct arrival){ .tenant = TENANT,
				      .user = { name, USER_BYTES_MAX + 1 },
				      .address = { name, 16 } });
	say_bad(LETTER_ARRIVE, buffer_text(&record));
	buffer_clear(&record, 0);
	arrival_pack(&record, &(struct arrival){ .tenant = TENANT,
				      .user = TEXT_LITERAL("\xff"),
				      .address = { name, 16 } });
	say_bad(LETTER_ARRIVE, buffer_text(&record));
	buffer_clear(&record, 0);
	join_pack(&record, &(struct join){ .room = { name, sizeof(name) } });
	say_bad(LETTER_JOIN, buffer_text(&record));
	assert_int_equal(counted(HERE, COUNTER_REMOTE_BAD), 104);
	assert_int_equal(roster_remotes(HERE->roster), 0);
	assert_int_equal(HERE->letter_count, 0);
	buffer_fini(&record);
}

static void
a_new_ledger_is_told_of_its_members(void **state)
{
	struct unpack in;
	struct announced announced;
	struct join join;

	(void)state;
	log_in("ada", SECRET);
	enter("lobby", SECRET, "{}");
	carry(THERE, HERE);
	side_forget_letters(HERE);
	announce_pack(letter_new(LETTER_ANNOUNCE), &(struct announce){ 0, 9 });
	letter_give(HERE, LEDGER, 9);
	HERE->is_full = true;
	assert_true(roster_on_turn(HERE->roster));
	assert_int_equal(HERE->letter_count, 0);
	HERE->is_full = false;
	assert_false(roster_on_turn(HERE->roster));
	in = letter_open(sent(HERE, LETTER_JOIN)->letter);
	assert_true(join_unpack(&in, &join));
	assert_int_equal(
		join.flags, JOIN_EVENTS | JOIN_PRESENCE | JOIN_ANNOUNCED);
	in = letter_open(sent(HERE, LETTER_ANNOUNCED)->letter);
	assert_true(announced_unpack(&in, &announced));
	assert_int_equal(announced.life, 9);
}

static void
a_gateway_that_has_the_user_too_hears_of_the_login(void **state)
{
	struct index_entry entry = { .tenant_length = 4, .user_length = 3 };
	struct arrival arrival;
	struct unpack in;

	(void)state;
	memcpy(entry.tenant, "acme", 4);
	memcpy(entry.user, "ada", 3);
	assert_true(index_add(HERE->arena, 1, &entry));
	log_in("bob", 1);
	log_in("ada", SECRET);
	carry(THERE, HERE);
	assert_int_equal(sent(HERE, LETTER_ARRIVE)->to, 1);
	in = letter_open(sent(HERE, LETTER_ARRIVE)->letter);
	assert_true(arrival_unpack(&in, &arrival));
	assert_int_equal(arrival.host, 2);
	assert_int_equal(arrival.order, 12345);
	assert_int_equal(arrival.platform, 101);
}

static void
pages_wait_for_the_gateways_that_serve(void **state)
{
	struct row *row = arena_row(THERE->arena, 1);

	(void)state;
	assert_false(roster_is_whole(THERE->roster));
	atomic_store(&row->life, 1);
	atomic_store(&row->ready_life, 1);
	roster_open(THERE->roster);
	assert_int_equal(count_sent(THERE, LETTER_ANNOUNCE), GATEWAYS);
	assert_false(roster_is_whole(THERE->roster));
	announced_pack(letter_new(LETTER_ANNOUNCED), &(struct announced){ 0 });
	letter_give(THERE, 1, 1);
	assert_true(roster_is_whole(THERE->roster));
	roster_open(THERE->roster);
	assert_false(roster_is_whole(THERE->roster));
	roster_on_tick(THERE->roster, 1000);
	roster_on_tick(THERE->roster, 6000);
	assert_true(roster_is_whole(THERE->roster));
}

/* What is wanted of sessions elsewhere */

static void
a_kick_goes_to_the_gateway_of_the_session(void **state)
{
	struct unpack in;
	struct kick kick;

	(void)state;
	log_in("ada", SECRET);
	carry(THERE, HERE);
	kick_pack(letter_new(LETTER_KICK),
		&(struct kick){ .place = entry_of("ada").place,
			.secret = SECRET + 1,
			.why = KICK_BY_OPERATOR });
	letter_give(HERE, API, 1);
	assert_int_equal(HERE->frame_count, 0);
	kick_pack(letter_new(LETTER_KICK),
		&(struct kick){ .place = entry_of("ada").place,
			.secret = SECRET,
			.why = KICK_BY_OPERATOR });
	letter_give(HERE, API, 1);
	assert_int_equal(carry(HERE, THERE), 1);
	assert_int_equal(sent(THERE, LETTER_KICK)->to, 1);
	in = letter_open(sent(THERE, LETTER_KICK)->letter);
	assert_true(kick_unpack(&in, &kick));
	assert_int_equal(kick.place, 5);
	assert_int_equal(kick.secret, SECRET);
	assert_int_equal(kick.why, KICK_BY_OPERATOR);
}

static void
deliver(const struct message *message)
{
	message_pack(letter_new(LETTER_DELIVER), message);
	letter_give(HERE, 0, 1);
}

static void
a_message_for_clients_goes_to_theirs_alone(void **state)
{
	struct buffer others = { 0 };
	struct message message;
	struct unpack in;

	(void)state;
	log_in("ada", SECRET);
	carry(THERE, HERE);
	pack_number(&others, entry_of("ada").place);
	pack_number(&others, SECRET);
	pack_number(&others, 3);
	pack_number(&others, 4);
	deliver(&(struct message){ .kind = STREAM_CLIENT,
		.tenant = TENANT,
		.id_time = 8,
		.asker_slot = 1,
		.asker_life = 1,
		.connection = 5,
		.others = buffer_text(&others) });
	assert_int_equal(carry(HERE, THERE), 1);
	assert_int_equal(sent(THERE, LETTER_DELIVER)->to, 1);
	in = letter_open(sent(THERE, LETTER_DELIVER)->letter);
	assert_true(message_unpack(&in, &message));
	assert_int_equal(message.id_time, 8);
	assert_int_equal(message.asker_life, 0);
	in = unpack_of(message.others);
	assert_int_equal(unpack_number(&in), 5);
	assert_int_equal(unpack_number(&in), SECRET);
	assert_true(in.at == in.end);
	buffer_fini(&others);
}

static void
a_message_for_a_room_goes_where_somebody_is(void **state)
{
	const struct message message = { .kind = STREAM_ROOM,
		.tenant = TENANT,
		.stream = TEXT_LITERAL("lobby"),
		.id_time = 8 };

	(void)state;
	deliver(&message);
	carry(HERE, THERE);
	assert_null(sent(THERE, LETTER_DELIVER));
	index_room_add(THERE->arena, 1, TENANT, TEXT_LITERAL("lobby"));
	deliver(&message);
	carry(HERE, THERE);
	assert_int_equal(sent(THERE, LETTER_DELIVER)->to, 1);
}

static void
what_a_journal_carries_is_not_taken_past_it(void **state)
{
	struct buffer record = { 0 };

	(void)state;
	index_room_add(HERE->arena, 1, TENANT, TEXT_LITERAL("lobby"));
	message_pack(&record, &(struct message){ .kind = STREAM_ROOM,
				      .tenant = TENANT,
				      .stream = TEXT_LITERAL("lobby"),
				      .offset = 1 });
	say_bad(LETTER_DELIVER, buffer_text(&record));
	assert_int_equal(counted(HERE, COUNTER_REMOTE_BAD), 1);
	assert_null(sent(HERE, LETTER_DELIVER));
	buffer_fini(&record);
}

static void
what_is_longer_than_our_rings_take_is_left_out(void **state)
{
	struct buffer record = { 0 };
	char *body = base_alloc_zeroed(1, 65536);

	(void)state;
	index_room_add(HERE->arena, 1, TENANT, TEXT_LITERAL("lobby"));
	message_pack(&record, &(struct message){ .kind = STREAM_ROOM,
				      .tenant = TENANT,
				      .stream = TEXT_LITERAL("lobby"),
				      .body = { body, 65536 } });
	say_bad(LETTER_DELIVER, buffer_text(&record));
	buffer_clear(&record, 0);
	joined_pack(&record, &(struct joined){ .messages = { body, 65536 } });
	say_bad(LETTER_JOINED, buffer_text(&record));
	assert_int_equal(counted(HERE, COUNTER_REMOTE_BAD), 1);
	assert_int_equal(HERE->letter_count, 0);
	buffer_fini(&record);
	free(body);
}

/* The api of this host asks, request 40, the second of some. */
static void
enlist(uint64_t secret)
{
	enlist_pack(letter_new(LETTER_ENLIST),
		&(struct enlist){ .request = 40,
			.connection = 1,
			.place = entry_of("ada").place,
			.secret = secret,
			.room = TEXT_LITERAL("lobby"),
			.flags = JOIN_EVENTS });
	letter_give(HERE, API, 1);
}

static struct refused
refusal(const struct side *side)
{
	struct refused refused = { 0 };
	struct unpack in;

	assert_non_null(sent(side, LETTER_REFUSED));
	assert_int_equal(sent(side, LETTER_REFUSED)->to, API);
	in = letter_open(sent(side, LETTER_REFUSED)->letter);
	assert_true(refused_unpack(&in, &refused));
	assert_int_equal(refused.request, 40);
	assert_int_equal(refused.connection, 1);
	return refused;
}

static void
a_join_that_is_asked_for_brings_its_answer_back(void **state)
{
	struct enlist asked;
	struct joined joined;
	struct unpack in;

	(void)state;
	log_in("ada", SECRET);
	carry(THERE, HERE);
	enlist(SECRET);
	carry(HERE, THERE);
	assert_int_equal(sent(THERE, LETTER_ENLIST)->to, 1);
	in = letter_open(sent(THERE, LETTER_ENLIST)->letter);
	assert_true(enlist_unpack(&in, &asked));
	assert_int_equal(asked.place, 5);
	assert_int_equal(asked.secret, SECRET);
	for (int i = 0; i < 2; i++) { /* the second time nobody waits */
		joined_pack(letter_new(LETTER_JOINED),
			&(struct joined){ .request = asked.request,
				.connection = asked.connection,
				.users = 3 });
		letter_give(THERE, 1, 1);
	}
	assert_int_equal(carry(THERE, HERE), 1);
	assert_int_equal(sent(HERE, LETTER_JOINED)->to, API);
	in = letter_open(sent(HERE, LETTER_JOINED)->letter);
	assert_true(joined_unpack(&in, &joined));
	assert_int_equal(joined.request, 40);
	assert_int_equal(joined.connection, 1);
	assert_int_equal(joined.users, 3);
}

static void
a_join_of_nobody_is_refused_at_once(void **state)
{
	(void)state;
	log_in("ada", SECRET);
	carry(THERE, HERE);
	enlist(SECRET + 1);
	assert_int_equal(refusal(HERE).code, CODE_NOT_FOUND);
}

static void
a_refusal_comes_back_too(void **state)
{
	struct enlist asked;
	struct unpack in;

	(void)state;
	log_in("ada", SECRET);
	carry(THERE, HERE);
	enlist(SECRET);
	carry(HERE, THERE);
	in = letter_open(sent(THERE, LETTER_ENLIST)->letter);
	assert_true(enlist_unpack(&in, &asked));
	refused_pack(letter_new(LETTER_REFUSED),
		&(struct refused){ .request = asked.request,
			.connection = asked.connection,
			.code = CODE_FORBIDDEN });
	letter_give(THERE, 1, 1);
	carry(THERE, HERE);
	assert_int_equal(refusal(HERE).code, CODE_FORBIDDEN);
}

static void
who_asks_a_host_that_is_lost_is_told_so(void **state)
{
	(void)state;
	log_in("ada", SECRET);
	carry(THERE, HERE);
	enlist(SECRET);
	roster_lose(HERE->roster, 2, 1000);
	assert_int_equal(refusal(HERE).code, CODE_UNAVAILABLE);
}

static void
who_gets_no_answer_is_told_so_in_time(void **state)
{
	(void)state;
	log_in("ada", SECRET);
	carry(THERE, HERE);
	roster_on_tick(HERE->roster, 1000);
	enlist(SECRET);
	roster_on_tick(HERE->roster, 25999);
	assert_null(sent(HERE, LETTER_REFUSED));
	roster_on_tick(HERE->roster, 26000);
	assert_int_equal(refusal(HERE).code, CODE_UNAVAILABLE);
}

static void
who_asks_for_a_user_hears_where_he_is(void **state)
{
	struct client client;
	struct unpack in, one, rooms;
	struct who who;

	(void)state;
	log_in("ada", SECRET);
	enter("lobby", SECRET, "");
	carry(THERE, HERE);
	who_wanted_pack(letter_new(LETTER_WHO_WANTED),
		&(struct who_wanted){ .request = 40,
			.tenant = TENANT,
			.user = TEXT_LITERAL("ada") });
	letter_give(HERE, API, 1);
	assert_int_equal(sent(HERE, LETTER_WHO)->to, API);
	in = letter_open(sent(HERE, LETTER_WHO)->letter);
	assert_true(who_unpack(&in, &who));
	assert_int_equal(who.request, 40);
	in = unpack_of(who.clients);
	one = unpack_of(unpack_text(&in));
	assert_true(client_unpack(&one, &client));
	assert_int_equal(client.host, 2);
	assert_int_equal(client.slot, 1);
	assert_int_equal(client.place, 5);
	assert_int_equal(client.port, 99);
	rooms = unpack_of(client.rooms);
	assert_true(text_equal(unpack_text(&rooms), TEXT_LITERAL("lobby")));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_remote_session_stands_in_the_index_and_at_the_ledger),
		TEST(of_a_session_that_ends_nothing_is_left),
		TEST(what_a_dead_gateway_had_said_is_not_believed),
		TEST(another_life_of_a_relay_makes_nobody_go_or_come),
		TEST(whom_a_snapshot_does_not_have_is_gone),
		TEST(a_silent_host_keeps_its_sessions_for_half_a_minute),
		TEST(a_host_that_was_gone_comes_back_by_a_snapshot),
		TEST(of_many_sessions_some_end_in_a_turn),
		TEST(who_finds_no_place_in_the_index_is_a_member_too),
		TEST(a_host_cannot_have_more_sessions_than_we_can_hold),
		TEST(a_session_cannot_be_in_more_rooms_than_we_can_hold),
		TEST(what_makes_no_sense_is_counted_and_passed_over),
		TEST(a_new_ledger_is_told_of_its_members),
		TEST(a_gateway_that_has_the_user_too_hears_of_the_login),
		TEST(pages_wait_for_the_gateways_that_serve),
		TEST(a_kick_goes_to_the_gateway_of_the_session),
		TEST(a_message_for_clients_goes_to_theirs_alone),
		TEST(a_message_for_a_room_goes_where_somebody_is),
		TEST(what_a_journal_carries_is_not_taken_past_it),
		TEST(what_is_longer_than_our_rings_take_is_left_out),
		TEST(a_join_that_is_asked_for_brings_its_answer_back),
		TEST(a_join_of_nobody_is_refused_at_once),
		TEST(a_refusal_comes_back_too),
		TEST(who_asks_a_host_that_is_lost_is_told_so),
		TEST(who_gets_no_answer_is_told_so_in_time),
		TEST(who_asks_for_a_user_hears_where_he_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
