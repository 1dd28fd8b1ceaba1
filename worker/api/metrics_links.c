#include "worker/api/metrics_links.h"

#include <inttypes.h>
#include <stddef.h>

#include "shared/arena.h"
#include "shared/buffer.h"
#include "shared/json.h"
#include "shared/links.h"

/* A word of a report, and what a metric calls it. The unit of a metric is the
 * second, so some are divided. */
static const struct {
	const char *name, *type, *member, *help;
	size_t offset;
	double divisor;
} figures[] = {
#define FIGURE(name, type, field, divisor, help)                               \
	{                                                                      \
		name, type, #field, help, offsetof(struct link_report, field), \
			divisor                                                \
	}
	FIGURE("peer_lag_frames", "gauge", lag_frames, 1,
		"frames that another host has sent and this one has not taken"),
	FIGURE("peer_lag_bytes", "gauge", lag_bytes, 1,
		"bytes of another host's journals that are not here yet"),
	FIGURE("peer_lag_seconds", "gauge", lag_ms, 1e3,
		"for how long something of another host has been missing"),
	FIGURE("peer_bytes_in_total", "counter", bytes_in, 1,
		"bytes from another host"),
	FIGURE("peer_bytes_out_total", "counter", bytes_out, 1,
		"bytes to another host"),
	FIGURE("peer_repairs_total", "counter", repairs, 1,
		"times that something lost was fetched from another host"),
	FIGURE("peer_holes_total", "counter", holes, 1,
		"times that something lost could not be had any more"),
	FIGURE("peer_refused_total", "counter", refused, 1,
		"what came from another host and was not believed"),
	FIGURE("peer_clock_offset_seconds", "gauge", clock_offset_ms, 1e3,
		"by how much the clock of another host is ahead"),
	FIGURE("peer_round_trip_seconds", "gauge", round_trip_us, 1e6,
		"how long another host took to answer"),
#undef FIGURE
};

static int64_t
figure_of(const struct link_report *link, size_t index)
{
	return *(const int64_t *)(const void *)((const char *)link +
						figures[index].offset);
}

static void
begin(struct buffer *out, const char *name, const char *type, const char *help)
{
	buffer_add_format(out, "# HELP confab_%s %c%s.\n# TYPE confab_%s %s\n",
		name, help[0] >= 'a' && help[0] <= 'z' ? help[0] - 32 : help[0],
		help + 1, name, type);
}

/* Addresses are URLs as bus_url.h has them: nothing to escape. */
static void
add_value(struct buffer *out, const char *name, const struct link_report *link,
	double value)
{
	buffer_add_format(out,
		"confab_%s{host=\"%" PRIu32 "\",address=\"%s\"} %.15g\n", name,
		link->host, link->address, value);
}

static bool
is_shown(const struct links *links, unsigned place, struct link_report *link)
{
	return links_read(links, place, link) && link->state != LINK_SELF;
}

static void
add_up(struct buffer *out, const struct links *links)
{
	struct link_report link;

	begin(out, "peer_up", "gauge", "1 while another host is met");
	for (unsigned i = 0; i < LINKS_MAX; i++)
		if (is_shown(links, i, &link))
			add_value(out, "peer_up", &link,
				link.state == LINK_UP ||
					link.state == LINK_SUSPECT);
}

void
metrics_write_links(struct buffer *out, const struct arena *arena)
{
	const struct links *links = arena_links(arena);
	struct link_report link;

	if (arena_role_count(arena, ROLE_RELAY) == 0)
		return;
	add_up(out, links);
	for (size_t k = 0; k < ARRAY_LEN(figures); k++) {
		begin(out, figures[k].name, figures[k].type, figures[k].help);
		for (unsigned i = 0; i < LINKS_MAX; i++)
			if (is_shown(links, i, &link))
				add_value(out, figures[k].name, &link,
					(double)figure_of(&link, k) /
						figures[k].divisor);
	}
}

static void
add_peer(struct buffer *out, const struct link_report *link)
{
	buffer_add_format(
		out, "{\"host\":%" PRIu32 ",\"address\":", link->host);
	json_write_string(out, text_of(link->address));
	buffer_add_format(out, ",\"state\":\"%s\",\"reason\":\"%s\"",
		link_state_name((enum link_state)link->state),
		link_reason_words((enum link_reason)link->reason));
	for (size_t k = 0; k < ARRAY_LEN(figures); k++)
		buffer_add_format(out, ",\"%s\":%" PRId64, figures[k].member,
			figure_of(link, k));
	buffer_add_byte(out, '}');
}

void
metrics_write_peers(struct buffer *out, const struct arena *arena)
{
	const struct links *links = arena_links(arena);
	struct link_report link;
	bool is_first = true;

	buffer_add_byte(out, '[');
	for (unsigned i = 0; i < LINKS_MAX; i++) {
		if (!is_shown(links, i, &link))
			continue;
		if (!is_first)
			buffer_add_byte(out, ',');
		is_first = false;
		add_peer(out, &link);
	}
	buffer_add_byte(out, ']');
}
