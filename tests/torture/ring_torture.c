#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "shared/arena.h"
#include "shared/base.h"
#include "shared/bell.h"
#include "shared/clock.h"
#include "shared/hash.h"
#include "shared/index.h"
#include "shared/index_partition.h"
#include "shared/letter.h"
#include "shared/ring.h"

/*
 * ring_torture SECONDS [SEED]: producers, which own index partitions, and a
 * consumer over a real arena. The parent kills one after the other with SIGKILL
 * at random moments and lets a successor go on, as the master does.
 *
 * Each letter says at which position its producer stood, so the consumer sees
 * at once when one is lost, repeated, out of order or torn. What each process
 * is about to do stands in `witness`, which outlives it: after a kill the
 * parent knows what the index must hold. Any process that breaks a promise or
 * sleeps through its bell ends by itself, and that fails the run.
 */

#define PRODUCERS 3
#define CONSUMER PRODUCERS
#define SLOTS (PRODUCERS + 1)
#define ROOMS 48
#define PEOPLE 96
#define USERS 8
#define RECORD_MAX 3000
#define BATCH 32
#define GUARD_MS 20000
#define PROGRESS_BYTES (1 << 20)

/* What is known of one thing in a partition. */
enum standing {
	ABSENT,
	CHANGING,
	PRESENT,
};

enum phase {
	RUNNING,
	PRODUCERS_END,
	CONSUMER_ENDS,
};

struct note {
	/* Of a producer: what its partition holds. */
	_Atomic int rooms[ROOMS];
	_Atomic int people[PEOPLE];
	_Atomic uint32_t places[PEOPLE];
	_Atomic uint64_t posted, refused;

	/* Of the consumer about this producer's ring. */
	_Atomic uint64_t read_end; /* all before it was looked at */
	_Atomic uint64_t releasing, released;
	_Atomic uint64_t repeats, rooms_checked;
};

struct witness {
	struct note notes[PRODUCERS];
	_Atomic int phase;
};

struct payload {
	uint64_t checksum; /* of what follows */
	uint64_t position; /* of the ring's tail before this letter */
	uint32_t room;     /* 1 + a room that was added before, or 0 */
	uint32_t length;
	uint8_t fill[RECORD_MAX];
};

#define PAYLOAD_HEAD offsetof(struct payload, fill)
#define PAYLOAD_MAX sizeof(struct payload)

_Static_assert(PAYLOAD_MAX % 8 == 0, "payloads are words");

static struct arena *arena;
static struct witness *witness;
static unsigned seed;

static unsigned
draw(unsigned below)
{
	return (unsigned)rand_r(&seed) % below;
}

static struct text
name_of(char *name, const char *what, unsigned number)
{
	int length = snprintf(name, 32, "%s %u", what, number);

	return (struct text){ name, (size_t)length };
}

static uint64_t
checksum_of(const struct payload *payload)
{
	return hash_stable(&payload->position,
		PAYLOAD_HEAD - sizeof(uint64_t) + payload->length);
}

static void
sleep_until(unsigned slot, bool (*has_news)(unsigned slot))
{
	struct row *row = arena_row(arena, slot);
	struct pollfd bell = { .fd = arena_bell(arena, slot),
		.events = POLLIN };

	bell_fall_asleep(row);
	if (!has_news(slot))
		must(poll(&bell, 1, GUARD_MS) == 1);
	bell_wake_up(row);
	bell_answer(bell.fd);
}

static void
wake(unsigned slot)
{
	bell_ring_if_asleep(arena_row(arena, slot), arena_bell(arena, slot));
}

/* The producer. */

struct producer {
	unsigned slot;
	uint32_t life;
	struct note *note;
	struct ring *out;
	uint64_t join_ends[ROOMS]; /* where the letter about the room ended */
};

static struct ring_reader acks;

static bool
may_post(unsigned slot)
{
	struct ring *out = arena_ring(arena, slot, CONSUMER);

	return !ring_is_empty(&acks) ||
	       ring_pending(out) <= out->capacity / 2 ||
	       witness->phase != RUNNING;
}

static bool
post_letter(struct producer *self, uint32_t room)
{
	static uint64_t memory[(sizeof(struct letter) + PAYLOAD_MAX) / 8];
	struct letter *letter = (struct letter *)(void *)memory;
	struct payload *payload = (struct payload *)(void *)letter->record;

	payload->position = atomic_load(&self->out->tail);
	payload->room = room;
	payload->length = draw(2) ? draw(64) : draw(RECORD_MAX);
	for (uint32_t i = 0; i < payload->length; i++)
		payload->fill[i] = (uint8_t)(payload->position / 8 + i);
	payload->checksum = checksum_of(payload);
	letter->size =
		(uint32_t)(sizeof(*letter) + PAYLOAD_HEAD + payload->length);
	letter->kind = LETTER_SAY;
	letter->from = (uint16_t)self->slot;
	letter->from_life = self->life;
	if (!ring_post(self->out, letter)) {
		self->note->refused++;
		return false;
	}
	self->note->posted++;
	wake(CONSUMER);
	return true;
}

