#include "shared/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/bans_region.h"
#include "shared/index_partition.h"
#include "shared/layout.h"
#include "shared/links.h"
#include "shared/log.h"
#include "shared/notes.h"
#include "shared/ring.h"
#include "shared/systems_region.h"
#include "shared/tickets.h"
#include "shared/traffic.h"

/*
 * The memfd, one region behind the other, each at a multiple of REGION_ALIGN:
 *
 *	header
 *	tickets      keys of TLS session tickets
 *	rows         one per slot
 *	notes        one per slot and one for the master
 *	traffic      one board per slot
 *	rings        slots * slots control blocks, those of one consumer side
 *	             by side, because it looks at all before it sleeps
 *	ring data    as many buffers of ring_bytes
 *	partitions   one per slot
 *	bans         of all
 *	systems      that have registered
 *	links        to other hosts
 *
 * What is never touched is a hole in the file. Each process works with its own
 * copy of the header, so nothing that happens to the shared one misleads it.
 */

#define ARENA_MAGIC 0x616e6572612d6663ULL /* "cf-arena" */
#define ARENA_VERSION 1
#define REGION_ALIGN 65536 /* the largest page size in use */
#define RING_BYTES_MAX (64U << 20)
#define SEALS (F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL)

/* Linux 6.3 and later; others refuse it. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

/* Written by the master before the first fork, constant afterwards. */
struct arena_header {
	uint64_t magic;
	uint32_t version;
	uint32_t header_bytes;
	uint64_t layout;
	uint64_t bytes; /* of the whole file */
	uint64_t id;
	struct hash_key key;
	struct arena_shape shape;
	int32_t bells[SLOTS_MAX]; /* descriptors; they survive an exec */
};

struct arena {
	struct arena_header header;
	int fd;
	uint8_t *base;
	uint64_t tickets_at;
	uint64_t rows_at, notes_at, traffic_at, rings_at, data_at;
	uint64_t partitions_at, bans_at, systems_at, links_at;
	uint64_t partition_bytes;
};

static uint64_t
align_region(uint64_t bytes)
{
	return (bytes + REGION_ALIGN - 1) & ~(uint64_t)(REGION_ALIGN - 1);
}

/* Where each region of such a shape begins; returns the size of it all. */
static uint64_t
place_regions(struct arena *arena, const struct arena_shape *shape)
{
	uint64_t pairs = (uint64_t)shape->slots * shape->slots;

	arena->tickets_at = align_region(sizeof(struct arena_header));
	arena->rows_at =
		align_region(arena->tickets_at + sizeof(struct tickets));
	arena->notes_at = align_region(
		arena->rows_at + shape->slots * sizeof(struct row));
	arena->traffic_at = align_region(
		arena->notes_at + (shape->slots + 1) * sizeof(struct notes));
	arena->rings_at =
		align_region(arena->traffic_at +
			     shape->slots * sizeof(struct traffic_board));
	arena->data_at =
		align_region(arena->rings_at + pairs * sizeof(struct ring));
	arena->partitions_at =
		align_region(arena->data_at + pairs * shape->ring_bytes);
	arena->partition_bytes = align_region(index_partition_size(
		shape->index_connections, shape->index_rooms));
	arena->bans_at =
		arena->partitions_at + shape->slots * arena->partition_bytes;
	arena->systems_at = arena->bans_at + align_region(bans_region_bytes());
	arena->links_at =
		arena->systems_at + align_region(systems_region_bytes());
	return arena->links_at + align_region(sizeof(struct links));
}

static bool
is_possible(const struct arena_shape *shape)
{
	uint32_t ring_bytes = shape->ring_bytes;

	if (shape->slots < 1 || shape->slots > SLOTS_MAX)
		return false;
	if (ring_bytes < 4096 || ring_bytes > RING_BYTES_MAX ||
		(ring_bytes & (ring_bytes - 1)) != 0)
		return false;
	for (uint32_t slot = 0; slot < shape->slots; slot++) {
		if (shape->roles[slot] >= ROLE_COUNT)
			return false;
		if (slot > 0 && shape->roles[slot] < shape->roles[slot - 1])
			return false;
	}
	return true;
}

/* Everything that a process of another build would have to agree on. */
static uint64_t
hash_layout(const struct arena_shape *shape)
{
	uint64_t facts[] = { ARENA_VERSION, layout_of_structs(),
		layout_of_records(), index_partition_layout(),
		bans_region_layout(), systems_region_layout(), shape->slots,
		shape->ring_bytes, shape->index_connections, shape->index_rooms,
		sizeof(struct arena_header),
		offsetof(struct arena_header, shape),
		offsetof(struct arena_header, bells),
		hash_stable(shape->roles, shape->slots) };

	return hash_stable(facts, sizeof(facts));
}

