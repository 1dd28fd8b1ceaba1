/*
 * The ledger: gives every remembered message its place in its stream, writes
 * it to the journal, and only then sends it on. It also knows the members of
 * rooms and the messages said last. One thread; one turn of the loop is one
 * batch:
 *
 *   on_letter: a message gets its offset and goes into the batch; every letter
 *              is noted as a task (turn_take.c)
 *   on_turn:   the batch is committed, then the tasks are done in the order in
 *              which they came (turn.c, answers.c)
 *
 * So whoever asks sees exactly what is in the journal: while tasks are done,
 * stream->top is the offset of the last message before them, and when a batch
 * fails, top simply does not move.
 */
#ifndef WORKER_LEDGER_LEDGER_H
#define WORKER_LEDGER_LEDGER_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/buffer.h"
#include "shared/journal.h"
#include "shared/letter.h"
#include "shared/stream.h"
#include "worker/ledger/accords.h"
#include "worker/ledger/hosts.h"
#include "worker/ledger/keys.h"
#include "worker/ledger/marks.h"
#include "worker/ledger/members.h"
#include "worker/ledger/recent.h"
#include "worker/ledger/rolls.h"
#include "worker/ledger/streams.h"

struct ban_order;
struct hauled;
struct system_order;
struct bans_writer;
struct checkpoint_parts;
struct checkpoint_writer;
struct links;
struct roll_line;
struct worker;

#define NO_SLOT UINT32_MAX

/* The memory of recent messages, of all streams. */
#define RECENT_BYTES_MAX (32ULL * 1024 * 1024)

/* With this much waiting for a gateway, nothing is added that could be asked
 * for again: says to its rooms are refused, and requests with long answers. */
#define LEDGER_WAITING_MAX (4u << 20)

/* What is to become of a message or a mark; for other letters it means nothing.
 */
enum task_fate {
	FATE_PUBLISH,  /* it is in the batch */
	FATE_TOO_BIG,  /* for the letters that would have to carry it */
	FATE_TOO_MUCH, /* who should get it cannot follow */
	FATE_DECIDED,  /* an earlier life had read it last */
	FATE_REPEAT,   /* said before; answered like the first one; a mark, a
			  trim: it does not move; an enrolment: it is done */
	FATE_CONFLICT, /* its key was used for another target */
	FATE_TOO_FAST, /* for the rate of its room */
	FATE_BEYOND,   /* a mark, a trim: there is no such offset; a HAUL: it
			  does not begin where its source stands */
	FATE_FULL,     /* an enrolment, a source: there are too many */
};

/* A letter of this turn and, for a message, what became of it so far. */
struct task {
	const struct letter *letter; /* borrowed until the turn ends */
	size_t packed; /* where its letter for gateways lies in turn.packed; of
			  a HAUL, where its records begin in turn.hauled */
	size_t hauled; /* of a HAUL: so many records */
	enum task_fate fate;
	bool has_places;     /* of FATE_PUBLISH, and in the batch */
	bool first_is_fresh; /* of this turn too, so not in the journal yet */
	struct said first;   /* what FATE_REPEAT is answered with */
	uint64_t retry_ms;   /* of FATE_TOO_FAST */
};

struct turn {
	struct task *tasks;
	size_t count, room;
	struct buffer packed;
	struct buffer others; /* of the message that gets its places */

	/* Letters that came as one, each alone. */
	struct buffer *singles;
	size_t single_count, single_room;
	size_t note_count;  /* in the batch, no messages */
	size_t enrol_count; /* of these; users who are enrolled */

	/* Bans that are given or lifted. */
	struct ban_order *bans;
	size_t ban_count;
	struct buffer ban_bytes;
	uint64_t last_ban_ms; /* of the last one ever: they have an order */
	/* What came from other hosts; turn_haul_item.h. */
	struct hauled *hauled;
	size_t hauled_count, hauled_room;
	/* Systems that register. */
	struct system_order *systems;
	size_t system_count;
	bool is_idle; /* no letter has come */
};

/* How a new ledger learns who is in its rooms: it asks every gateway that
 * serves; until all have answered or died, questions about members wait. */
struct settling {
	uint32_t *awaited;  /* by gateway, behind them of the relay: the life
			       that is asked; 0: none is */
	unsigned left;      /* of these, those that have not answered */
	struct buffer held; /* letters that wait, each at a multiple of 8 */

	/* The last life of the relay that is dead, and when it died, as long as
	 * its members are kept for the next one to tell of. */
	uint32_t gone_life;
	uint64_t gone_ms;
	bool is_gone;
};

/* How far everything committed has been sent on to an edge: to a gateway what
 * its clients get, and to each the answers to what it asked. Under load
 * something always waits outside its full ring; so a mark is set, and reached
 * when what waited then is in the ring, where the position is noted. */
struct delivery {
	uint64_t position; /* of the journal at the mark */
	uint64_t delayed;  /* worker_delayed() at the mark */
};

