#include "shared/layout.h"

#include <stddef.h>

#include "shared/hash.h"
#include "shared/links.h"
#include "shared/notes.h"
#include "shared/ring.h"
#include "shared/scoreboard.h"
#include "shared/tickets.h"
#include "shared/traffic.h"

uint64_t
layout_of_structs(void)
{
	static const uint64_t facts[] = {
		sizeof(struct ring),
		offsetof(struct ring, capacity),
		offsetof(struct ring, data_at),
		offsetof(struct ring, tail),
		offsetof(struct ring, head_seen),
		offsetof(struct ring, refused),
		offsetof(struct ring, noted),
		offsetof(struct ring, head),
		offsetof(struct ring, decided),
		sizeof(struct row),
		offsetof(struct row, pid),
		offsetof(struct row, life),
		offsetof(struct row, state),
		offsetof(struct row, role),
		offsetof(struct row, number),
		offsetof(struct row, restarts),
		offsetof(struct row, is_wanted),
		offsetof(struct row, since_ms),
		offsetof(struct row, heartbeat_ms),
		offsetof(struct row, ready_life),
		offsetof(struct row, stuck_slot),
		offsetof(struct row, stuck_life),
		offsetof(struct row, generation),
		offsetof(struct row, journal_end),
		offsetof(struct row, store),
		offsetof(struct row, clock),
		offsetof(struct row, delivered),
		offsetof(struct row, archived),
		offsetof(struct row, is_asleep),
		offsetof(struct row, counters),
		offsetof(struct row, histograms),
		sizeof(struct notes),
		offsetof(struct notes, places),
		offsetof(struct note, text),
		offsetof(struct note_place, words),
		sizeof(struct tickets),
		offsetof(struct tickets, keys),
		sizeof(struct traffic_board),
		offsetof(struct traffic_report, rooms),
		offsetof(struct traffic_report, clients),
		offsetof(struct traffic_room, tenant),
		offsetof(struct traffic_client, tenant),
		sizeof(struct links),
		offsetof(struct links, places),
		offsetof(struct link_report, host),
		offsetof(struct link_report, store),
		offsetof(struct link_report, refused),
		LEDGERS_MAX,
		COUNTER_COUNT,
		HISTOGRAM_COUNT,
	};

	return hash_stable(facts, sizeof(facts));
}

uint64_t
layout_of_records(void)
{
	static const char words[] =
#define ROLE(symbol, name, entry, count) #symbol " "
#include "shared/roles.def"
#undef ROLE
#define COUNTER(symbol, name, kind, help) #symbol " "
#include "shared/counters.def"
#undef COUNTER
#define HISTOGRAM(symbol, name, role, help) #symbol " "
#include "shared/histograms.def"
#undef HISTOGRAM
#define LETTER(symbol, record) #symbol "=" #record " "
#include "shared/letters.def"
#undef LETTER
#define RECORD(name, fields) #name ":" #fields " "
#include "shared/records.def"
#undef RECORD
		;

	return hash_stable(words, sizeof(words));
}