static void
remove_room(struct producer *self, unsigned room)
{
	char name[32];

	self->note->rooms[room] = CHANGING;
	index_room_remove(arena, self->slot, TEXT_LITERAL("torture"),
		name_of(name, "room", room));
	self->note->rooms[room] = ABSENT;
	self->join_ends[room] = 0;
}

/* Adds a room and tells the consumer, who must then find it. */
static bool
join_room(struct producer *self, unsigned room)
{
	char name[32];

	if (self->note->rooms[room] == PRESENT)
		return post_letter(self, 0);
	self->note->rooms[room] = CHANGING;
	must(index_room_add(arena, self->slot, TEXT_LITERAL("torture"),
		name_of(name, "room", room)));
	self->note->rooms[room] = PRESENT;
	if (!post_letter(self, 1 + room)) {
		remove_room(self, room);
		return false;
	}
	self->join_ends[room] = atomic_load(&self->out->tail);
	return true;
}

static void
change_person(struct producer *self, unsigned person)
{
	struct index_entry entry = { .secret = (uint64_t)self->life << 32 |
					       person,
		.platform = person,
		.tenant_length = 7 };
	char name[32];
	struct text user = name_of(name, "user", person % USERS);

	if (self->note->people[person] == PRESENT) {
		self->note->people[person] = CHANGING;
		index_remove(arena, self->slot, self->note->places[person]);
		self->note->people[person] = ABSENT;
		return;
	}
	entry.since_ms = ~entry.secret;
	memset(entry.address, (int)person, sizeof(entry.address));
	memcpy(entry.tenant, "torture", 7);
	memcpy(entry.user, user.at, user.length);
	entry.user_length = (uint8_t)user.length;
	self->note->people[person] = CHANGING;
	must(index_add(arena, self->slot, &entry));
	self->note->places[person] = entry.place;
	self->note->people[person] = PRESENT;
}

static void
read_acks(struct producer *self)
{
	const struct letter *letter;
	uint64_t acked = 0;

	while ((letter = ring_next(&acks)))
		memcpy(&acked, letter->record, sizeof(acked));
	ring_release(&acks, acks.position);
	for (unsigned room = 0; room < ROOMS; room++)
		if (self->join_ends[room] && self->join_ends[room] <= acked)
			remove_room(self, room);
}

static void
run_producer(unsigned slot, uint32_t life)
{
	struct producer self = { .slot = slot,
		.life = life,
		.note = &witness->notes[slot],
		.out = arena_ring(arena, slot, CONSUMER) };

	index_open(arena, slot, life);
	ring_reader_start(&acks, arena_ring(arena, CONSUMER, slot));
	/* The last life may have posted and not yet rung. */
	wake(CONSUMER);
	while (witness->phase == RUNNING) {
		read_acks(&self);
		change_person(&self, draw(PEOPLE));
		if (!join_room(&self, draw(ROOMS)))
			sleep_until(slot, may_post);
	}
}

/* The consumer. */

static struct ring_reader readers[PRODUCERS];

static bool
has_letters(unsigned slot)
{
	(void)slot;
	for (unsigned from = 0; from < PRODUCERS; from++)
		if (!ring_is_empty(&readers[from]))
			return true;
	return false;
}

static bool
has_room(unsigned slot, unsigned room)
{
	char name[32];

	return index_has_room(arena, slot, TEXT_LITERAL("torture"),
		name_of(name, "room", room));
}

static void
check_letter(const struct letter *letter, unsigned from, uint64_t before)
{
	const struct partition *partition = arena_partition(arena, from);
	struct note *note = &witness->notes[from];
	struct payload payload;

	must(letter->kind == LETTER_SAY && letter->from == from);
	must(letter->size >= sizeof(*letter) + PAYLOAD_HEAD);
	must(letter->size <= sizeof(*letter) + sizeof(payload));
	memcpy(&payload, letter->record, letter->size - sizeof(*letter));
	must(payload.length == letter->size - sizeof(*letter) - PAYLOAD_HEAD);
	must(payload.checksum == checksum_of(&payload));
	must(payload.position == before);
	if (before < note->read_end) {
		note->repeats++;
		return;
	}
	/* The room leaves the index only once this letter is acknowledged, or
	 * with its owner. */
	if (payload.room && index_life(partition) == letter->from_life) {
		bool is_there = has_room(from, payload.room - 1);

		must(is_there || index_life(partition) != letter->from_life);
		note->rooms_checked++;
	}
}

