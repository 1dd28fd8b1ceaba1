#include "worker/ledger/accords.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "worker/ledger/hosts.h"

/* A host has one journal for each of its ledgers, and those of the others. */
#define EXTENTS_MAX (HOSTS_SOURCES_MAX + LEDGERS_MAX)

/* Peers, by their number; 0 among them: there are unknown ones. */
struct peers {
	uint64_t bits[HOSTS_HOST_MAX / 64 + 1];
};

void
accords_fini(struct accords *accords)
{
	for (size_t i = 0; i < accords->count; i++)
		free(accords->list[i].wanted);
	free(accords->list);
	*accords = (struct accords){ 0 };
}

static struct accord *
find_host(const struct accords *accords, uint64_t host)
{
	for (size_t i = 0; i < accords->count; i++)
		if (accords->list[i].host == host)
			return &accords->list[i];
	return NULL;
}

static uint64_t
newest(const struct accord *accord)
{
	return accord->count ? accord->marks[accord->count - 1].here : 0;
}

/* A new one; the one that is without news for longest makes place. */
static struct accord *
add(struct accords *accords)
{
	struct accord *oldest;

	if (accords->count < ACCORDS_MAX) {
		accords->list = base_realloc(accords->list,
			(accords->count + 1) * sizeof(*accords->list));
		return &accords->list[accords->count++];
	}
	oldest = &accords->list[0];
	for (size_t i = 1; i < accords->count; i++)
		if (newest(&accords->list[i]) < newest(oldest))
			oldest = &accords->list[i];
	free(oldest->wanted);
	return oldest;
}

/* Of another store nothing is known. */
static struct accord *
need(struct accords *accords, uint64_t host, uint64_t store)
{
	struct accord *accord = find_host(accords, host);

	if (accord && accord->store == store)
		return accord;
	if (accord)
		free(accord->wanted);
	else
		accord = add(accords);
	*accord = (struct accord){ .host = host, .store = store };
	return accord;
}

static bool
has_peer(const struct peers *peers, uint64_t host)
{
	return host <= HOSTS_HOST_MAX &&
	       (peers->bits[host / 64] >> (host % 64) & 1);
}

static bool
read_peers(struct text packed, struct peers *peers)
{
	struct unpack in = unpack_of(packed);

	*peers = (struct peers){ 0 };
	while (in.at < in.end) {
		uint64_t host = unpack_number(&in);

		if (in.failed || host > HOSTS_HOST_MAX)
			return false;
		peers->bits[host / 64] |= UINT64_C(1) << (host % 64);
	}
	return true;
}

/* Returns how many, or -1. */
static int
read_extents(struct text packed, struct extent extents[EXTENTS_MAX])
{
	struct unpack in = unpack_of(packed);
	int count = 0;

	while (in.at < in.end) {
		struct unpack one = unpack_of(unpack_text(&in));

		if (in.failed || count == EXTENTS_MAX ||
			!extent_unpack(&one, &extents[count]))
			return -1;
		count++;
	}
	return count;
}

static bool
reaches(const struct extent *has, const struct extent *wanted)
{
	return has->host == wanted->host && has->ledger == wanted->ledger &&
	       has->epoch == wanted->epoch &&
	       (has->position > wanted->position ||
		       (has->position == wanted->position &&
			       has->index >= wanted->index));
}

static bool
has_all(const struct accord *accord, const struct extent *extents, int count,
	const struct peers *peers, uint64_t own_host)
{
	for (size_t i = 0; i < accord->wanted_count; i++) {
		const struct extent *wanted = &accord->wanted[i];
		int k = 0;

		if (wanted->host != own_host && !has_peer(peers, 0) &&
			!has_peer(peers, wanted->host))
			continue;
		while (k < count && !reaches(&extents[k], wanted))
			k++;
		if (k == count)
			return false;
	}
	return true;
}

/* Puts down what we have now. */
static void
want(struct accord *accord, const struct accord_now *now)
{
	const struct hosts *hosts = now->hosts;
	size_t count = 0;

	accord->wanted = base_realloc(
		accord->wanted, (hosts->count + 1) * sizeof(*accord->wanted));
	accord->wanted[count++] = now->own;
	for (size_t i = 0; i < hosts->count; i++) {
		const struct host_source *source = &hosts->sources[i];

		if (source->held.epoch == 0 || hosts_is_hole(source) ||
			(source->last_position == 0 && source->last_index == 0))
			continue;
		accord->wanted[count++] = (struct extent){
			.host = source->host,
			.ledger = source->ledger,
			.epoch = source->held.epoch,
			.position = source->last_position,
			.index = source->last_index,
		};
	}
	accord->wanted_count = count;
	accord->here = now->clock;
}

