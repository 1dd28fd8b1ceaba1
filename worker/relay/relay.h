/*
 * The relay as a process: what its files share. relay.c is the role, peers.c
 * knows who the other hosts are and how they fare, asking.c asks them,
 * answering.c answers them, taking.c takes what they say on the bus, outlet.c
 * says what is new here, telling.c what is here of others, and reports.c writes
 * all of it into the arena.
 */
#ifndef WORKER_RELAY_RELAY_H
#define WORKER_RELAY_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/buffer.h"
#include "shared/config.h"
#include "shared/links.h"
#include "shared/scoreboard.h"
#include "worker/relay/bus.h"
#include "worker/relay/hauler.h"
#include "worker/relay/piece.h"
#include "worker/relay/point.h"
#include "worker/relay/repair.h"
#include "worker/relay/stock.h"
#include "worker/relay/wire.h"

struct arena;
struct haul_place;
struct letter;
struct bus;
struct bus_peer;
struct event;
struct feed;
struct roster;
struct relay;
struct window;
struct worker;

#define PIPES_MAX BUS_PIPES_MAX
#define NO_SLOT UINT32_MAX

/* Each beat tells that we live and how far we are. */
#define BEAT_MS 150
#define SUSPECT_MS 1500
#define DOWN_MS 3000

/* What a host can cause as often as it likes is logged at most so often. */
#define LOG_AGAIN_MS 10000

/* A page of sessions is far smaller than this. */
#define PAGE_BYTES_MAX (1024 * 1024)

/* Of an answer to a pull, and of items of one frame. */
#define ANSWER_BYTES (512 * 1024)
#define FRAME_ITEMS_BYTES (60 * 1024)

/* A question that was asked; one is open at a time. */
struct question {
	bool is_open;
	enum wire_kind kind;
	uint64_t count; /* of its frame */
	uint64_t nonce, asked_us;
	enum wire_pull_what what;
	unsigned ledger;
	struct point from;
	uint64_t epoch; /* of the stream that was asked for; of a page, which
			   snapshot it is for */
};

/* The list of sessions of a host. */
enum snapshot {
	SNAPSHOT_NONE,
	SNAPSHOT_DUE, /* begins with the next beat */
	SNAPSHOT_PAGES,
	SNAPSHOT_DONE,
};

/* A page of our archive for another host, until that asks for another one. */
struct shelf {
	struct wire_pull asked;
	uint64_t request; /* 0: the historian is not asked */
	uint64_t asked_ms;
	bool has_page, is_end;
	uint64_t to;
	struct buffer items;
};

/* What a ledger of this host lacks of another one's journal. */
struct refill_hole {
	unsigned ledger;
	unsigned number; /* of the source */
	uint64_t epoch;
	struct point at;
	uint64_t clock, archived;
};

struct refill {
	struct refill_hole *holes;
	size_t count;
	struct refill_hole asked; /* the page that was asked for last */
	bool is_out; /* it has gone to the ledger, or before to our historian */
	uint64_t placing; /* the request that it was; 0: it is not there */
	struct point placing_to; /* up to there */
	uint64_t out_ms;
	uint64_t pause_ms, again_ms;
	uint64_t log_large_ms; /* again from then on */
	struct buffer items, smaller, letter;
};

/* Another host, by its line in the configuration. */
struct peer {
	struct relay *relay;
	struct bus_peer *bus;
	unsigned place; /* in links */
	struct link_report link;
	struct link_report told; /* as it stands in the arena */
	bool rests;              /* the other side's pipe is the one */
	uint64_t distrust;       /* that counted, of bus_peer_distrust() */
	uint64_t distrusted_ms;  /* since then it was not met; 0: trusted */

	/* Who it is; host 0: not known. */
	unsigned host;
	uint64_t epoch; /* of its relay's life */
	uint64_t store; /* of its journals */
	bool is_greeted;
	uint64_t since_ms; /* of its state, by clock_ms() */
	uint64_t heard_ms; /* on the bus */
	uint64_t refused_ms;
	uint64_t greet_ms;   /* when to greet next, */
	uint64_t greeted_ms; /* and when it was last tried */

