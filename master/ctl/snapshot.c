#include "master/ctl/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base.h"

#define COLUMNS_MAX 32

static const char *const questions[] = {
	[ASK_INFO] = "show info\n",
	[ASK_COUNTERS] = "show counters\n",
	[ASK_WORKERS] = "show workers\n",
	[ASK_LEDGERS] = "show ledger\n",
	[ASK_RINGS] = "show rings limit=1000\n",
	[ASK_LATENCY] = "show latency\n",
	[ASK_TRAFFIC] = "show traffic limit=30\n",
	[ASK_SLOW] = "show slow limit=30\n",
	[ASK_PEERS] = "show peers\n",
};

const char *
snapshot_question(enum snapshot_question question)
{
	return questions[question];
}

bool
snapshot_needs(enum snapshot_question question)
{
	return question <= ASK_WORKERS;
}

void
snapshot_clear(struct snapshot *snapshot)
{
	free(snapshot->workers);
	*snapshot = (struct snapshot){ 0 };
}

/* Takes what stands before the mark, and the mark; false at the end. */
static bool
take(struct text *rest, char mark, struct text *part)
{
	const char *end;

	if (rest->length == 0)
		return false;
	end = memchr(rest->at, mark, rest->length);
	*part = *rest;
	if (end)
		part->length = (size_t)(end - rest->at);
	rest->at += part->length + (end ? 1 : 0);
	rest->length -= part->length + (end ? 1 : 0);
	return true;
}

/* What is no number is 0. */
static uint64_t
number_of(struct text text)
{
	uint64_t number = 0;

	for (size_t i = 0; i < text.length; i++) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return 0;
		number = number * 10 + (uint64_t)(text.at[i] - '0');
	}
	return number;
}

/* It goes to a terminal. */
static void
copy_word(char to[SNAPSHOT_WORD_BYTES], struct text word)
{
	size_t length = MIN_OF(word.length, (size_t)SNAPSHOT_WORD_BYTES - 1);

	for (size_t i = 0; i < length; i++)
		to[i] = word.at[i] > ' ' && word.at[i] <= '~' ? word.at[i]
							      : '?';
	to[length] = 0;
}

/* The same of what others have named. */
static void
copy_name(char to[SNAPSHOT_NAME_BYTES], struct text name)
{
	size_t length = MIN_OF(name.length, (size_t)SNAPSHOT_NAME_BYTES - 1);
	bool is_clean = text_is_name(name, 0, SNAPSHOT_NAME_BYTES - 1);

	for (size_t i = 0; i < length; i++)
		to[i] = is_clean || (name.at[i] >= ' ' && name.at[i] <= '~')
				? name.at[i]
				: '?';
	to[length] = 0;
}

struct fields {
	struct text names[COLUMNS_MAX];
	struct text values[COLUMNS_MAX];
	size_t count;
};

static struct text
field(const struct fields *fields, const char *name)
{
	for (size_t i = 0; i < fields->count; i++)
		if (text_equal(fields->names[i], text_of(name)))
			return fields->values[i];
	return TEXT_LITERAL("");
}

static uint64_t
number(const struct fields *fields, const char *name)
{
	return number_of(field(fields, name));
}

static size_t
split(struct text line, struct text parts[COLUMNS_MAX])
{
	size_t count = 0;

	while (count < COLUMNS_MAX && take(&line, '\t', &parts[count]))
		count++;
	return count;
}

/* Reads each row below the header. */
static void
read_table(struct snapshot *snapshot, struct text table,
	void (*read_row)(struct snapshot *, const struct fields *))
{
	struct fields fields = { 0 };
	struct text line;

	if (!take(&table, '\n', &line))
		return;
	fields.count = split(line, fields.names);
	while (take(&table, '\n', &line)) {
		memset(fields.values, 0, sizeof(fields.values));
		split(line, fields.values);
		read_row(snapshot, &fields);
	}
}

static void
read_info(struct snapshot *snapshot, struct text list)
{
	struct fields fields = { 0 };
	struct text line;

	while (fields.count < COLUMNS_MAX && take(&list, '\n', &line)) {
		size_t i = fields.count++;

		if (take(&line, ':', &fields.names[i]) && line.length > 0)
			fields.values[i] =
				(struct text){ line.at + 1, line.length - 1 };
	}
	copy_word(snapshot->version, field(&fields, "version"));
	copy_word(snapshot->state, field(&fields, "state"));
	snapshot->pid = number(&fields, "pid");
	snapshot->uptime = number(&fields, "uptime");
	snapshot->connections = number(&fields, "connections");
	snapshot->sessions = number(&fields, "sessions");
	snapshot->users = number(&fields, "users");
	snapshot->rooms = number(&fields, "rooms");
}

static void
read_counter(struct snapshot *snapshot, const struct fields *fields)
{
	struct text name = field(fields, "counter");

	for (unsigned i = 0; i < COUNTER_COUNT; i++)
		if (text_equal(
			    name, text_of(counter_info((enum counter)i)->name)))
			snapshot->counters[i] = number(fields, "value");
}