static int
open_memory(uint64_t bytes)
{
	int fd = memfd_create("confab", MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("confab", MFD_ALLOW_SEALING);
	if (fd < 0) {
		log_error("arena: memfd_create: %s", strerror(errno));
		return -1;
	}
	if (ftruncate(fd, (off_t)bytes) < 0 ||
		fcntl(fd, F_ADD_SEALS, SEALS) < 0) {
		log_error("arena: cannot make %llu bytes: %s",
			(unsigned long long)bytes, strerror(errno));
		close(fd);
		return -1;
	}
	return fd;
}

static int
map_memory(struct arena *arena, uint64_t bytes)
{
	void *base = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_NORESERVE, arena->fd, 0);

	if (base == MAP_FAILED) {
		log_error("arena: cannot map %llu bytes: %s",
			(unsigned long long)bytes, strerror(errno));
		return -1;
	}
	arena->base = base;
	/* Huge pages would fill the holes. A core must hold neither what the
	 * users said nor gigabytes of holes. Both are only advice. */
	madvise(base, bytes, MADV_NOHUGEPAGE);
	madvise(base, bytes, MADV_DONTDUMP);
	return 0;
}

static int
open_bells(struct arena *arena)
{
	for (uint32_t slot = 0; slot < arena->header.shape.slots; slot++) {
		int fd = eventfd(0, EFD_NONBLOCK);

		if (fd < 0) {
			log_error("arena: eventfd: %s", strerror(errno));
			return -1;
		}
		arena->header.bells[slot] = fd;
	}
	return 0;
}

static struct arena *
arena_new(int fd)
{
	struct arena *arena = base_alloc_zeroed(1, sizeof(*arena));

	arena->fd = fd;
	for (size_t slot = 0; slot < SLOTS_MAX; slot++)
		arena->header.bells[slot] = -1;
	return arena;
}

static void
init_slots(struct arena *arena)
{
	const struct arena_shape *shape = &arena->header.shape;
	unsigned number = 0;

	for (unsigned slot = 0; slot < shape->slots; slot++) {
		struct row *row = arena_row(arena, slot);
		uint8_t *data = arena->base + arena->data_at;

		if (slot > 0 && shape->roles[slot] != shape->roles[slot - 1])
			number = 0;
		row->role = shape->roles[slot];
		row->number = number++;
		index_partition_init(arena_partition(arena, slot),
			shape->index_connections, shape->index_rooms);
		for (unsigned from = 0; from < shape->slots; from++) {
			uint64_t pair = (uint64_t)slot * shape->slots + from;

			ring_init(arena_ring(arena, from, slot),
				data + pair * shape->ring_bytes,
				shape->ring_bytes);
		}
	}
}

struct arena *
arena_create(const struct arena_shape *shape)
{
	struct arena *arena = arena_new(-1);
	struct arena_header *header = &arena->header;

	must(is_possible(shape));
	header->magic = ARENA_MAGIC;
	header->version = ARENA_VERSION;
	header->header_bytes = sizeof(*header);
	header->shape = *shape;
	header->layout = hash_layout(shape);
	header->bytes = place_regions(arena, shape);
	hash_random(&header->id, sizeof(header->id));
	hash_random(&header->key, sizeof(header->key));
	arena->fd = open_memory(header->bytes);
	if (arena->fd < 0 || map_memory(arena, header->bytes) < 0 ||
		open_bells(arena) < 0) {
		arena_free(&arena);
		return NULL;
	}
	init_slots(arena);
	memcpy(arena->base, header, sizeof(*header));
	return arena;
}

/* Reads the header into our own memory; the file may be anything. */
static int
read_header(struct arena *arena)
{
	struct arena_header *header = &arena->header;
	ssize_t got = pread(arena->fd, header, sizeof(*header), 0);
	struct stat status;

	if (got != (ssize_t)sizeof(*header) || header->magic != ARENA_MAGIC ||
		header->version != ARENA_VERSION ||
		header->header_bytes != sizeof(*header)) {
		log_error("arena: descriptor %d is no arena of this version",
			arena->fd);
		return -1;
	}
	if (!is_possible(&header->shape) ||
		header->layout != hash_layout(&header->shape)) {
		log_error("arena: made by a build with another layout");
		return -1;
	}
	if (fstat(arena->fd, &status) < 0 ||
		header->bytes != place_regions(arena, &header->shape) ||
		(uint64_t)status.st_size != header->bytes ||
		(fcntl(arena->fd, F_GET_SEALS) & SEALS) != SEALS) {
		log_error("arena: its size is not what its header says");
		return -1;
	}
	return 0;
}