	struct question open;
	uint32_t journals_wanted; /* by ledger, one bit each */
	struct point wanted_from[LEDGERS_MAX];
	unsigned last_ledger; /* that was asked for */
	bool live_is_wanted;
	uint64_t live_from;
	enum snapshot snapshot;
	uint64_t page_after;                    /* of the next page */
	uint64_t snapshots;                     /* begun so far */
	uint64_t log_holes_ms, log_refusals_ms; /* again from then on */
	uint64_t extents_ms; /* when the ledgers were told what it has */

	unsigned ledgers;
	struct hauler *haulers[LEDGERS_MAX];
	struct repair *live;
	bool live_is_open;

	/* What of its journals comes from its archive. */
	struct refill refill;

	/* For its pulls. */
	struct feed *feeds[LEDGERS_MAX];
	struct shelf shelf;
};

/* A connection for frames. */
struct pipe {
	uint32_t id;
	struct peer *dialed; /* NULL: by the other side */
	unsigned host;       /* who speaks there; 0: nobody yet */
};

/* A host that speaks to us, knows the secret, and is none of our peers. */
struct stranger {
	unsigned host;
	uint64_t first_ms, last_ms, frames;
	struct link_report told;
	char address[LINK_ADDRESS_BYTES];
};

#define STRANGERS_MAX (LINKS_MAX - RELAY_PEERS_MAX)

/* What goes to all hosts. */
struct outlet {
	struct feed *feeds[LEDGERS_MAX];
	bool is_known[LEDGERS_MAX];
	struct point read_to[LEDGERS_MAX], sent_to[LEDGERS_MAX];
	struct buffer frame;
	struct buffer said; /* live items of the next frame */
	int alarm; /* a timerfd: timers of the loop are late by up to 4 ms */
	struct event *on_alarm;
	bool is_set;   /* it will fire */
	bool is_paced; /* until it fires */
	uint64_t beaten_ms, moved_ms, extents_ms;
};

struct relay {
	struct worker *worker;
	struct config *made_with; /* as it was when this life began */
	struct arena *arena;
	struct row *row;
	struct links *links;
	unsigned host;
	uint64_t epoch;
	unsigned ledgers, first_ledger;
	struct wire *wire;
	struct bus *bus;
	struct roster *roster;
	struct window *window;
	struct hauler_office office;
	struct repair_hooks live_hooks;
	struct link_report *before; /* what the life before us has told */
	struct peer *peers[RELAY_PEERS_MAX];
	unsigned peer_count;
	struct pipe pipes[PIPES_MAX];
	unsigned pipe_count;
	struct stranger strangers[STRANGERS_MAX];
	struct outlet out;
	struct stock stock;
	struct buffer question; /* the one being written */
	struct buffer scratch, page, told;
	struct event *end;                 /* of this life */
	uint32_t ledgers_to_ask;           /* for their places, one bit each */
	uint64_t told_repairs, told_holes; /* in the scoreboard */
	struct bus_figures told_bus;
	uint64_t archive_requests; /* so far */
	unsigned titled;
	bool has_opened, has_settled, is_stopping;
	uint64_t end_by_ms; /* when it is stopping */
};

/* relay.c: the end of a journal of ours; false: it is not known yet. */
bool relay_journal_end(
	const struct relay *relay, unsigned ledger, uint64_t *end);

/* The store id of this host; 0: not known yet. */
uint64_t relay_store(const struct relay *relay);

/* peers.c */
void peers_set(struct relay *relay); /* as the configuration has them now */
void peers_tick(struct relay *relay, uint64_t now_ms);
void peers_fini(struct relay *relay);
struct peer *peers_of_host(const struct relay *relay, unsigned host);
struct hauler *peers_hauler(
	const struct relay *relay, unsigned host, unsigned ledger);
void peers_become(
	struct peer *peer, enum link_state state, enum link_reason reason);

/* Something came from there that is not believed. */
void peers_refuse(struct peer *peer, enum wire_fault fault);

/* A frame of it was heard on the bus. */
void peers_heard(struct peer *peer, uint64_t now_ms);

/* It has said who it is. */
void peers_meet(struct peer *peer, const struct wire_frame *frame,
	const struct wire_helloed *helloed);
void peers_say_bye(struct peer *peer);
unsigned peers_up(const struct relay *relay);

/* asking.c: asks the next question, if none is open and there is one. */
void asking_go_on(struct peer *peer);
void asking_take(void *self, struct bus_peer *bus, const struct text *bytes);