static void
drop_mark(struct accord *accord, size_t at)
{
	accord->count--;
	memmove(&accord->marks[at], &accord->marks[at + 1],
		(accord->count - at) * sizeof(accord->marks[0]));
}

/* How wide the gap would be without this mark, as a part of its age. */
static double
gap_without(const struct accord *accord, size_t at, uint64_t there)
{
	uint64_t before = accord->marks[at - 1].there;

	return (double)(accord->marks[at + 1].there - before) /
	       (double)(there - before);
}

/* The first one and the last stay. */
static void
thin_out(struct accord *accord, uint64_t there)
{
	size_t least = 1;

	for (size_t i = 2; i + 1 < accord->count; i++)
		if (gap_without(accord, i, there) <
			gap_without(accord, least, there))
			least = i;
	drop_mark(accord, least);
}

/* Marks that are not earlier are of a clock that was set back. */
static void
add_mark(struct accord *accord, uint64_t there)
{
	while (accord->count > 0 &&
		accord->marks[accord->count - 1].there >= there)
		accord->count--;
	if (accord->count > 0 && newest(accord) >= accord->here)
		return;
	if (accord->count == ACCORD_MARKS_MAX)
		thin_out(accord, there);
	accord->marks[accord->count++] =
		(struct accord_mark){ there, accord->here };
}

bool
accords_take(struct accords *accords, const struct extents *told,
	const struct accord_now *now)
{
	struct extent extents[EXTENTS_MAX];
	int count = read_extents(told->items, extents);
	struct accord *accord;
	struct peers peers;

	if (count < 0 || !read_peers(told->peers, &peers) || told->host == 0 ||
		told->host > HOSTS_HOST_MAX || told->host == now->own.host ||
		told->store == 0 || told->clock > INT64_MAX)
		return false;
	accord = need(accords, told->host, told->store);
	if (accord->wanted &&
		!has_all(accord, extents, count, &peers, now->own.host))
		return true;
	if (accord->wanted)
		add_mark(accord, told->clock);
	want(accord, now);
	return true;
}

bool
accords_find(const struct accords *accords, uint64_t store, uint64_t there,
	uint64_t *here)
{
	const struct accord *accord = NULL;
	size_t i;

	for (i = 0; i < accords->count && !accord; i++)
		if (accords->list[i].store == store)
			accord = &accords->list[i];
	for (i = accord ? accord->count : 0; i > 0; i--)
		if (accord->marks[i - 1].there <= there) {
			*here = accord->marks[i - 1].here;
			return true;
		}
	return false;
}

void
accords_write(const struct accords *accords, struct buffer *out)
{
	for (size_t i = 0; i < accords->count; i++) {
		const struct accord *accord = &accords->list[i];

		pack_number(out, accord->host);
		pack_number(out, accord->store);
		pack_number(out, accord->count);
		for (size_t k = 0; k < accord->count; k++) {
			pack_number(out, accord->marks[k].there);
			pack_number(out, accord->marks[k].here);
		}
	}
}

static bool
read_marks(struct accord *accord, struct unpack *in)
{
	uint64_t count = unpack_number(in);

	for (uint64_t i = 0; i < count; i++) {
		struct accord_mark mark = { .there = unpack_number(in) };

		mark.here = unpack_number(in);
		if (in->failed || i == ACCORD_MARKS_MAX ||
			(i > 0 && mark.there <= accord->marks[i - 1].there))
			return false;
		accord->marks[accord->count++] = mark;
	}
	return !in->failed;
}

bool
accords_read(struct accords *accords, struct unpack *in)
{
	while (!in->failed && in->at < in->end) {
		uint64_t host = unpack_number(in);
		uint64_t store = unpack_number(in);

		if (in->failed || host == 0 || host > HOSTS_HOST_MAX ||
			find_host(accords, host) ||
			accords->count == ACCORDS_MAX ||
			!read_marks(need(accords, host, store), in))
			return false;
	}
	return !in->failed;
}