static int
check_bells(const struct arena *arena)
{
	for (uint32_t slot = 0; slot < arena->header.shape.slots; slot++) {
		int flags = fcntl(arena->header.bells[slot], F_GETFL);

		if (flags < 0 || !(flags & O_NONBLOCK)) {
			log_error("arena: the bell of slot %u is lost", slot);
			return -1;
		}
	}
	return 0;
}

struct arena *
arena_attach(int fd)
{
	struct arena *arena = arena_new(fd);

	if (read_header(arena) == 0 && check_bells(arena) == 0 &&
		map_memory(arena, arena->header.bytes) == 0)
		return arena;

	/* The numbers of the bells are not to be trusted, so none is closed. */
	arena->header.shape.slots = 0;
	arena_free(&arena);
	return NULL;
}

void
arena_free(struct arena **arena)
{
	struct arena *old = *arena;

	*arena = NULL;
	if (!old)
		return;
	for (uint32_t slot = 0; slot < old->header.shape.slots; slot++)
		if (old->header.bells[slot] >= 0)
			close(old->header.bells[slot]);
	if (old->base)
		munmap(old->base, old->header.bytes);
	if (old->fd >= 0)
		close(old->fd);
	free(old);
}

int
arena_fd(const struct arena *arena)
{
	return arena->fd;
}

const struct arena_shape *
arena_shape(const struct arena *arena)
{
	return &arena->header.shape;
}

uint64_t
arena_id(const struct arena *arena)
{
	return arena->header.id;
}

uint64_t
arena_layout(const struct arena *arena)
{
	return arena->header.layout;
}

const struct hash_key *
arena_key(const struct arena *arena)
{
	return &arena->header.key;
}

struct row *
arena_row(const struct arena *arena, unsigned slot)
{
	must(slot < arena->header.shape.slots);
	return (struct row *)(void *)(arena->base + arena->rows_at) + slot;
}

struct notes *
arena_notes(const struct arena *arena, unsigned slot)
{
	must(slot <= arena->header.shape.slots);
	return (struct notes *)(void *)(arena->base + arena->notes_at) + slot;
}

struct traffic_board *
arena_traffic(const struct arena *arena, unsigned slot)
{
	must(slot < arena->header.shape.slots);
	return (struct traffic_board *)(void *)(arena->base +
						arena->traffic_at) +
	       slot;
}

struct ring *
arena_ring(const struct arena *arena, unsigned from, unsigned to)
{
	uint32_t slots = arena->header.shape.slots;

	must(from < slots && to < slots);
	return (struct ring *)(void *)(arena->base + arena->rings_at) +
	       (size_t)to * slots + from;
}

struct tickets *
arena_tickets(const struct arena *arena)
{
	return (struct tickets *)(void *)(arena->base + arena->tickets_at);
}

struct partition *
arena_partition(const struct arena *arena, unsigned slot)
{
	must(slot < arena->header.shape.slots);
	return (struct partition *)(void *)(arena->base + arena->partitions_at +
					    slot * arena->partition_bytes);
}

struct bans_region *
arena_bans(const struct arena *arena)
{
	return (struct bans_region *)(void *)(arena->base + arena->bans_at);
}

struct systems_region *
arena_systems(const struct arena *arena)
{
	return (struct systems_region *)(void *)(arena->base +
						 arena->systems_at);
}

struct links *
arena_links(const struct arena *arena)
{
	return (struct links *)(void *)(arena->base + arena->links_at);
}

int
arena_bell(const struct arena *arena, unsigned slot)
{
	must(slot < arena->header.shape.slots);
	return arena->header.bells[slot];
}

unsigned
arena_role_first(const struct arena *arena, enum role role)
{
	const struct arena_shape *shape = &arena->header.shape;
	unsigned slot = 0;

	while (slot < shape->slots && shape->roles[slot] < role)
		slot++;
	return slot;
}

unsigned
arena_role_count(const struct arena *arena, enum role role)
{
	const struct arena_shape *shape = &arena->header.shape;
	unsigned count = 0;

	for (unsigned slot = 0; slot < shape->slots; slot++)
		count += shape->roles[slot] == role;
	return count;
}