/* Asks who it is, soon; and when another life of it has been heard. */
void asking_greet(struct peer *peer);
void asking_doubt(struct peer *peer);
void asking_forget(struct peer *peer);

/* answering.c */
bool answering_answer(void *self, struct text bytes, struct buffer *answer);

/* taking.c */
bool taking_frame(void *self, uint32_t pipe, struct text bytes);
void taking_pipe(
	void *self, uint32_t pipe, struct bus_peer *dialed, bool is_up);
void taking_close_pipes(struct relay *relay, unsigned host);

/* inflow.c: the live stream of a host, and all its journals. */
void inflow_make(struct peer *peer, unsigned ledgers);
void inflow_free(struct peer *peer);
void inflow_meet(struct peer *peer, bool is_same_life);
void inflow_beat(struct peer *peer, const struct wire_beat *beat);
void inflow_live(struct peer *peer, struct text body, uint64_t number);
void inflow_live_answer(
	struct peer *peer, enum piece_state state, const struct piece *piece);

/* So much waits outside full rings that no more is asked for. */
bool inflow_is_crowded(const struct relay *relay);

/* Each turn. true: something is missing, so look again soon. */
bool inflow_turn(struct relay *relay, uint64_t now_ms);
void inflow_init(struct relay *relay);

/*
 * shelf.c: pages of this host's archive for other hosts that ask for what its
 * journals have not got any more. The historian is asked when a host asks
 * first, which is told to ask again later.
 */
void shelf_fini(struct shelf *shelf);

/* What lies there for the pull; PIECE_BAD: not yet. Without an archive there is
 * nothing, which is the end. */
enum piece_state shelf_read(
	struct peer *peer, const struct wire_pull *pull, struct piece *piece);

/* A page of the historian. false: it is none. */
bool shelf_take(struct relay *relay, const struct letter *letter);

/* The slot of our historian; NO_SLOT: there is none. */
unsigned shelf_historian(const struct relay *relay);

/* Up to which id_time all that this ledger has said can be had from the
 * archive, so that the rest is in its journal behind the first point that there
 * is; 0: no archive. from: what was asked for and is gone. */
uint64_t shelf_clock(struct peer *peer, unsigned ledger, struct point from,
	struct point first);

/*
 * refill.c: brings what of a host's journals is lost to this one from the
 * archive there. The ledgers of this host know what they lack and how far they
 * have it: each hole is a source of its own, told by HAUL_AT, see haul_place of
 * records.def. One hole of a host is worked at, with one page on its way, so
 * that all else of that host comes first. What was noted of messages
 * names them by their ids: our historian says where those stand here.
 */
void refill_fini(struct refill *refill);
void refill_at(
	struct peer *peer, unsigned ledger, const struct haul_place *place);

/* The ledger has another life; it will tell anew. */
void refill_doubt(struct peer *peer, unsigned ledger);

/* Is there something to be asked for now? Then what; the answer comes to
 * refill_answer(). */
bool refill_wants(const struct peer *peer);
void refill_pull(struct peer *peer, struct wire_pull *pull);
void refill_answer(
	struct peer *peer, enum piece_state state, const struct piece *piece);

/* A page comes back from our historian. false: it is none. */
bool refill_take(struct relay *relay, const struct letter *letter);

/* Each turn. true: something is lacking, so call again soon. */
bool refill_turn(struct peer *peer, uint64_t now_ms);

/* telling.c: how far this host has all journals, its own among them, as a beat
 * tells it; borrowed until the next call. And the clock of it, read behind. */
struct text telling_extents(struct relay *relay);
uint64_t telling_clock(const struct relay *relay);

/* What a beat of a host has told of it goes to our ledgers. */
void telling_pass_on(struct peer *peer, const struct wire_beat *beat);

/* outlet.c */
void outlet_init(struct relay *relay);
void outlet_fini(struct relay *relay);
void outlet_say(void *self, struct text item); /* live, to all */
void outlet_turn(struct relay *relay, uint64_t now_ms);
void outlet_wake(struct relay *relay, unsigned ms); /* a turn by then */
bool outlet_has_news(const struct relay *relay);

/* All that is left, and goodbye if the host ends. */
void outlet_finish(struct relay *relay, bool is_bye);

/* reports.c */
void reports_write(struct relay *relay, uint64_t now_ms);

#endif
