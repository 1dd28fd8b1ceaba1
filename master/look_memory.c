#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "master/answer.h"
#include "master/look.h"
#include "master/words_context.h"
#include "shared/arena.h"
#include "shared/base.h"
#include "shared/clock.h"

/*
 * Memory: of the arena what has been touched, and of each process what the
 * system counts. For the share of a process in what it has in common with
 * others (PSS) the system walks all its pages, so that is read for a while
 * only, from one process after the other, and what was read before stands for
 * those whose turn did not come. The master never spends more than a twentieth
 * of its time on it.
 */

#define READ_US 20000
#define SHARE_OF_TIME 20

struct share {
	uint32_t pid;
	uint64_t bytes;
};

static struct {
	struct share of[SLOTS_MAX + 1]; /* the last one: of the master */
	unsigned next;
	uint64_t fresh_until_us;
} shares;

static uint32_t
pid_of(const struct arena *arena, unsigned slot)
{
	if (slot == arena_shape(arena)->slots)
		return (uint32_t)getpid();
	return atomic_load(&arena_row(arena, slot)->pid);
}

/* The Pss of a process; false when it is gone or not ours to look into. */
static bool
read_share(uint32_t pid, uint64_t *bytes)
{
	char path[64], line[256];
	uint64_t kilobytes;
	bool is_found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%u/smaps_rollup", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	while (!is_found && fgets(line, sizeof(line), file))
		is_found = sscanf(line, "Pss: %" SCNu64, &kilobytes) == 1;
	fclose(file);
	if (is_found)
		*bytes = kilobytes * 1024;
	return is_found;
}

static void
renew_shares(const struct arena *arena)
{
	unsigned count = arena_shape(arena)->slots + 1;
	uint64_t begin_us = clock_us();

	if (begin_us < shares.fresh_until_us)
		return;
	for (unsigned i = 0; i < count && clock_us() - begin_us < READ_US;
		i++) {
		unsigned slot = shares.next++ % count;
		struct share *share = &shares.of[slot];

		share->pid = pid_of(arena, slot);
		if (share->pid != 0 && !read_share(share->pid, &share->bytes))
			share->pid = 0;
	}
	shares.next %= count;
	shares.fresh_until_us =
		clock_us() + (clock_us() - begin_us) * (SHARE_OF_TIME - 1);
}

static void
add_size(struct answer *answer, uint32_t pid)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t size = 0, resident = 0;
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%u/statm", pid);
	file = fopen(path, "re");
	if (file && fscanf(file, "%" SCNu64 " %" SCNu64, &size, &resident) < 2)
		size = resident = 0;
	if (file)
		fclose(file);
	answer_cell_number(answer, size * page);
	answer_cell_number(answer, resident * page);
}

static void
add_process(struct answer *answer, const struct arena *arena, unsigned slot)
{
	uint32_t pid = pid_of(arena, slot);

	if (pid == 0)
		return;
	look_add_process(answer, arena, slot);
	answer_cell_number(answer, pid);
	add_size(answer, pid);
	if (shares.of[slot].pid == pid)
		answer_cell_number(answer, shares.of[slot].bytes);
	else
		answer_cell_none(answer);
}

static void
add_arena(struct answer *answer, const struct arena *arena)
{
	struct stat status = { 0 };

	fstat(arena_fd(arena), &status);
	answer_cell_text(answer, "arena");
	answer_cell_none(answer);
	answer_cell_number(answer, (uint64_t)status.st_size);
	answer_cell_number(answer, (uint64_t)status.st_blocks * 512);
	answer_cell_none(answer);
}

void
look_memory(const struct words_context *context, struct look *look,
	struct answer *answer)
{
	static const char *const columns[] = { "part", "pid", "size",
		"resident", "share", NULL };
	unsigned slots = arena_shape(context->arena)->slots;

	(void)look;
	renew_shares(context->arena);
	answer_begin_table(answer, columns);
	add_arena(answer, context->arena);
	add_process(answer, context->arena, slots);
	for (unsigned i = 0; i < slots; i++)
		add_process(answer, context->arena, i);
	answer_end_table(answer);
}