enum restating_part {
	RESTATING_BANS,
	RESTATING_LIFTED,
	RESTATING_SYSTEMS,
	RESTATING_ROLLS,
	RESTATING_PARTS
};

/* Behind what was said last. */
struct restating_place {
	enum restating_part part;
	uint64_t number; /* of its place */
	const struct roll_line *line;
};

/* What is being said once more in the journal; restating.c. */
struct restating {
	bool is_on;
	bool is_out;   /* something of it is in the batch */
	uint64_t from; /* from there on the journal has all; UINT64_MAX: no */
	uint64_t begun, ended; /* positions; of the last one */
	uint64_t bytes;
	struct restating_place held, ahead; /* as of the journal, the batch */
};

struct ledger {
	struct worker *worker;
	const struct config *config;
	struct arena *arena;
	struct row *row;
	unsigned number; /* which ledger, from 0 */
	unsigned slots;
	unsigned first_gateway, gateways;
	unsigned edges;     /* the gateways, and the apis behind them */
	unsigned historian; /* its slot, or NO_SLOT */
	unsigned relay;     /* the same */
	const struct links *links;
	unsigned first_api; /* the same */
	size_t letter_max;  /* the largest that every ring takes */
	char directory[PATH_MAX];

	struct journal *journal;
	struct checkpoint_writer *checkpoints;
	uint64_t segment; /* of the journal, at the last checkpoint */
	struct streams streams;
	struct recent recent;
	struct keys keys;
	struct marks marks;
	struct bans_writer *bans; /* of ledger 0; else NULL */
	struct rolls rolls;       /* of ledger 0; else empty */
	struct hosts hosts;       /* how far we have what they said */
	struct restating restating;
	struct accords accords; /* and what they had of ours, and when */
	struct members *members;
	struct members *attendance; /* of inboxes: who is logged in; events.c */
	uint64_t epoch;             /* of all streams: the store id */
	uint64_t origin;            /* of the ids of messages */
	uint64_t id_time;           /* the last one given out */

	/* By slot: what becomes of messages in letters that end up to here in
	 * its ring was decided by an earlier life of this ledger. */
	uint64_t *taken;

	struct turn turn;
	struct settling settling;
	struct delivery *deliveries; /* by edge, gateways first */
	struct buffer letter;        /* the one being written */
	struct buffer list;          /* of messages, members or rooms */

	size_t titled;      /* streams that the title tells of */
	uint64_t forgot_ms; /* when old segments were looked for last */
	bool is_draining, is_stopping;
	uint64_t stop_ms; /* when it was asked to */
};

/* turn_take.c takes a letter in; turn.c then commits the batch and does all
 * tasks. */
void turn_take(struct ledger *ledger, const struct letter *letter);
void turn_finish(struct ledger *ledger);
void turn_fini(struct turn *turn);

/* Puts what is no message into the batch; its texts may lie in ledger->letter,
 * not in ledger->list. Returns its bytes. */
size_t turn_note(struct ledger *ledger, const struct message *message);

/* For messages of whatever origin: gives offsets in all streams that they stand
 * in; packs one into turn.packed, at *at, and into the batch, false: it is too
 * large for the letters that would have to carry it; makes one that is in the
 * journal count, and sends it on; takes back the places of one that is not,
 * when all else of the turn is done: until then they keep their streams from
 * being forgotten. */
void turn_give_offsets(struct ledger *ledger, struct message *message);
bool turn_stage(struct ledger *ledger, const struct message *message,
	uint32_t begun_us, size_t *at);
void turn_publish(struct ledger *ledger, size_t packed);
void turn_take_back(struct ledger *ledger, const struct letter *letter);

/* Sends on, once more, a message of the batch that ends there, to those whom an
 * earlier life may not have sent it. */
void turn_redeliver(struct ledger *ledger, const struct message *message,
	struct text record, uint64_t end);

/* turn_mark.c: the same for READ; result is that of the batch. And a mark of a
 * batch that ends there is told once more. */
void turn_mark_take(struct ledger *ledger, struct task *task);
void turn_mark_finish(struct ledger *ledger, const struct task *task,
	enum journal_result result);
void turn_mark_again(
	struct ledger *ledger, const struct message *message, uint64_t end);

/* turn_ban.c: the same for BAN, and for what an operator orders. At a start,
 * when the journal is read: from now on everybody reads these bans. */
void turn_ban_take(struct ledger *ledger, const struct letter *letter);
void turn_ban_wish(struct ledger *ledger, struct text wish);
void turn_ban_finish(struct ledger *ledger, enum journal_result result);
void turn_ban_begin(struct ledger *ledger);

/* turn_system.c: the same for REGISTER. */
void turn_system_take(struct ledger *ledger, const struct letter *letter);
void turn_system_finish(struct ledger *ledger, enum journal_result result);

/* One of another host, in the journal by now. */
void turn_ban_hauled(struct ledger *ledger, struct text packed);

