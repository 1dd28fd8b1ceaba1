/* Two hosts: whatever the gateways of one do, whenever relays, frames and pages
 * come, are late or are lost, in the end the other one knows the sessions that
 * there are, in its index and at its ledger. From seeds, so what fails can be
 * seen again: ROSTER_SEED, ROSTER_SEEDS. */
#include "tests/unit/roster_fixture.h"

#define SESSIONS 24
#define USERS 6
#define ROOMS 10
#define STEPS 400
#define TENANT TEXT_LITERAL("acme")

struct session {
	bool is_there;
	unsigned gateway;
	uint32_t place, serial, life;
	uint64_t secret;
	unsigned user;
	bool is_in[ROOMS];
	bool is_seen[ROOMS]; /* with presence */
};

static struct world {
	uint64_t seed;
	struct session sessions[SESSIONS];
	uint32_t lives[GATEWAYS];
	uint32_t last_serial;
	unsigned to_announce; /* SESSIONS: all are announced */

	/* What B has heard. */
	size_t heard;
	bool is_asking; /* a snapshot runs */
	uint64_t after;
	bool is_coming; /* a page of it */
	struct buffer page;
	uint64_t page_number, page_next;

	/* B's ledger. */
	struct seat {
		uint64_t connection;
		unsigned room;
		char user[8];
	} * members;
	size_t member_count, member_room;
	size_t letters_read;
} world;

static uint64_t running; /* the seed */

static unsigned
draw(unsigned below)
{
	world.seed = world.seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(world.seed >> 33) % below;
}

static struct text
name(char *bytes, char kind, unsigned number)
{
	bytes[0] = kind;
	bytes[1] = (char)('a' + number);
	return (struct text){ bytes, 2 };
}

static uint64_t
connection(const struct session *session)
{
	return (uint64_t)session->place << 32 | session->serial;
}

/* A's gateways */

static void
tell_session(const struct session *session, enum letter_kind kind)
{
	static const char address[16];
	char user[2];

	arrival_pack(letter_new(kind),
		&(struct arrival){
			.connection = connection(session),
			.secret = session->secret,
			.tenant = TENANT,
			.user = name(user, 'u', session->user),
			.platform = 101,
			.address = { address, sizeof(address) },
			.order = session->secret,
		});
	letter_give(&sides[0], session->gateway, session->life);
}

static void
tell_join(const struct session *session, unsigned room)
{
	char room_name[2], user[2];

	join_pack(letter_new(LETTER_JOIN),
		&(struct join){
			.connection = connection(session),
			.tenant = TENANT,
			.room = name(room_name, 'r', room),
			.user = name(user, 'u', session->user),
			.flags = JOIN_EVENTS |
				 (session->is_seen[room] ? JOIN_PRESENCE : 0U),
		});
	letter_give(&sides[0], session->gateway, session->life);
}

static void
tell_leave(const struct session *session, unsigned room)
{
	char room_name[2];

	leave_pack(letter_new(LETTER_LEAVE),
		&(struct leave){
			.connection = connection(session),
			.tenant = TENANT,
			.room = name(room_name, 'r', room),
			.lost = draw(2),
		});
	letter_give(&sides[0], session->gateway, session->life);
}

static void
tell_announced(unsigned gateway, bool begins)
{
	announced_pack(letter_new(LETTER_ANNOUNCED),
		&(struct announced){ .begins = begins });
	letter_give(&sides[0], gateway, world.lives[gateway]);
}

static void
arrive(struct session *session)
{
	unsigned gateway = draw(GATEWAYS);

	*session = (struct session){
		.is_there = true,
		.gateway = gateway,
		.place = draw(4),
		.serial = ++world.last_serial,
		.life = world.lives[gateway],
		.secret = world.seed | 1,
		.user = draw(USERS),
	};
	tell_session(session, LETTER_ARRIVE);
}

static void
depart(struct session *session)
{
	for (unsigned i = 0; i < ROOMS && draw(4) > 0; i++)
		if (session->is_in[i]) {
			tell_leave(session, i);
			session->is_in[i] = false;
		}
	tell_session(session, LETTER_DEPART);
	session->is_there = false;
}

