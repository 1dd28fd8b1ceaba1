#include <string.h>

#include "master/answer.h"
#include "master/look.h"
#include "master/words_context.h"
#include "shared/arena.h"
#include "shared/clock.h"
#include "shared/links.h"

/*
 * Other hosts of the cluster.
 */

/* Nobody is met while no relay serves. */
static bool
has_relay(const struct arena *arena)
{
	unsigned slot = arena_role_first(arena, ROLE_RELAY);

	return arena_role_count(arena, ROLE_RELAY) > 0 &&
	       atomic_load(&arena_row(arena, slot)->pid) != 0;
}

static void
add_peer(struct answer *answer, const struct link_report *link, bool has_relay)
{
	uint64_t now_ms = clock_unix_ms();
	bool is_met = has_relay || link->state == LINK_REFUSED ||
		      link->state == LINK_SELF;
	const char *state = link_state_name(
		is_met ? (enum link_state)link->state : LINK_DOWN);

	if (link->host)
		answer_cell_number(answer, link->host);
	else
		answer_cell_none(answer);
	answer_cell_text(answer, link->address);
	answer_cell_text(answer, state);
	answer_cell_number(
		answer, (now_ms - MIN_OF(now_ms, link->since_ms)) / 1000);
	answer_cell_number(answer, link->lag_frames);
	answer_cell_number(answer, link->lag_bytes);
	answer_cell_number(answer, link->lag_ms);
	answer_cell_number(answer, link->bytes_in);
	answer_cell_number(answer, link->bytes_out);
	answer_cell_number(answer, link->repairs);
	answer_cell_number(answer, link->holes);
	answer_cell_signed(answer, link->clock_offset_ms);
	answer_cell_number(answer, link->round_trip_us);
	answer_cell_number(answer, link->refused);
	answer_cell_text(
		answer, link_reason_words((enum link_reason)link->reason));
}

void
look_peers(const struct words_context *context, struct look *look,
	struct answer *answer)
{
	static const char *const columns[] = { "host", "address", "state",
		"since", "lag_frames", "lag_bytes", "lag_ms", "bytes_in",
		"bytes_out", "repairs", "holes", "clock_offset_ms",
		"round_trip_us", "refused", "reason", NULL };
	const struct links *links = arena_links(context->arena);
	bool has = has_relay(context->arena);
	struct link_report link;

	(void)look;
	answer_begin_table(answer, columns);
	for (unsigned i = 0; i < LINKS_MAX; i++)
		if (links_read(links, i, &link))
			add_peer(answer, &link, has);
	answer_end_table(answer);
}
