/*
 * What other hosts tell of what they have, whatever it is, and the part of a
 * checkpoint that is made of it. The bytes are packed texts, each an EXTENTS of
 * its own; what is behind an empty one is read as such a part.
 *
 * Whatever comes: marks ascend and are bounded, and what is written is read
 * again as the same.
 */
#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/pack.h"
#include "worker/ledger/accords.h"
#include "worker/ledger/hosts.h"

#define OWN_HOST 1

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct accords *accords)
{
	must(accords->count <= ACCORDS_MAX);
	for (size_t i = 0; i < accords->count; i++) {
		const struct accord *accord = &accords->list[i];

		must(accord->count <= ACCORD_MARKS_MAX);
		for (size_t k = 1; k < accord->count; k++)
			must(accord->marks[k - 1].there <
				accord->marks[k].there);
	}
}

static void
write_and_read(const struct accords *accords)
{
	struct buffer first = { 0 }, second = { 0 };
	struct accords again = { 0 };
	struct unpack in;

	accords_write(accords, &first);
	in = unpack_of(buffer_text(&first));
	must(accords_read(&again, &in));
	accords_write(&again, &second);
	must(text_equal(buffer_text(&first), buffer_text(&second)));
	accords_fini(&again);
	buffer_fini(&first);
	buffer_fini(&second);
}

/* Another host, which tells what we have: our journal, and what has come of two
 * others since it told last. */
static void
take_all(struct accords *accords, struct hosts *hosts, struct unpack *in)
{
	struct accord_now now = {
		.own = { .host = OWN_HOST, .epoch = 1 },
		.hosts = hosts,
	};
	struct extents told;
	struct text one;
	uint64_t here;

	for (one = unpack_text(in); !in->failed && one.length > 0;
		one = unpack_text(in)) {
		struct unpack record = unpack_of(one);

		now.clock++;
		now.own.position++;
		hosts_replay_note(
			hosts, &(struct haul_place){ .host = 2 + now.clock % 2,
				       .epoch = 1,
				       .position = now.clock / 8 });
		if (extents_unpack(&record, &told) &&
			accords_take(accords, &told, &now))
			accords_find(accords, told.store, told.clock, &here);
		check(accords);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct unpack in = { data, data + size, false };
	struct accords accords = { 0 }, part = { 0 };
	struct hosts hosts = { 0 };

	take_all(&accords, &hosts, &in);
	write_and_read(&accords);
	if (!in.failed && accords_read(&part, &in))
		write_and_read(&part);
	check(&part);
	accords_fini(&accords);
	accords_fini(&part);
	hosts_fini(&hosts);
	return 0;
}
