/*
 * Letters to a ledger, whatever stands in them. The bytes choose letters and
 * the fields of their records, from names that mean something to raw bytes, and
 * when a turn ends, the disk fails or the ledger dies.
 *
 * Whatever comes: the ledger lives, its successor can read what it wrote, and
 * no place in a stream is given out that no message has.
 */
#include <ftw.h>

#include "shared/mail.h"
#include "shared/records.h"
#include "tests/unit/ledger_fixture.h"
#include "worker/ledger/ledger.h"

#define LETTERS_A_TURN 100
#define LIVES_MAX 4

/* Bytes; a user may have four times as many. */
#define SIXTEEN "sixteen-sixteen-"

enum act {
	ACT_LETTER_LAST = 247, /* up to here it is a letter */
	ACT_TICK,
	ACT_FAIL,
	ACT_DIE,
	ACT_END, /* and all above */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *at, *end;
static bool has_died;

/* The sides that the texts of one letter are made of; the buffers stay. */
static struct buffer sides[16];
static unsigned sides_used;

static uint8_t
next_byte(void)
{
	return at < end ? *at++ : 0;
}

static uint64_t
next_number(void)
{
	const uint64_t numbers[] = { UINT64_MAX, UINT64_MAX - 1, 1ULL << 36,
		STREAM_ROOM, STREAM_INBOX, 1000000, 1ULL << 46 };
	const struct ledger *ledger = fake.self;
	uint8_t byte = next_byte();

	if (byte < 240)
		return byte;
	if (byte == 240)
		return ledger->epoch;
	if (byte == 241)
		return ledger->id_time;
	if (byte == 242)
		return ledger->origin;
	return numbers[byte % ARRAY_LEN(numbers)];
}

static struct text
next_raw(size_t length)
{
	struct text raw = { (const char *)at,
		MIN_OF(length, (size_t)(end - at)) };

	at += raw.length;
	return raw;
}

static struct text
next_name(void)
{
	static const char *const names[] = { "", "t", "r", "ada", "ben", "cleo",
		"dan", "1", "null", "other room",
		SIXTEEN SIXTEEN SIXTEEN SIXTEEN };

	return text_of(names[next_byte() % ARRAY_LEN(names)]);
}

static struct text
next_sides(unsigned count)
{
	struct buffer *made = &sides[sides_used++ % ARRAY_LEN(sides)];

	buffer_clear(made, 4096);
	for (; count > 0; count--)
		mail_add_side(
			made, &(struct mail_side){ next_name(), next_byte() });
	return buffer_text(made);
}

static struct text
next_text(void)
{
	uint8_t byte = next_byte();

	if (byte < 128)
		return next_name();
	if (byte < 160)
		return next_sides(byte % 8);
	return next_raw(byte - 160U);
}

#define MORE
#define NUMBER(field) it.field = next_number();
#define TEXT(field) it.field = next_text();
#define RECORD(name, fields)                                                   \
	__attribute__((unused)) static void add_##name(void)                   \
	{                                                                      \
		struct name it = { 0 };                                        \
		fields;                                                        \
		name##_pack(&out, &it);                                        \
	}
#include "shared/records.def"
#undef RECORD
#undef TEXT
#undef NUMBER
#undef MORE

static void
send_letter(uint8_t byte)
{
	static void (*const adders[LETTER_KIND_COUNT])(void) = {
#define LETTER(symbol, record) [LETTER_##symbol] = add_##record,
#include "shared/letters.def"
#undef LETTER
	};
	unsigned kind = byte % LETTER_KIND_COUNT;

	letter_begin(&out, (enum letter_kind)kind);
	if (adders[kind] != NULL && next_byte() < 250)
		adders[kind]();
	else
		buffer_add_text(&out, next_raw(next_byte()));
	if (out.length <= 4096)
		show_letter(byte & 128 ? GATEWAY_B : GATEWAY_A, 1);
}

static void
finish_turn(void)
{
	const struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };

	end_turn();
	must(setrlimit(RLIMIT_FSIZE, &none) == 0);
	fixture_forget_sent();
}

static void
act(uint8_t byte)
{
	const struct rlimit little = { 100, RLIM_INFINITY };

	if (byte <= ACT_LETTER_LAST) {
		send_letter(byte);
	} else if (byte == ACT_TICK) {
		finish_turn();
		fake.now_ms += 600;
		fake.hooks->on_tick(fake.self, fake.now_ms);
	} else if (byte == ACT_FAIL) {
		must(setrlimit(RLIMIT_FSIZE, &little) == 0);
	} else {
		finish_turn();
		has_died = byte == ACT_DIE;
	}
}

static void
script_life(void)
{
	has_died = false;
	while (at < end && !has_died) {
		act(next_byte());
		if (fake.shown_count > LETTERS_A_TURN)
			finish_turn();
	}
	finish_turn();
}

static void
script_last(void)
{
	const struct ledger *ledger = fake.self;
	const struct stream *stream;

	for (stream = ledger->streams.table; stream; stream = stream->hh.next)
		must(stream->assigned == stream->top);
	fixture_forget_sent();
}

static int
remove_one(
	const char *path, const struct stat *about, int kind, struct FTW *where)
{
	(void)about;
	(void)kind;
	(void)where;
	return remove(path);
}

static void
close_fixture(void)
{
	fixture_forget_sent();
	arena_free(&fake.arena);
	buffer_fini(&out);
	must(nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0);
}

/* Somebody who is to be told of a room, and of what is said to a user. */
static void
seat(unsigned gateway, const char *user)
{
	struct index_entry entry = { .tenant_length = 1,
		.user_length = (uint8_t)strlen(user) };

	entry.tenant[0] = 't';
	memcpy(entry.user, user, entry.user_length);
	must(index_add(fake.arena, gateway, &entry));
	must(index_room_add(
		fake.arena, gateway, TEXT_LITERAL("t"), TEXT_LITERAL("r")));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	at = data;
	end = data + size;
	fixture_open();
	seat(GATEWAY_A, "ada");
	seat(GATEWAY_B, "ben");
	for (unsigned lives = 0; lives < LIVES_MAX && at < end; lives++) {
		must(live(script_life) == 0);
		next_life();
	}
	must(live(script_last) == 0);
	close_fixture();
	return 0;
}