/* Every copy is whole, whatever the owner does meanwhile. */
static bool
is_whole(const struct index_entry *entry)
{
	for (size_t i = 0; i < sizeof(entry->address); i++)
		if (entry->address[i] != entry->platform)
			return false;
	return entry->since_ms == ~entry->secret &&
	       (uint32_t)entry->secret == entry->platform;
}

static size_t
find_user(unsigned slot, unsigned user, struct index_entry found[PEOPLE])
{
	char name[32];
	size_t count = index_find_user(arena, slot, TEXT_LITERAL("torture"),
		name_of(name, "user", user), found, PEOPLE);

	must(count <= PEOPLE);
	for (size_t i = 0; i < count; i++)
		must(is_whole(&found[i]) && found[i].platform % USERS == user);
	return count;
}

static void
send_ack(unsigned to, uint64_t position)
{
	uint64_t memory[sizeof(struct letter) / 8 + 1];
	struct letter *ack = (struct letter *)(void *)memory;

	*ack = (struct letter){ .size = sizeof(memory), .kind = LETTER_SAID };
	memcpy(ack->record, &position, sizeof(position));
	/* When there is no room, the next one says it too. */
	ring_post(arena_ring(arena, CONSUMER, to), ack);
}

static size_t
read_ring(unsigned from)
{
	struct ring_reader *reader = &readers[from];
	struct note *note = &witness->notes[from];
	size_t count = 0;

	while (count < BATCH) {
		uint64_t before = reader->position;
		const struct letter *letter = ring_next(reader);

		if (!letter)
			break;
		check_letter(letter, from, before);
		if (reader->position > note->read_end)
			note->read_end = reader->position;
		count++;
	}
	if (count == 0)
		return 0;
	send_ack(from, reader->position);
	note->releasing = reader->position;
	ring_release(reader, reader->position);
	note->released = reader->position;
	wake(from);
	return count;
}

static void
start_readers(void)
{
	for (unsigned from = 0; from < PRODUCERS; from++) {
		struct note *note = &witness->notes[from];
		uint64_t head;

		ring_reader_start(
			&readers[from], arena_ring(arena, from, CONSUMER));
		head = readers[from].position;
		must(head == note->released || head == note->releasing);
		note->releasing = note->released = head;
		/* The last life may have released and not yet rung. */
		wake(from);
	}
}

static void
run_consumer(void)
{
	struct index_entry found[PEOPLE];

	start_readers();
	for (;;) {
		bool is_over = witness->phase == CONSUMER_ENDS;
		size_t count = 0;

		for (unsigned from = 0; from < PRODUCERS; from++) {
			count += read_ring(from);
			find_user(from, draw(USERS), found);
		}
		if (count == 0 && is_over)
			return;
		if (count == 0)
			sleep_until(CONSUMER, has_letters);
	}
}

/* The parent. */

struct child {
	pid_t pid;
	uint32_t life;
};

static struct child children[SLOTS];