static void
move(struct session *session)
{
	unsigned room = draw(ROOMS);

	session->is_in[room] = !session->is_in[room];
	if (session->is_in[room]) {
		session->is_seen[room] = draw(4) > 0;
		tell_join(session, room);
	} else {
		tell_leave(session, room);
	}
}

static void
act(void)
{
	struct session *session = &world.sessions[draw(SESSIONS)];

	if (!session->is_there)
		arrive(session);
	else if (draw(6) == 0)
		depart(session);
	else
		move(session);
}

static void
kill_gateway(void)
{
	unsigned gateway = draw(GATEWAYS);

	roster_on_peer(sides[0].roster, gateway, world.lives[gateway], false);
	world.lives[gateway]++;
	for (unsigned i = 0; i < SESSIONS; i++)
		if (world.sessions[i].gateway == gateway)
			world.sessions[i].is_there = false;
}

static void
announce_next(void)
{
	const struct session *session = &world.sessions[world.to_announce];

	if (world.to_announce == SESSIONS)
		return;
	if (session->is_there) {
		tell_session(session, LETTER_ARRIVE);
		for (unsigned i = 0; i < ROOMS; i++)
			if (session->is_in[i])
				tell_join(session, i);
	}
	if (++world.to_announce == SESSIONS)
		for (unsigned i = 0; i < GATEWAYS; i++)
			tell_announced(i, false);
}

/* From A to B */

static void
begin_snapshot(void)
{
	roster_begin(sides[1].roster, 1);
	world.is_asking = true;
	world.is_coming = false;
	world.after = 0;
}

static void
restart_relay(void)
{
	side_start(&sides[0]);
	world.to_announce = 0;
	for (unsigned i = 0; i < GATEWAYS; i++)
		tell_announced(i, true);
	world.heard = 0;
	begin_snapshot();
}

/* Frames that nobody can repeat any more. */
static void
lose_frames(void)
{
	world.heard = sides[0].frame_count;
	begin_snapshot();
}

static void
hear(void)
{
	if (world.heard == sides[0].frame_count)
		return;
	roster_item(sides[1].roster, 1, world.heard + 1,
		sides[0].frames[world.heard]);
	world.heard++;
}

static void
ask_page(void)
{
	if (!world.is_asking || world.is_coming)
		return;
	buffer_clear(&world.page, SIZE_MAX);
	world.page_number = sides[0].frame_count;
	world.page_next = roster_page(
		sides[0].roster, world.after, 1 + draw(400), &world.page);
	world.is_coming = true;
}

static void
take_page(void)
{
	if (!world.is_coming)
		return;
	assert_true(roster_snapshot(sides[1].roster, 1, world.page_number,
		buffer_text(&world.page), world.page_next == 0));
	world.after = world.page_next;
	world.is_coming = false;
	world.is_asking = world.page_next != 0;
}

/* B's ledger, as B's roster tells it. */

static struct seat *
seat_find(uint64_t number, unsigned room)
{
	for (size_t i = 0; i < world.member_count; i++)
		if (world.members[i].connection == number &&
			world.members[i].room == room)
			return &world.members[i];
	return NULL;
}

static void
ledger_join(const struct join *join)
{
	unsigned room = (unsigned)(join->room.at[1] - 'a');
	struct seat *member = seat_find(join->connection, room);

	assert_true(join->flags & JOIN_PRESENCE);
	assert_int_equal(join->request, 0);
	if (!member && world.member_count == world.member_room) {
		world.member_room = 2 * world.member_room + 16;
		world.members = base_realloc(world.members,
			world.member_room * sizeof(*world.members));
	}
	if (!member)
		member = &world.members[world.member_count++];
	*member = (struct seat){ join->connection, room, "" };
	memcpy(member->user, join->user.at, join->user.length);
}

static void
ledger_leave(const struct leave *leave)
{
	unsigned room = (unsigned)(leave->room.at[1] - 'a');
	struct seat *member = seat_find(leave->connection, room);

	assert_non_null(member);
	*member = world.members[--world.member_count];
}

static void
run_ledger(void)
{
	for (; world.letters_read < sides[1].letter_count;
		world.letters_read++) {
		const struct sent *sent = &sides[1].letters[world.letters_read];
		struct unpack in = letter_open(sent->letter);
		struct leave leave;
		struct join join;

		if (sent->to != LEDGER)
			continue;
		if (sent->letter->kind == LETTER_JOIN) {
			assert_true(join_unpack(&in, &join));
			ledger_join(&join);
		} else if (sent->letter->kind == LETTER_LEAVE) {
			assert_true(leave_unpack(&in, &leave));
			ledger_leave(&leave);
		}
	}
	side_forget_letters(&sides[1]);
	world.letters_read = 0;
}

