#include "master/words_check.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>

#include "master/answer.h"
#include "master/words_context.h"
#include "shared/arena.h"
#include "shared/base.h"
#include "shared/clock.h"
#include "shared/ring.h"

/* Hearts beat ten times a second. */
#define YOUNG_BEAT_MS 2000

/* More than this outside of full rings is more than one busy moment. */
#define OVERFLOW_BYTES_MAX (1024 * 1024)

struct finding {
	bool is_bad;
	char value[128]; /* what was seen */
};

typedef void look(const struct arena *arena, struct finding *finding);

static bool
is_alive(const struct row *row)
{
	return atomic_load(&row->pid) != 0;
}

static void
look_at_processes(const struct arena *arena, struct finding *finding)
{
	unsigned wanted = 0, serving = 0;

	for (unsigned i = 0; i < arena_shape(arena)->slots; i++) {
		const struct row *row = arena_row(arena, i);

		if (!atomic_load(&row->is_wanted))
			continue;
		wanted++;
		serving += atomic_load(&row->state) == CHILD_SERVING;
	}
	finding->is_bad = serving < wanted;
	snprintf(finding->value, sizeof(finding->value), "%u of %u serve",
		serving, wanted);
}

static void
look_at_hearts(const struct arena *arena, struct finding *finding)
{
	uint64_t now_ms = clock_ms(), oldest_ms = 0;

	for (unsigned i = 0; i < arena_shape(arena)->slots; i++) {
		const struct row *row = arena_row(arena, i);
		uint64_t beat_ms = atomic_load(&row->heartbeat_ms);

		if (is_alive(row))
			oldest_ms = MAX_OF(
				oldest_ms, now_ms - MIN_OF(now_ms, beat_ms));
	}
	finding->is_bad = oldest_ms > YOUNG_BEAT_MS;
	snprintf(finding->value, sizeof(finding->value),
		"the oldest beat is %" PRIu64 " ms old", oldest_ms);
}

/* Only between those who live: rings that nobody has used take no memory. */
static void
look_at_rings(const struct arena *arena, struct finding *finding)
{
	unsigned slots = arena_shape(arena)->slots;
	uint64_t fullest = 0;

	for (unsigned from = 0; from < slots; from++) {
		if (!is_alive(arena_row(arena, from)))
			continue;
		for (unsigned to = 0; to < slots; to++)
			if (to != from && is_alive(arena_row(arena, to)))
				fullest = MAX_OF(fullest,
					ring_pending(
						arena_ring(arena, from, to)));
	}
	fullest = fullest * 100 / arena_shape(arena)->ring_bytes;
	finding->is_bad = fullest > 75;
	snprintf(finding->value, sizeof(finding->value),
		"the fullest has %" PRIu64 " %% in it", fullest);
}

static uint64_t
sum_of(const struct arena *arena, enum counter counter)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < arena_shape(arena)->slots; i++)
		sum += row_read(arena_row(arena, i), counter);
	return sum;
}

static void
look_at_overflow(const struct arena *arena, struct finding *finding)
{
	uint64_t bytes = sum_of(arena, COUNTER_OVERFLOW_BYTES);

	finding->is_bad = bytes > OVERFLOW_BYTES_MAX;
	snprintf(finding->value, sizeof(finding->value),
		"%" PRIu64 " bytes wait outside", bytes);
}

/* The archive is made of the journal, so it cannot be ahead of it. */
static void
look_at_archive(const struct arena *arena, struct finding *finding)
{
	unsigned first = arena_role_first(arena, ROLE_LEDGER);
	unsigned count = arena_role_count(arena, ROLE_LEDGER);
	uint64_t behind = 0;

	if (arena_role_count(arena, ROLE_HISTORIAN) == 0) {
		snprintf(finding->value, sizeof(finding->value),
			"there is none");
		return;
	}
	for (unsigned i = 0; i < count; i++) {
		const struct row *ledger = arena_row(arena, first + i);
		uint64_t archived = atomic_load(&arena_row(
			arena, arena_role_first(arena, ROLE_HISTORIAN))
							 ->archived[i]);
		uint64_t end = atomic_load(&ledger->journal_end);

		if (atomic_load(&ledger->state) != CHILD_SERVING)
			continue;
		finding->is_bad |= archived > end;
		behind += end - MIN_OF(end, archived);
	}
	snprintf(finding->value, sizeof(finding->value),
		"%s journal, %" PRIu64 " bytes behind",
		finding->is_bad ? "ahead of a" : "not ahead of the", behind);
}

static void
must_be_none(struct finding *finding, const char *what, uint64_t count)
{
	finding->is_bad = count > 0;
	snprintf(finding->value, sizeof(finding->value), "%" PRIu64 " %s",
		count, what);
}

static void
look_at_gaps(const struct arena *arena, struct finding *finding)
{
	must_be_none(finding, "messages came out of turn",
		sum_of(arena, COUNTER_GAPS));
}

static void
look_at_letters(const struct arena *arena, struct finding *finding)
{
	must_be_none(finding, "letters could not be read",
		sum_of(arena, COUNTER_LETTERS_BAD));
}

static void
add_row(struct answer *answer, const char *name, bool is_bad, const char *value)
{
	answer_cell_text(answer, name);
	answer_cell_text(answer, is_bad ? "failed" : "ok");
	answer_cell_text(answer, value);
}

void
words_check(const struct words_context *context, struct text argument,
	struct answer *answer)
{
	static const char *const columns[] = { "check", "result", "value",
		NULL };
	static const struct {
		const char *name;
		look *look;
	} checks[] = {
		{ "processes", look_at_processes },
		{ "heartbeats", look_at_hearts },
		{ "rings", look_at_rings },
		{ "overflow", look_at_overflow },
		{ "archive", look_at_archive },
		{ "gaps", look_at_gaps },
		{ "letters_bad", look_at_letters },
	};
	struct finding findings[ARRAY_LEN(checks)] = { 0 };
	unsigned bad = 0;
	char sum[64];

	(void)argument;
	for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
		checks[i].look(context->arena, &findings[i]);
		bad += findings[i].is_bad;
	}
	snprintf(sum, sizeof(sum), "%u of %zu failed", bad, ARRAY_LEN(checks));
	answer_begin_table(answer, columns);
	add_row(answer, "all", bad > 0, sum);
	for (size_t i = 0; i < ARRAY_LEN(checks); i++)
		add_row(answer, checks[i].name, findings[i].is_bad,
			findings[i].value);
	answer_end_table(answer);
}
