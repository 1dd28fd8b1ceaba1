#include "shared/bans_writer.h"

#include <stdlib.h>
#include <string.h>

#include "shared/arena.h"
#include "shared/bans_lifted.h"
#include "shared/bans_region.h"
#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/hash.h"
#include "shared/pack.h"
#include "shared/records.h"

/*
 * The bans themselves stand in the bank alone; here is only what readers need
 * not know. Places that were given up are used again in their order, so that a
 * reader who stands on one is not likely to see it taken.
 */
struct bans_writer {
	const struct hash_key *key;
	struct bans_region *region;
	struct bans_bank *bank;
	uint32_t number; /* of the bank */
	size_t count;
	uint32_t *given_up; /* a ring of places */
	size_t given_up_first, given_up_count;
	uint32_t prefixes[NETWORK_BITS + 1];
	uint64_t next_over_ms; /* none is over before; UINT64_MAX: none ever */
	struct bans_lifted lifted;
};

static void
store(_Atomic uint32_t *word, uint32_t value)
{
	atomic_store_explicit(word, value, memory_order_release);
}

static uint32_t
load(const _Atomic uint32_t *word)
{
	return atomic_load_explicit(word, memory_order_relaxed);
}

/* What an earlier writer left there; a reader of that time begins anew. */
static void
empty_bank(struct bans_bank *bank)
{
	uint32_t end = MIN_OF(load(&bank->end), (uint32_t)BANS_PLACES);

	for (unsigned i = 0; i < BAN_KINDS * 2; i++)
		store(&bank->counts[i / 2][i % 2], 0);
	for (unsigned i = 0; i < ARRAY_LEN(bank->prefixes); i++)
		atomic_store(&bank->prefixes[i], 0);
	for (uint32_t i = 0; i < BANS_CHAINS; i++)
		if (load(&bank->chains[i]) != 0)
			store(&bank->chains[i], 0);
	for (uint32_t i = 0; i < end; i++)
		store(&bank->places[i].stamp, load(&bank->places[i].stamp) | 1);
	store(&bank->end, 0);
}

struct bans_writer *
bans_writer_new(const struct arena *arena)
{
	struct bans_writer *writer = base_alloc_zeroed(1, sizeof(*writer));
	uint32_t active;

	writer->key = arena_key(arena);
	writer->region = arena_bans(arena);
	active = load(&writer->region->active);
	writer->number = active == 1 ? 1 : 0;
	writer->bank = &writer->region->banks[writer->number];
	writer->given_up = base_alloc(BANS_PLACES * sizeof(uint32_t));
	writer->next_over_ms = UINT64_MAX;
	empty_bank(writer->bank);
	return writer;
}

void
bans_writer_free(struct bans_writer **writer)
{
	if (*writer == NULL)
		return;
	free((*writer)->given_up);
	bans_lifted_fini(&(*writer)->lifted);
	free(*writer);
	*writer = NULL;
}

void
bans_writer_publish(struct bans_writer *writer)
{
	store(&writer->region->active, 1 + writer->number);
}

size_t
bans_writer_count(const struct bans_writer *writer)
{
	return writer->count;
}

/* A place that nobody sees; there is one. */
static uint32_t
take_place(struct bans_writer *writer)
{
	uint32_t end = load(&writer->bank->end), place;

	if (end < BANS_PLACES) {
		/* Odd while nothing stands there, the first time too. */
		store(&writer->bank->places[end].stamp,
			load(&writer->bank->places[end].stamp) | 1);
		store(&writer->bank->end, end + 1);
		return end;
	}
	must(writer->given_up_count > 0);
	place = writer->given_up[writer->given_up_first];
	writer->given_up_first = (writer->given_up_first + 1) % BANS_PLACES;
	writer->given_up_count--;
	return place;
}

static void
give_up_place(struct bans_writer *writer, uint32_t place)
{
	size_t at = (writer->given_up_first + writer->given_up_count++) %
		    BANS_PLACES;

	writer->given_up[at] = place;
}

static void
show_prefix(struct bans_writer *writer, unsigned bits, bool is_there)
{
	_Atomic uint64_t *word = &writer->bank->prefixes[bits / 64];
	uint64_t bit = UINT64_C(1) << (bits % 64);
	uint64_t old = atomic_load_explicit(word, memory_order_relaxed);

	atomic_store_explicit(
		word, is_there ? old | bit : old & ~bit, memory_order_release);
}

static void
count_in(struct bans_writer *writer, const struct ban *ban)
{
	_Atomic uint32_t *count =
		&writer->bank->counts[ban->kind][ban->room.length > 0];

	if (ban->kind == BAN_ADDRESS && writer->prefixes[ban->bits]++ == 0)
		show_prefix(writer, (unsigned)ban->bits, true);
	store(count, load(count) + 1);
	writer->count++;
}