static void
step(void)
{
	unsigned what = draw(1000);

	if (what < 500)
		act();
	else if (what < 700)
		hear();
	else if (what < 800)
		ask_page();
	else if (what < 900)
		take_page();
	else if (what < 980)
		announce_next();
	else if (what < 986)
		kill_gateway();
	else if (what < 992)
		lose_frames();
	else if (what < 996)
		restart_relay();
	else if (world.is_asking)
		begin_snapshot();
	run_ledger();
}

/* All that is on its way comes. */
static void
settle(void)
{
	while (world.to_announce < SESSIONS)
		announce_next();
	while (world.is_asking) {
		ask_page();
		take_page();
	}
	while (world.heard < sides[0].frame_count)
		hear();
	run_ledger();
}

/* Against what there is */

static size_t
count_members(unsigned room, unsigned user)
{
	char bytes[2];
	struct text wanted = name(bytes, 'u', user);
	size_t count = 0;

	for (size_t i = 0; i < world.member_count; i++)
		count += world.members[i].room == room &&
			 text_equal(wanted, text_of(world.members[i].user));
	return count;
}

static void
check_room(unsigned room)
{
	size_t seen[USERS] = { 0 }, connections = 0;
	char bytes[2];

	for (unsigned i = 0; i < SESSIONS; i++) {
		const struct session *session = &world.sessions[i];

		if (!session->is_there || !session->is_in[room])
			continue;
		connections++;
		seen[session->user] += session->is_seen[room];
	}
	assert_int_equal(index_room_connections(sides[1].arena, RELAY, TENANT,
				 name(bytes, 'r', room)),
		connections);
	for (unsigned user = 0; user < USERS; user++)
		assert_int_equal(count_members(room, user), seen[user]);
}

static void
check(void)
{
	size_t there = 0;

	for (unsigned i = 0; i < SESSIONS; i++) {
		const struct session *session = &world.sessions[i];
		struct index_entry entry;

		if (!session->is_there)
			continue;
		there++;
		assert_true(index_find_secret(
			sides[1].arena, RELAY, session->secret, &entry));
		assert_int_equal(entry.host, 1);
		assert_int_equal(entry.home_slot, session->gateway);
		assert_int_equal(entry.home_place, session->place);
	}
	assert_int_equal(roster_locals(sides[0].roster), there);
	assert_int_equal(roster_remotes(sides[1].roster), there);
	assert_int_equal(index_room_connections(sides[1].arena, RELAY, TENANT,
				 TEXT_LITERAL("")),
		there);
	for (unsigned i = 0; i < ROOMS; i++)
		check_room(i);
}

static void
run(uint64_t seed)
{
	memset(&world, 0, sizeof(world));
	world.seed = seed;
	world.to_announce = SESSIONS;
	for (unsigned i = 0; i < GATEWAYS; i++)
		world.lives[i] = 1;
	side_open(&sides[0], 1, 64);
	side_open(&sides[1], 2, 64);
	begin_snapshot();
	for (unsigned i = 0; i < STEPS; i++) {
		step();
		if (draw(100) == 0) {
			settle();
			check();
		}
	}
	settle();
	check();
	side_close(&sides[0]);
	side_close(&sides[1]);
	buffer_fini(&world.page);
	free(world.members);
}

static void
what_there_is_is_known_elsewhere_in_the_end(void **state)
{
	const char *first = getenv("ROSTER_SEED");
	const char *count = getenv("ROSTER_SEEDS");
	uint64_t seed = first ? strtoull(first, NULL, 10) : 1;
	uint64_t end = seed + (count ? strtoull(count, NULL, 10) : 300);

	(void)state;
	for (; seed < end; seed++)
		run(running = seed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_there_is_is_known_elsewhere_in_the_end),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	if (failed)
		fprintf(stderr, "ROSTER_SEED=%llu ROSTER_SEEDS=1\n",
			(unsigned long long)running);
	buffer_fini(&letter_bytes);
	return failed;
}
