/*
 * What other hosts ask: who we are, what they miss of our journals and of our
 * live stream, and who is here. Each answer is bounded, and reads at most so
 * much.
 */
#include <stdio.h>
#include <stdlib.h>

#include "shared/base.h"
#include "shared/clock.h"
#include "worker/relay/feed.h"
#include "worker/relay/relay.h"
#include "worker/relay/roster.h"
#include "worker/relay/window.h"
#include "worker/worker.h"

#define PAGE_BYTES (128 * 1024)
#define KEEP_BYTES (1024U * 1024)

/* False: this is not the time, or not the way, to ask. */
typedef bool answer_function(struct relay *relay,
	const struct wire_frame *question, struct buffer *answer);

/* Who meets us behind our goodbye would take us for silent. */
static bool
answer_hello(struct relay *relay, const struct wire_frame *question,
	struct buffer *answer)
{
	struct unpack in = unpack_of(question->body);
	struct wire_helloed helloed = {
		.store = relay_store(relay),
		.ledgers = relay->ledgers,
		.unix_ms = clock_unix_ms(),
	};
	struct wire_hello hello;

	if (relay->is_stopping || !wire_hello_unpack(&in, &hello))
		return false;
	helloed.nonce = hello.nonce;
	wire_helloed_pack(answer, &helloed);
	return true;
}

static const unsigned status_of[] = {
	[PIECE_SOME] = WIRE_PULL_SOME,
	[PIECE_END] = WIRE_PULL_END,
	[PIECE_GONE] = WIRE_PULL_GONE,
	[PIECE_BAD] = WIRE_PULL_LATER,
};

static void
pack_piece(struct buffer *answer, const struct wire_pull *pull,
	enum piece_state state, const struct piece *piece)
{
	const struct wire_pulled pulled = {
		.what = pull->what,
		.ledger = pull->ledger,
		.status = status_of[state],
		.from_position = pull->from_position,
		.from_index = pull->from_index,
		.to_position = piece->to.position,
		.to_index = piece->to.index,
		.first_position = piece->first.position,
		.first_index = piece->first.index,
		.items = piece->items,
		.clock = piece->clock,
	};

	wire_pulled_pack(answer, &pulled);
}

/* Each host reads with a feed of its own, which goes on where it was. */
static struct feed *
feed_for(struct relay *relay, unsigned host, unsigned ledger)
{
	struct peer *peer = peers_of_host(relay, host);
	char *path;

	if (!peer || ledger >= relay->ledgers)
		return NULL;
	if (!peer->feeds[ledger]) {
		must(asprintf(&path, "%s/journal-%u",
			     worker_config(relay->worker)->data_dir,
			     ledger) >= 0);
		peer->feeds[ledger] = feed_new(path);
		free(path);
	}
	return peer->feeds[ledger];
}

static enum piece_state
read_journal(struct relay *relay, unsigned host, const struct wire_pull *pull,
	struct piece *piece)
{
	struct feed *feed =
		pull->ledger < LEDGERS_MAX
			? feed_for(relay, host, (unsigned)pull->ledger)
			: NULL;
	const struct point from = { pull->from_position, pull->from_index };
	enum piece_state state;
	uint64_t end;

	if (!feed || !relay_journal_end(relay, (unsigned)pull->ledger, &end))
		return PIECE_BAD;
	state = feed_read(feed, from, end,
		(size_t)MIN_OF(pull->bytes, (uint64_t)ANSWER_BYTES), piece);
	if (state == PIECE_GONE)
		piece->clock = shelf_clock(peers_of_host(relay, host),
			(unsigned)pull->ledger, from, piece->first);
	return state;
}

static enum piece_state
read_archive(struct relay *relay, unsigned host, const struct wire_pull *pull,
	struct piece *piece)
{
	struct peer *peer = peers_of_host(relay, host);

	if (!peer || pull->ledger >= relay->ledgers ||
		pull->ledgers_there == 0 || pull->ledgers_there > LEDGERS_MAX)
		return PIECE_BAD;
	return shelf_read(peer, pull, piece);
}

static bool
answer_pull(struct relay *relay, const struct wire_frame *question,
	struct buffer *answer)
{
	struct unpack in = unpack_of(question->body);
	struct piece piece = { 0 };
	enum piece_state state;
	struct wire_pull pull;