static void
read_worker(struct snapshot *snapshot, const struct fields *fields)
{
	struct snapshot_worker *worker;

	if (snapshot->worker_count == SLOTS_MAX)
		return;
	snapshot->workers = base_realloc(snapshot->workers,
		(snapshot->worker_count + 1) * sizeof(*worker));
	worker = &snapshot->workers[snapshot->worker_count++];
	*worker = (struct snapshot_worker){
		.slot = number(fields, "slot"),
		.number = number(fields, "number"),
		.pid = number(fields, "pid"),
		.since = number(fields, "since"),
		.connections = number(fields, "connections"),
		.restarts = number(fields, "restarts"),
		.silent_ms = number(fields, "silent_ms"),
		.letters_in = number(fields, "letters_in"),
		.letters_out = number(fields, "letters_out"),
		.overflow_bytes = number(fields, "overflow_bytes"),
	};
	copy_word(worker->role, field(fields, "role"));
	copy_word(worker->state, field(fields, "state"));
}

/* Without an archive nothing waits for it. */
static uint64_t
behind(const struct fields *fields, const char *name)
{
	uint64_t end = number(fields, "journal");
	struct text place = field(fields, name);

	if (place.length == 0 || place.at[0] < '0' || place.at[0] > '9')
		return 0;
	return end - MIN_OF(end, number_of(place));
}

static void
read_ledger(struct snapshot *snapshot, const struct fields *fields)
{
	snapshot->knows_ledgers = true;
	snapshot->undelivered += behind(fields, "delivered");
	snapshot->unarchived += behind(fields, "archived");
}

static void
read_ring(struct snapshot *snapshot, const struct fields *fields)
{
	uint64_t capacity = MAX_OF(number(fields, "capacity"), 1);
	uint64_t percent = number(fields, "used") * 100 / capacity;

	snapshot->knows_rings = true;
	snapshot->ring_percent = MAX_OF(snapshot->ring_percent, percent);
}

static void
read_latency(struct snapshot *snapshot, const struct fields *fields)
{
	struct text name = field(fields, "latency"), rest, one;
	struct histogram_sum *sum = NULL;

	for (unsigned i = 0; i < HISTOGRAM_COUNT; i++)
		if (text_equal(name, text_of(histogram_info(i)->name)))
			sum = &snapshot->latency[i];
	if (!sum)
		return;
	snapshot->knows_latency = true;
	*sum = (struct histogram_sum){ 0 };
	rest = field(fields, "buckets");
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS && take(&rest, ',', &one);
		i++) {
		sum->buckets[i] = number_of(one);
		sum->count += sum->buckets[i];
	}
}

static void
read_room(struct snapshot *snapshot, const struct fields *fields)
{
	struct snapshot_room *room;

	if (snapshot->busy_count == SNAPSHOT_ROWS)
		return;
	room = &snapshot->busy[snapshot->busy_count++];
	copy_name(room->name, field(fields, "room"));
	copy_name(room->tenant, field(fields, "tenant"));
	room->gateways = number(fields, "gateways");
	room->messages = number(fields, "messages");
	room->pushes = number(fields, "pushes");
	room->bytes = number(fields, "bytes");
	room->seconds = MAX_OF(number(fields, "seconds"), 1);
}

static void
read_slow(struct snapshot *snapshot, const struct fields *fields)
{
	struct snapshot_slow *slow;

	if (snapshot->slow_count == SNAPSHOT_ROWS)
		return;
	slow = &snapshot->slow[snapshot->slow_count++];
	copy_name(slow->user, field(fields, "user"));
	copy_name(slow->address, field(fields, "address"));
	copy_word(slow->state, field(fields, "state"));
	slow->slot = number(fields, "slot");
	slow->waiting_bytes = number(fields, "waiting_bytes");
	slow->dropped = number(fields, "dropped");
	slow->seconds = number(fields, "seconds");
}

static void
read_peer(struct snapshot *snapshot, const struct fields *fields)
{
	struct snapshot_peer *peer;

	if (snapshot->peer_count == SNAPSHOT_ROWS)
		return;
	peer = &snapshot->peers[snapshot->peer_count++];
	copy_name(peer->address, field(fields, "address"));
	copy_name(peer->reason, field(fields, "reason"));
	copy_word(peer->state, field(fields, "state"));
	peer->host = number(fields, "host");
	peer->since = number(fields, "since");
	peer->lag_frames = number(fields, "lag_frames");
	peer->lag_bytes = number(fields, "lag_bytes");
	peer->lag_ms = number(fields, "lag_ms");
	peer->holes = number(fields, "holes");
}

void
snapshot_read(struct snapshot *snapshot, enum snapshot_question question,
	struct text answer)
{
	switch (question) {
	case ASK_INFO:
		read_info(snapshot, answer);
		return;
	case ASK_COUNTERS:
		read_table(snapshot, answer, read_counter);
		return;
	case ASK_WORKERS:
		read_table(snapshot, answer, read_worker);
		return;
	case ASK_LEDGERS:
		read_table(snapshot, answer, read_ledger);
		return;
	case ASK_RINGS:
		read_table(snapshot, answer, read_ring);
		return;
	case ASK_LATENCY:
		read_table(snapshot, answer, read_latency);
		return;
	case ASK_TRAFFIC:
		read_table(snapshot, answer, read_room);
		return;
	case ASK_SLOW:
		read_table(snapshot, answer, read_slow);
		return;
	case ASK_PEERS:
		read_table(snapshot, answer, read_peer);
		return;
	case QUESTION_COUNT:
		return;
	}
}