/* turn_haul.c: the same for HAUL and HAUL_SET: before the tasks are done it is
 * settled up to where sources are here. The answer to HAULS_WANTED; and that
 * something of another host is lost is told once more. */
void turn_haul_take(struct ledger *ledger, struct task *task);
void turn_haul_set_take(struct ledger *ledger, struct task *task);
void turn_haul_begin(struct ledger *ledger, enum journal_result result);
void turn_haul_finish(struct ledger *ledger, const struct task *task,
	enum journal_result result);
void turn_haul_set_finish(struct ledger *ledger, const struct task *task,
	enum journal_result result);
void turn_haul_end(struct ledger *ledger, enum journal_result result);
void turn_haul_tell(struct ledger *ledger, const struct letter *letter);
void turn_haul_again(struct ledger *ledger, const struct message *message);

/* turn_trim.c: the same for TRIM. */
void turn_trim_take(struct ledger *ledger, struct task *task);
void turn_trim_finish(struct ledger *ledger, const struct task *task,
	enum journal_result result);

/* turn_enrol.c: the same for ENROL; and the answer to ROLL_WANTED. */
void turn_enrol_take(struct ledger *ledger, struct task *task);
void turn_enrol_finish(struct ledger *ledger, const struct task *task,
	enum journal_result result);
void turn_enrol_tell(struct ledger *ledger, const struct letter *letter);

/* answers*.c: the tasks that are not messages. A letter that cannot be read is
 * logged, counted and passed over. */
void answers_letter(struct ledger *ledger, const struct letter *letter);
void answers_bad_letter(struct ledger *ledger, const struct letter *letter);
void answers_refuse(struct ledger *ledger, struct teller to, uint64_t request,
	uint64_t connection, unsigned code, const char *error);
void answers_refuse_with(
	struct ledger *ledger, struct teller to, const struct refused *refused);
void answers_members_event(const struct members_event *event, void *ledger);

/* Sends ledger->letter to a process, if it still lives. */
void answers_send(struct ledger *ledger, struct teller to);

bool answers_names_fit(struct text tenant, struct text name);

/* opening.c: opens the journal and learns what it and the checkpoint say; -1
 * (logged) when that cannot be. And what a checkpoint is of. */
int opening_store(struct ledger *ledger);
struct checkpoint_parts opening_parts(struct ledger *ledger);

/* delivery.c: notes in the rings to gateways how far all is sent on, and in our
 * row the least of them. Call it when nothing of a turn is left to be sent. */
void delivery_init(struct ledger *ledger);
void delivery_note(struct ledger *ledger);

/* While the journal is read at a start: may a batch that ends there be not yet
 * sent on to this slot? */
bool delivery_is_due(const struct ledger *ledger, unsigned slot, uint64_t end);

/* Has this gateway anybody who should get the message? */
bool delivery_concerns(const struct ledger *ledger, unsigned slot,
	const struct message *message);

/* events.c: tells the first api what webhooks want to hear of rooms and logins:
 * those of members, and those of join and leave when they are of an inbox. What
 * waits for that api holds up nobody else. */
void events_begin(struct ledger *ledger);
void events_end(struct ledger *ledger);
void events_login(
	struct ledger *ledger, const struct join *join, struct teller teller);
void events_logout(
	struct ledger *ledger, const struct leave *leave, struct teller teller);
uint64_t events_waiting(const struct ledger *ledger);

/* The journal before this position was read for webhooks. */
uint64_t events_followed(const struct ledger *ledger);

/* settling.c */
void settling_begin(struct ledger *ledger);
void settling_fini(struct settling *settling);
bool settling_has_begun(const struct ledger *ledger);
bool settling_is_on(const struct ledger *ledger);

/* This life of a gateway, and all before it, has nothing more to announce. */
void settling_heard(struct ledger *ledger, unsigned slot, uint32_t life);

/* Lives up to this one are dead: a gateway has taken its members with it. The
 * relay's are at other hosts, where nothing has happened to them; so they go
 * when its next life has told who is there, or has not in time. */
void settling_lose(struct ledger *ledger, unsigned slot, uint32_t life);

/* Without having been asked, this life of the relay has told all that it has.
 */
void settling_told(struct ledger *ledger, unsigned slot, uint32_t life);

/* Waits no more for those who died before anybody had told us of them. */
void settling_look(struct ledger *ledger);

/* Keeps a letter until everybody has been heard; false when too many wait. */
bool settling_hold(struct ledger *ledger, const struct letter *letter);

/* restating.c: when the journal was read. */
void restating_begin(struct ledger *ledger);

/* Files that end before this position are no longer needed but for this;
 * returns before which they are not needed at all. */
uint64_t restating_keep(struct ledger *ledger, uint64_t position);

/* Each tick; and when the batch is in the journal, or is not. */
void restating_tick(struct ledger *ledger);
void restating_settle(struct ledger *ledger, enum journal_result result);

/* segments.c: looks now and then for files that are kept no longer. */
void segments_forget(struct ledger *ledger, uint64_t now_ms);

#endif