	if (!wire_pull_unpack(&in, &pull))
		return false;
	if (pull.what == WIRE_PULL_LIVE)
		state = window_read(relay->window, pull.from_position,
			(size_t)MIN_OF(pull.bytes, (uint64_t)ANSWER_BYTES),
			&piece);
	else if (pull.what == WIRE_PULL_ARCHIVE)
		state = read_archive(relay, question->host, &pull, &piece);
	else
		state = read_journal(relay, question->host, &pull, &piece);
	pack_piece(answer, &pull, state, &piece);
	return true;
}

static bool
answer_snapshot(struct relay *relay, const struct wire_frame *question,
	struct buffer *answer)
{
	struct unpack in = unpack_of(question->body);
	struct wire_snapshot snapshot = { 0 };
	struct wire_snapshot_wanted wanted;

	if (!wire_snapshot_wanted_unpack(&in, &wanted))
		return false;
	buffer_clear(&relay->page, KEEP_BYTES);
	snapshot.number = window_head(relay->window);
	snapshot.next = WIRE_SNAPSHOT_LATER;
	if (roster_is_whole(relay->roster))
		snapshot.next = roster_page(
			relay->roster, wanted.after, PAGE_BYTES, &relay->page);
	snapshot.items = buffer_text(&relay->page);
	wire_snapshot_pack(answer, &snapshot);
	return true;
}

/* Who is not known yet is told nothing, but that at once: without an answer it
 * would wait, and ask nothing else. */
static bool
answer_pull_later(struct relay *relay, const struct wire_frame *question,
	struct buffer *answer)
{
	struct unpack in = unpack_of(question->body);
	const struct piece none = { 0 };
	struct wire_pull pull;

	(void)relay;
	if (!wire_pull_unpack(&in, &pull))
		return false;
	pack_piece(answer, &pull, PIECE_BAD, &none);
	return true;
}

static bool
answer_snapshot_later(struct relay *relay, const struct wire_frame *question,
	struct buffer *answer)
{
	const struct wire_snapshot later = { .next = WIRE_SNAPSHOT_LATER };

	(void)relay;
	(void)question;
	wire_snapshot_pack(answer, &later);
	return true;
}

static const struct {
	enum wire_kind question, answer;
	answer_function *function, *later;
} kinds[] = {
	{ WIRE_HELLO, WIRE_HELLOED, answer_hello, answer_hello },
	{ WIRE_PULL, WIRE_PULLED, answer_pull, answer_pull_later },
	{ WIRE_SNAPSHOT_WANTED, WIRE_SNAPSHOT, answer_snapshot,
		answer_snapshot_later },
};

static bool
answer_kind(struct relay *relay, const struct wire_frame *question,
	bool is_known, struct buffer *answer)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		answer_function *function =
			is_known ? kinds[i].function : kinds[i].later;

		if (kinds[i].question != question->kind)
			continue;
		wire_begin(answer);
		if (!function(relay, question, answer))
			return false;
		wire_seal(relay->wire, kinds[i].answer, question->host,
			question->count, answer);
		return true;
	}
	return false;
}

static void
count(struct relay *relay, unsigned host, size_t in, size_t out)
{
	struct peer *peer = peers_of_host(relay, host);

	row_count(relay->row, COUNTER_BUS_BYTES_IN, (int64_t)in);
	row_count(relay->row, COUNTER_BUS_BYTES_OUT, (int64_t)out);
	if (!peer)
		return;
	peer->link.bytes_in += in;
	peer->link.bytes_out += out;
}

/* Who asks and is not believed yet has another life than we know: it is asked
 * in turn who it is. */
static void
refuse(struct relay *relay, enum wire_fault fault,
	const struct wire_frame *question)
{
	struct peer *peer;

	if (fault == WIRE_OWN_FRAME || fault == WIRE_OLD_COUNT)
		return;
	if (fault != WIRE_UNKNOWN_EPOCH) {
		row_count(relay->row, COUNTER_BUS_REFUSED, 1);
		return;
	}
	peer = peers_of_host(relay, question->host);
	if (peer)
		asking_doubt(peer);
}

bool
answering_answer(void *self, struct text bytes, struct buffer *answer)
{
	struct relay *relay = self;
	struct wire_frame question;
	enum wire_fault fault =
		wire_open_request(relay->wire, bytes, &question);

	if (fault != WIRE_GOOD) {
		refuse(relay, fault, &question);
		if (fault != WIRE_UNKNOWN_EPOCH &&
			(fault != WIRE_OWN_FRAME ||
				question.kind != WIRE_HELLO))
			return false;
	}
	if (!answer_kind(relay, &question, fault != WIRE_UNKNOWN_EPOCH, answer))
		return false;
	count(relay, question.host, bytes.length, answer->length);
	return true;
}
