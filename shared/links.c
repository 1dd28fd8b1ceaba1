#include "shared/links.h"

#include <string.h>

#include "shared/fence.h"

const char *
link_state_name(enum link_state state)
{
	static const char *const names[] = {
		[LINK_NONE] = "none",
		[LINK_DOWN] = "down",
		[LINK_GREETING] = "greeting",
		[LINK_UP] = "up",
		[LINK_SUSPECT] = "suspect",
		[LINK_REFUSED] = "refused",
		[LINK_SELF] = "self",
	};

	return (size_t)state < ARRAY_LEN(names) ? names[state] : "unknown";
}

const char *
link_reason_words(enum link_reason reason)
{
	static const char *const words[LINK_REASON_COUNT] = {
		[LINK_OK] = "",
		[LINK_NOT_REACHED] = "does not answer",
		[LINK_SILENT] = "has fallen silent",
		[LINK_SAID_BYE] = "has said goodbye",
		[LINK_BAD_SECRET] = "does not know the secret",
		[LINK_BAD_CLUSTER] = "is of another cluster",
		[LINK_BAD_VERSION] = "speaks another version",
		[LINK_SAME_HOST] = "has the host_id of another host",
		[LINK_BAD_FRAMES] = "says what nobody understands",
		[LINK_TWICE] = "is met at another address",
		[LINK_NO_PEER] = "is not among the peers",
		[LINK_BAD_CERTIFICATE] = ("one of the two does not believe the "
					  "other's certificate"),
	};

	return (size_t)reason < ARRAY_LEN(words) ? words[reason] : "unknown";
}

static uint64_t
load(const _Atomic uint64_t *word)
{
	return atomic_load_explicit(word, memory_order_acquire);
}

static void
store(_Atomic uint64_t *word, uint64_t value)
{
	atomic_store_explicit(word, value, memory_order_release);
}

void
links_write(
	struct links *links, unsigned number, const struct link_report *report)
{
	struct link_place *place = &links->places[number];
	uint64_t sequence = load(&place->sequence);
	uint64_t words[LINK_WORDS];

	must(number < LINKS_MAX);
	memcpy(words, report, sizeof(words));
	sequence |= 1; /* the life before may have died in the middle */
	store(&place->sequence, sequence);
	for (size_t i = 0; i < LINK_WORDS; i++)
		store(&place->words[i], words[i]);
	store(&place->sequence, sequence + 1);
}

void
links_clear(struct links *links)
{
	static const struct link_report nobody;

	for (unsigned i = 0; i < LINKS_MAX; i++)
		links_write(links, i, &nobody);
}

static bool
copy(const struct link_place *place, struct link_report *report)
{
	uint64_t words[LINK_WORDS];
	uint64_t before = load(&place->sequence);

	for (size_t i = 0; i < LINK_WORDS; i++)
		words[i] = load(&place->words[i]);
	if ((before & 1) != 0 || load(&place->sequence) != before)
		return false;
	memcpy(report, words, sizeof(words));
	report->address[LINK_ADDRESS_BYTES - 1] = 0;
	return true;
}

/* A relay that was killed while it wrote leaves one that cannot be read. */
#define TRIES 100

bool
links_read(
	const struct links *links, unsigned number, struct link_report *report)
{
	must(number < LINKS_MAX);
	for (unsigned i = 0; i < TRIES; i++)
		if (copy(&links->places[number], report))
			return report->state != LINK_NONE;
	return false;
}

/* What a link is worth when there are several to one host. */
static unsigned
rank(const struct link_report *report)
{
	if (report->state == LINK_UP)
		return 3;
	return report->state == LINK_SUSPECT ? 2 : 1;
}

bool
links_find(const struct links *links, unsigned host, struct link_report *report)
{
	struct link_report one;
	unsigned best = 0;

	for (unsigned i = 0; i < LINKS_MAX; i++)
		if (links_read(links, i, &one) && one.host == host &&
			one.state != LINK_REFUSED && rank(&one) > best) {
			best = rank(&one);
			*report = one;
		}
	return best > 0;
}

void
links_listen(struct links *links, bool wants_bell)
{
	atomic_store_explicit(
		&links->wants_bell, wants_bell, memory_order_relaxed);
	if (wants_bell)
		fence_say_then_look();
}

bool
links_want_bell(const struct links *links)
{
	fence_say_then_look();
	return atomic_load_explicit(&links->wants_bell, memory_order_relaxed) !=
	       0;
}