static void
start_child(unsigned slot)
{
	struct child *child = &children[slot];
	pid_t parent = getpid();

	child->life++;
	seed++;
	child->pid = fork();
	must(child->pid >= 0);
	if (child->pid > 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	seed = seed * 31 + slot;
	if (slot == CONSUMER)
		run_consumer();
	else
		run_producer(slot, child->life);
	_exit(0);
}

static void
check_person(unsigned slot, unsigned person)
{
	const struct note *note = &witness->notes[slot];
	struct index_entry found[PEOPLE];
	size_t count = find_user(slot, person % USERS, found);
	size_t seen = 0;

	for (size_t i = 0; i < count; i++)
		seen += found[i].platform == person;
	if (note->people[person] == PRESENT) {
		must(seen == 1);
		must(index_read(arena, slot, note->places[person], &found[0]));
		must(is_whole(&found[0]) && found[0].platform == person);
	}
	must(seen <= (note->people[person] != ABSENT));
}

/* Between the death of an owner and the closing of its partition. */
static void
check_partition(unsigned slot)
{
	struct note *note = &witness->notes[slot];

	if (index_life(arena_partition(arena, slot)) != children[slot].life)
		return; /* killed before it had opened it */
	for (unsigned room = 0; room < ROOMS; room++) {
		must(note->rooms[room] != PRESENT || has_room(slot, room));
		must(note->rooms[room] != ABSENT || !has_room(slot, room));
	}
	for (unsigned person = 0; person < PEOPLE; person++)
		check_person(slot, person);
}

static void
bury_child(unsigned slot)
{
	struct note *note = &witness->notes[slot];

	if (slot == CONSUMER)
		return;
	check_partition(slot);
	index_close(arena_partition(arena, slot));
	for (unsigned room = 0; room < ROOMS; room++) {
		must(!has_room(slot, room));
		note->rooms[room] = ABSENT;
	}
	for (unsigned person = 0; person < PEOPLE; person++)
		note->people[person] = ABSENT;
}

static void
pause_us(unsigned us)
{
	struct timespec time = { .tv_nsec = (long)us * 1000 };

	nanosleep(&time, NULL);
}

/* How the child ended must be how it was to end. */
static void
await_child(unsigned slot, bool is_killed)
{
	int status;

	must(waitpid(children[slot].pid, &status, 0) == children[slot].pid);
	must(is_killed || (WIFEXITED(status) && WEXITSTATUS(status) == 0));
	must(!is_killed ||
		(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
}

/* Left alone, all must get on: a successor wakes up whoever it finds asleep, so
 * only without kills a bell that was not rung shows. */
static void
await_progress(void)
{
	uint64_t goals[PRODUCERS];
	uint64_t give_up_ms = clock_ms() + GUARD_MS;

	for (unsigned slot = 0; slot < PRODUCERS; slot++)
		goals[slot] = witness->notes[slot].read_end + PROGRESS_BYTES;
	for (unsigned slot = 0; slot < PRODUCERS; slot++)
		while (witness->notes[slot].read_end < goals[slot]) {
			must(clock_ms() < give_up_ms);
			pause_us(200);
		}
}

static unsigned
kill_for(unsigned seconds)
{
	uint64_t end_ms = clock_ms() + seconds * 1000ULL;
	unsigned kills = 0;

	while (clock_ms() < end_ms) {
		unsigned slot = draw(SLOTS);

		pause_us(draw(4) ? draw(3000) : draw(30000));
		if (draw(8) == 0) {
			kill(children[slot].pid, SIGSTOP);
			pause_us(draw(5000));
			kill(children[slot].pid, SIGCONT);
			continue;
		}
		kill(children[slot].pid, SIGKILL);
		await_child(slot, true);
		bury_child(slot);
		start_child(slot);
		if (++kills % 50 == 0)
			await_progress();
	}
	return kills;
}

static void
end_all(void)
{
	witness->phase = PRODUCERS_END;
	for (unsigned slot = 0; slot < PRODUCERS; slot++) {
		bell_ring(arena_bell(arena, slot));
		await_child(slot, false);
		check_partition(slot);
	}
	witness->phase = CONSUMER_ENDS;
	bell_ring(arena_bell(arena, CONSUMER));
	await_child(CONSUMER, false);
}

static void
report(unsigned kills)
{
	uint64_t posted = 0, refused = 0, repeats = 0, rooms = 0, bytes = 0;

	for (unsigned slot = 0; slot < PRODUCERS; slot++) {
		const struct note *note = &witness->notes[slot];
		const struct ring *ring = arena_ring(arena, slot, CONSUMER);

		must(ring_pending(ring) == 0);
		must(note->read_end == ring->tail);
		posted += note->posted;
		refused += note->refused;
		repeats += note->repeats;
		rooms += note->rooms_checked;
		bytes += note->read_end;
	}
	must(posted > 0 && rooms > 0);
	printf("ring_torture: %u kills, %llu letters, %llu MB, %llu refused, "
	       "%llu read twice, %llu rooms looked up: nothing lost\n",
		kills, (unsigned long long)posted,
		(unsigned long long)bytes >> 20, (unsigned long long)refused,
		(unsigned long long)repeats, (unsigned long long)rooms);
}

int
main(int argc, char **argv)
{
	struct arena_shape shape = { .slots = SLOTS,
		.ring_bytes = 16384,
		.index_connections = PEOPLE,
		.index_rooms = ROOMS,
		.roles = { [CONSUMER] = ROLE_LEDGER } };
	unsigned seconds = argc > 1 ? (unsigned)atoi(argv[1]) : 5;
	unsigned kills;

	seed = argc > 2 ? (unsigned)atoi(argv[2]) : (unsigned)clock_us();
	printf("ring_torture: %u s, seed %u\n", seconds, seed);
	fflush(stdout);
	witness = mmap(NULL, sizeof(*witness), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(witness != MAP_FAILED);
	arena = arena_create(&shape);
	must(arena != NULL);
	for (unsigned slot = 0; slot < SLOTS; slot++)
		start_child(slot);
	kills = kill_for(seconds);
	end_all();
	report(kills);
	arena_free(&arena);
	return 0;
}