static void
count_out(struct bans_writer *writer, const struct ban *ban)
{
	_Atomic uint32_t *count =
		&writer->bank->counts[ban->kind][ban->room.length > 0];

	store(count, load(count) - 1);
	if (ban->kind == BAN_ADDRESS && --writer->prefixes[ban->bits] == 0)
		show_prefix(writer, (unsigned)ban->bits, false);
	writer->count--;
}

/* The link that leads to the ban, or NULL. */
static _Atomic uint32_t *
find_link(const struct bans_writer *writer, const struct ban *ban,
	struct ban_entry *entry)
{
	uint64_t hash = bans_hash(writer->key, ban);
	_Atomic uint32_t *link = &writer->bank->chains[hash % BANS_CHAINS];

	while (load(link) != 0) {
		struct bans_place *place =
			&writer->bank->places[load(link) - 1];
		struct ban here;

		must(bans_read_place(writer->bank, load(link) - 1, entry));
		here = ban_of_entry(entry);
		if (ban_is_same(&here, ban))
			return link;
		link = &place->next;
	}
	return NULL;
}

static void
unlink_place(struct bans_writer *writer, _Atomic uint32_t *link)
{
	uint32_t number = load(link) - 1;
	struct bans_place *place = &writer->bank->places[number];

	store(link, load(&place->next));
	store(&place->stamp, load(&place->stamp) + 1);
	give_up_place(writer, number);
}

static void
fill_entry(struct ban_entry *entry, const struct ban *ban, uint32_t place)
{
	*entry = (struct ban_entry){
		.since_ms = ban->since,
		.until_ms = ban->until,
		.issued_ms = ban->issued,
		.place = place,
		.reason_length = (uint16_t)ban->reason.length,
		.kind = (uint8_t)ban->kind,
		.bits = (uint8_t)ban->bits,
		.tenant_length = (uint8_t)ban->tenant.length,
		.name_length = (uint8_t)ban->name.length,
		.room_length = (uint8_t)ban->room.length,
	};
	if (ban->tenant.length > 0)
		memcpy(entry->tenant, ban->tenant.at, ban->tenant.length);
	if (ban->name.length > 0)
		memcpy(entry->name, ban->name.at, ban->name.length);
	if (ban->room.length > 0)
		memcpy(entry->room, ban->room.at, ban->room.length);
	if (ban->reason.length > 0)
		memcpy(entry->reason, ban->reason.at, ban->reason.length);
}

static void
link_place(struct bans_writer *writer, const struct ban *ban)
{
	uint64_t hash = bans_hash(writer->key, ban);
	_Atomic uint32_t *chain = &writer->bank->chains[hash % BANS_CHAINS];
	uint32_t number = take_place(writer);
	struct bans_place *place = &writer->bank->places[number];
	uint64_t words[BAN_WORDS];
	struct ban_entry entry;

	fill_entry(&entry, ban, number);
	memcpy(words, &entry, sizeof(words));
	/* Each store behind the one before: the stamp has been odd for longer
	 * than anything here is new. */
	for (size_t i = 0; i < BAN_WORDS; i++)
		atomic_store_explicit(
			&place->words[i], words[i], memory_order_release);
	atomic_store_explicit(&place->hash, hash, memory_order_release);
	store(&place->next, load(chain));
	store(&place->stamp, load(&place->stamp) + 1);
	store(chain, number + 1);
}

uint64_t
bans_writer_since(struct bans_writer *writer, const struct ban *ban)
{
	struct ban_entry entry;

	return find_link(writer, ban, &entry)
		       ? entry.since_ms
		       : bans_lifted_since(&writer->lifted, ban);
}

uint64_t
bans_writer_issued(const struct bans_writer *writer, const struct ban *ban)
{
	struct ban_entry entry;

	return find_link(writer, ban, &entry) ? entry.issued_ms : 0;
}

bool
bans_writer_has(const struct bans_writer *writer, const struct ban *ban)
{
	struct ban_entry entry;

	return find_link(writer, ban, &entry) != NULL;
}

/* The new one is there before the old one goes, so that he is never not banned.
 */
