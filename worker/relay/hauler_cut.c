/*
 * Cutting: which ledger gets which items of a piece, and in how many letters.
 */
#include "shared/base.h"
#include "shared/log.h"
#include "shared/records.h"
#include "worker/relay/hauler_inside.h"
#include "worker/relay/hauler_item.h"

/* The ledger adds what it knows of a message before it sends it on, in a letter
 * of a ring that is as large as ours. */
#define MARGIN_BYTES 512
#define LETTER_BYTES (64U * 1024)

struct berth_way
hauler_way(struct hauler *hauler)
{
	return (struct berth_way){ hauler->office, &hauler->source,
		&hauler->letter, hauler->now_ms };
}

bool
hauler_post_items(struct hauler *hauler, struct berth *berth, struct point to)
{
	struct berth_way way = hauler_way(hauler);
	uint64_t items = berth->item_count;

	if (!berth_post_items(berth, &way, to)) {
		hauler->counts.refused++;
		return false;
	}
	hauler->counts.letters++;
	hauler->counts.items += items;
	return true;
}

static size_t
item_bytes_max(const struct hauler *hauler)
{
	return hauler->office->letter_max - MARGIN_BYTES;
}

/* Adds an item to its berth's letter; one that is full goes out before. */
static bool
add_item(struct hauler *hauler, struct berth *berth, struct point behind,
	struct text item)
{
	size_t max = MIN_OF(LETTER_BYTES, item_bytes_max(hauler));

	if (berth->item_count && berth->items.length + item.length > max &&
		!hauler_post_items(hauler, berth, berth->filled))
		return false;
	pack_text(&berth->items, item);
	berth->item_count++;
	berth->filled = behind;
	return true;
}

static void
log_large(struct hauler *hauler, size_t length)
{
	if (hauler->now_ms < hauler->log_large_ms)
		return;
	hauler->log_large_ms = hauler->now_ms + LOG_AGAIN_MS;
	log_error("relay: a message of host %u with %zu bytes does not fit "
		  "ring_bytes of this host and stays here without its body",
		hauler->source.host, length);
}

/* A message that the rings of this host cannot carry, which are smaller than
 * those of its own: it keeps its place in the order, without its body. To
 * nobody here could it be shown, but others may refer to it. */
static bool
make_smaller(
	struct hauler *hauler, const struct haul_item *item, struct text *text)
{
	if (text->length <= item_bytes_max(hauler))
		return true;
	hauler->counts.too_large++;
	log_large(hauler, text->length);
	if (!hauler_item_strip(item, &hauler->smaller))
		return false;
	*text = buffer_text(&hauler->smaller);
	return text->length <= item_bytes_max(hauler);
}

/* last: the item before; moved. false: no room. */
static bool
cut_item(struct hauler *hauler, struct text text, struct point *last,
	struct point to)
{
	struct unpack in = unpack_of(text);
	struct haul_item item;
	struct point behind;
	struct berth *berth;
	int ledger;

	if (!haul_item_unpack(&in, &item)) {
		hauler->counts.bad++;
		return true;
	}
	behind = (struct point){ item.position, item.index };
	if (!point_is_before(*last, behind))
		return true;
	ledger = point_is_before(to, behind)
			 ? -1
			 : hauler_item_ledger(&item, hauler->office->ledgers);
	if (ledger < 0) {
		hauler->counts.bad++;
		return true;
	}
	*last = behind;
	berth = &hauler->berths[ledger];
	if (!point_is_before(berth->passed, behind))
		return true;
	if (!make_smaller(hauler, &item, &text)) {
		hauler->counts.bad++;
		return true;
	}
	return add_item(hauler, berth, behind, text);
}

static bool
post_all(struct hauler *hauler, struct point to)
{
	struct berth *end = hauler_berths_end(hauler);

	for (struct berth *berth = hauler->berths; berth < end; berth++)
		if (berth->item_count && !hauler_post_items(hauler, berth, to))
			return false;
	return true;
}

bool
hauler_cut(struct hauler *hauler, struct point from, struct point to,
	struct text items)
{
	struct berth *end = hauler_berths_end(hauler);
	struct unpack in = unpack_of(items);
	struct point last = from;

	for (struct berth *berth = hauler->berths; berth < end; berth++)
		berth_empty(berth);
	while (in.at < in.end) {
		struct text item = unpack_text(&in);

		if (in.failed) {
			hauler->counts.bad++;
			break;
		}
		if (!cut_item(hauler, item, &last, to))
			return false;
	}
	return post_all(hauler, to);
}
