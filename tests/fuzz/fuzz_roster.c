/*
 * What another host says of its sessions and wants of ours, whatever it is. The
 * bytes choose items and the fields of their records, from names that mean
 * something to raw bytes, and whether they come live or on the page of a
 * snapshot; and when the host is silent, or a page is lost.
 *
 * Whatever comes: the roster lives, letters that go out fit into rings, and of
 * a host that is forgotten nothing is left.
 */
#include "tests/unit/roster_fixture.h"

#include "shared/index_partition.h"
#include "shared/log.h"
#include "shared/ring.h"

#define ACTS_MAX 2000
#define LONG "sixteen-sixteen-sixteen-sixteen-sixteen-sixteen-"

enum act {
	ACT_ITEM_LAST = 199, /* up to here it is a live item */
	ACT_PAGE_LAST = 230, /* a page of a few */
	ACT_BEGIN,
	ACT_LOSE,
	ACT_TICK,
	ACT_ANSWER, /* a gateway of ours answers a join */
	ACT_WHO,    /* and all above */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *at, *end;
static struct buffer record, item, page;

static uint8_t
next_byte(void)
{
	return at < end ? *at++ : 0;
}

static uint64_t
next_number(void)
{
	static const uint64_t numbers[] = { UINT64_MAX, UINT32_MAX, SLOTS_MAX,
		1ULL << 32, 3ULL << 32, 1024, STREAM_ROOM, STREAM_INBOX,
		STREAM_CLIENT, STREAM_TENANT };
	uint8_t byte = next_byte();

	return byte < 240 ? byte % 16 : numbers[byte % ARRAY_LEN(numbers)];
}

static struct text
next_text(void)
{
	static const char *const texts[] = { "", "t", "r", "ada", "ben", "den",
		"\xff", "a\x01", LONG LONG LONG, LONG };
	uint8_t byte = next_byte();
	struct text raw = { (const char *)at,
		MIN_OF(byte, (size_t)(end - at)) };

	if (byte < 200)
		return text_of(texts[byte % ARRAY_LEN(texts)]);
	at += raw.length;
	return raw;
}

static void
pack_arrival(void)
{
	struct arrival arrival = { .connection = next_number(),
		.secret = next_number() };

	arrival.tenant = next_text();
	arrival.user = next_text();
	arrival.platform = next_number();
	arrival.order = next_number();
	arrival.address = (struct text){ LONG, next_byte() == 0 ? 3 : 16 };
	arrival_pack(&record, &arrival);
}

static void
pack_join(void)
{
	struct join join = { .connection = next_number() };

	join.room = next_text();
	join.flags = next_number();
	join.info = next_text();
	join_pack(&record, &join);
}

static void
pack_leave(void)
{
	struct leave leave = { .connection = next_number() };

	leave.room = next_text();
	leave.lost = next_number();
	leave_pack(&record, &leave);
}

static void
pack_message(void)
{
	struct message message = { .kind = next_number() };

	message.tenant = next_text();
	message.stream = next_text();
	message.others = next_text();
	message.offset = next_byte() == 0;
	message.body = (struct text){ (const char *)at, (size_t)(end - at) };
	message_pack(&record, &message);
}

static void
pack_kick(void)
{
	struct kick kick = { .place = next_number(), .secret = next_number() };

	kick.why = next_number();
	kick.room = next_text();
	kick_pack(&record, &kick);
}

static void
pack_enlist(void)
{
	struct enlist enlist = { .request = next_number(),
		.place = next_number() };

	enlist.room = next_text();
	enlist.info = next_text();
	enlist_pack(&record, &enlist);
}

static void
pack_answer(void)
{
	joined_pack(&record, &(struct joined){ .request = next_number() });
}

static void
pack_raw(void)
{
	buffer_add_text(&record, next_text());
}

/* A record of the right kind, mostly. */
static void
next_item(void)
{
	static const struct {
		enum letter_kind kind;
		void (*pack)(void);
	} kinds[] = {
		{ LETTER_ARRIVE, pack_arrival },
		{ LETTER_DEPART, pack_arrival },
		{ LETTER_JOIN, pack_join },
		{ LETTER_LEAVE, pack_leave },
		{ LETTER_DELIVER, pack_message },
		{ LETTER_KICK, pack_kick },
		{ LETTER_ENLIST, pack_enlist },
		{ LETTER_JOINED, pack_answer },
		{ LETTER_REFUSED, pack_answer },
		{ LETTER_SAY, pack_raw },
	};
	uint8_t which = next_byte();
	struct wire_live_item made = {
		.kind = kinds[which % ARRAY_LEN(kinds)].kind,
		.to_host = next_byte() % 3,
		.to_slot = next_byte() % 8,
	};

	buffer_clear(&record, SIZE_MAX);
	if (which > 250)
		pack_raw();
	else
		kinds[which % ARRAY_LEN(kinds)].pack();
	made.record = buffer_text(&record);
	buffer_clear(&item, SIZE_MAX);
	wire_live_item_pack(&item, &made);
}

static void
take_page(struct roster *roster, uint64_t number)
{
	unsigned count = next_byte() % 8;

	buffer_clear(&page, SIZE_MAX);
	for (unsigned i = 0; i < count; i++) {
		next_item();
		pack_text(&page, buffer_text(&item));
	}
	if (next_byte() == 0)
		buffer_add_byte(&page, 99);
	roster_snapshot(roster, 2, number, buffer_text(&page), next_byte() % 2);
}

static void
give_answer(struct side *side)
{
	joined_pack(letter_new(LETTER_JOINED),
		&(struct joined){ .request = next_number() });
	letter_give(side, 0, 1);
}

static void
ask_who(struct side *side)
{
	who_wanted_pack(letter_new(LETTER_WHO_WANTED),
		&(struct who_wanted){ .tenant = TEXT_LITERAL("t"),
			.user = TEXT_LITERAL("ada") });
	letter_give(side, API, 1);
}

static void
act(struct side *side, uint64_t number)
{
	uint8_t what = next_byte();

	if (what <= ACT_ITEM_LAST) {
		next_item();
		roster_item(side->roster, 2, number, buffer_text(&item));
	} else if (what <= ACT_PAGE_LAST) {
		take_page(side->roster, number - MIN_OF(number, next_byte()));
	} else if (what == ACT_BEGIN) {
		roster_begin(side->roster, 2);
	} else if (what == ACT_LOSE) {
		roster_lose(side->roster, 2, number * 1000);
	} else if (what == ACT_TICK) {
		roster_on_tick(side->roster, number * 1000);
	} else if (what == ACT_ANSWER) {
		give_answer(side);
	} else {
		ask_who(side);
	}
}

static void
check(struct side *side)
{
	for (size_t i = 0; i < side->letter_count; i++) {
		must(side->letters[i].to < SLOTS &&
			side->letters[i].to != RELAY);
		must(side->letters[i].letter->size <=
			ring_letter_max(arena_ring(side->arena, RELAY, 0)));
	}
	roster_forget(side->roster, 2);
	while (roster_on_turn(side->roster))
		continue;
	must(roster_remotes(side->roster) == 0);
	must(index_next(side->arena, RELAY, 0) == INDEX_NO_PLACE);
	must(arena_partition(side->arena, RELAY)->room_count == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct side *side = &sides[0];

	log_open("/dev/null", LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
	at = data;
	end = data + size;
	side_open(side, 1, 8);
	must(index_room_add(
		side->arena, 0, TEXT_LITERAL("t"), TEXT_LITERAL("r")));
	roster_begin(side->roster, 2);
	for (uint64_t number = 1; at < end && number < ACTS_MAX; number++)
		act(side, number);
	check(side);
	side_close(side);
	return 0;
}