bool
bans_writer_set(struct bans_writer *writer, const struct ban *ban)
{
	struct ban_entry old = { 0 };
	_Atomic uint32_t *link = find_link(writer, ban, &old);

	if (link == NULL && writer->count >= BANS_MAX)
		return false;
	bans_lifted_forget(&writer->lifted, ban);
	if (ban->until != 0)
		writer->next_over_ms = MIN_OF(writer->next_over_ms, ban->until);
	if (link == NULL)
		count_in(writer, ban);
	link_place(writer, ban);
	if (link == NULL)
		return true;
	/* It stands behind the new one, in the same chain. */
	link = &writer->bank->chains[bans_hash(writer->key, ban) % BANS_CHAINS];
	link = &writer->bank->places[load(link) - 1].next;
	while (load(link) - 1 != old.place)
		link = &writer->bank->places[load(link) - 1].next;
	unlink_place(writer, link);
	return true;
}

bool
bans_writer_lift(struct bans_writer *writer, const struct ban *ban)
{
	struct ban_entry old;
	_Atomic uint32_t *link = find_link(writer, ban, &old);

	bans_lifted_note(&writer->lifted, ban);
	if (link == NULL)
		return false;
	unlink_place(writer, link);
	count_out(writer, ban);
	return true;
}

bool
bans_writer_is_news(struct bans_writer *writer, const struct ban *ban)
{
	struct ban known = { .what = BAN_LIFT };
	struct ban_entry entry;

	if (find_link(writer, ban, &entry) != NULL) {
		known = ban_of_entry(&entry);
		known.what = BAN_SET;
	} else {
		known.since = bans_lifted_since(&writer->lifted, ban);
		if (known.since == 0)
			return true;
	}
	return ban_is_later(ban, &known);
}

enum bans_change
bans_writer_take(struct bans_writer *writer, const struct ban *ban)
{
	if (!bans_writer_is_news(writer, ban))
		return BANS_AS_BEFORE;
	if (ban->what == BAN_LIFT)
		return bans_writer_lift(writer, ban) ? BANS_LIFTED
						     : BANS_AS_BEFORE;
	return bans_writer_set(writer, ban) ? BANS_GIVEN : BANS_FULL;
}

void
bans_writer_expire(struct bans_writer *writer, uint64_t unix_ms)
{
	uint32_t end = load(&writer->bank->end);
	struct ban_entry entry;

	if (unix_ms < writer->next_over_ms)
		return;
	writer->next_over_ms = UINT64_MAX;
	for (uint32_t i = 0; i < end; i++) {
		struct ban ban;

		if (!bans_read_place(writer->bank, i, &entry) ||
			entry.until_ms == 0)
			continue;
		ban = ban_of_entry(&entry);
		if (message_is_over(entry.until_ms, unix_ms))
			bans_writer_lift(writer, &ban);
		else
			writer->next_over_ms =
				MIN_OF(writer->next_over_ms, entry.until_ms);
	}
}

void
bans_writer_write(const struct bans_writer *writer, struct buffer *out)
{
	uint32_t end = load(&writer->bank->end);
	struct buffer packed = { 0 };
	struct ban_entry entry;

	for (uint32_t i = 0; i < end; i++) {
		struct ban ban;

		if (!bans_read_place(writer->bank, i, &entry))
			continue;
		ban = ban_of_entry(&entry);
		buffer_clear(&packed, 0);
		ban_pack(&packed, &ban);
		pack_text(out, buffer_text(&packed));
	}
	buffer_fini(&packed);
}

void
bans_writer_write_lifted(struct bans_writer *writer, struct buffer *out)
{
	struct buffer packed = { 0 };
	uint64_t number = 0;
	struct ban ban;

	while ((number = bans_writer_next_lifted(writer, number, &ban)) > 0) {
		buffer_clear(&packed, 0);
		ban_pack(&packed, &ban);
		pack_text(out, buffer_text(&packed));
	}
	buffer_fini(&packed);
}

uint64_t
bans_writer_next_lifted(
	struct bans_writer *writer, uint64_t after, struct ban *ban)
{
	return bans_lifted_next(&writer->lifted, after, ban);
}

static bool
read_ban(struct unpack *in, struct ban *ban)
{
	struct unpack one = unpack_of(unpack_text(in));

	return ban_unpack(&one, ban) && ban_is_sound(ban);
}

bool
bans_writer_read_lifted(struct bans_writer *writer, struct unpack *in)
{
	struct ban ban;

	while (!in->failed && in->at < in->end) {
		if (!read_ban(in, &ban) || bans_writer_has(writer, &ban))
			return false;
		bans_writer_lift(writer, &ban);
	}
	return !in->failed;
}

bool
bans_writer_read(struct bans_writer *writer, struct unpack *in)
{
	struct ban ban;

	while (!in->failed && in->at < in->end)
		if (!read_ban(in, &ban) || !bans_writer_set(writer, &ban))
			return false;
	return !in->failed;
}
