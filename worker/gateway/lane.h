/*
 * A lane: one WebSocket after its handshake. Embedded in its owner, the
 * session, which hears of whole text messages and of the end through
 * lane_hooks. Lanes live in the one `lanes` of the process, which polls them
 * and writes what waits at the end of each turn of the loop.
 *
 * Nothing that sends calls back into the owner: a lane that turns out broken or
 * too slow is noted, and ends when the turn is settled. So a room may send to
 * its members while it walks over them.
 *
 * A lane is blocked, and its input is left in the socket, while its owner holds
 * it or while more than half of outbox_bytes waits for its client.
 */
#ifndef WORKER_GATEWAY_LANE_H
#define WORKER_GATEWAY_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/buffer.h"
#include "shared/text.h"
#include "shared/wheel.h"
#include "worker/gateway/frame.h"
#include "worker/gateway/outbox.h"

struct config;
struct lanes;
struct row;
struct stash;
struct tls;

enum lane_state {
	LANE_OPEN,
	LANE_CLOSING, /* our close frame is queued; the rest is manners */
	LANE_DEAD,    /* the socket is closed; freed when the turn is settled */
};

/* Why the server ends a connection; which code that is, the profile says. */
enum close_why {
	CLOSE_WHY_STOP,
	CLOSE_WHY_DRAIN,
	CLOSE_WHY_NOISE, /* nothing sensible comes from the client */
	CLOSE_WHY_SILENT,
	CLOSE_WHY_IDLE,
	CLOSE_WHY_SLOW,
	CLOSE_WHY_KICKED,
	CLOSE_WHY_REPLACED, /* by another login */
	CLOSE_WHY_TOO_MANY, /* connections */
	CLOSE_WHY_COUNT
};

/* What a fan-out touches comes first, in one cache line. */
struct lane {
	int fd;
	uint8_t state; /* enum lane_state */
	bool is_dirty;
	bool is_full;   /* the socket takes no more until it says so */
	bool is_behind; /* it was full, and since then something waits */
	bool is_broken;
	bool is_slow;
	bool is_held;     /* by its owner */
	bool is_pinged;   /* and nothing came since */
	bool is_shut;     /* for writing */
	bool is_leaving;  /* in a drain; the timer closes it */
	bool is_left;     /* the client has said that it goes */
	uint8_t interest; /* what epoll watches for */
	struct outbox outbox;
	struct lanes *lanes;
	struct lane *next_dirty;
	struct tls *tls;     /* NULL: the socket is spoken to as it is */
	struct stash *stash; /* came in before the lane was blocked */
	struct frame_reader reader;
	uint64_t heard_ms;     /* when anything came */
	uint64_t commanded_ms; /* when a command came */
	struct wheel_timer timer;
	struct lane *next, *previous;
};

/* How a lane is spoken on, which its owner's protocol says. */
struct lane_style {
	size_t message_bytes_max;
	uint64_t ping_ms; /* silent so long: pinged; 0: never */
	uint64_t idle_ms; /* without a command so long: it ends; 0: never */
	bool pings_zero;  /* the ping carries one byte 0 */
	bool needs_no_pong;
	bool takes_binary;   /* as if it were text */
	bool takes_any_text; /* also what is not UTF-8 */

	/* A command is what the owner calls one, by lane_beat(); and who is
	 * idle is dropped without a word. */
	bool beats;
};

/* What the owner of a lane hears. */
struct lane_hooks {
	/* A text message; borrowed. */
	void (*on_text)(struct lane *lane, struct text text);

	/* No more texts come and nothing more is sent. Once. code: of our close
	 * or of theirs; 0: none was told. */
	void (*on_end)(struct lane *lane, uint16_t code, const char *why);

	/* The socket is gone and nobody refers to the lane: free it. */
	void (*on_dead)(struct lane *lane);

	/* Something waits for a client whose socket is full, or so many frames
	 * were left out; only to be noted. */
	void (*on_behind)(struct lane *lane, uint64_t dropped);

	/* Asked often: nothing of it is kept. */
	struct lane_style (*style)(const struct lane *lane);

	/* The close code for a reason; 0: no close frame is sent. */
	uint16_t (*close_code)(const struct lane *lane, enum close_why why);
};

/* What all lanes of the process share; made by lanes.c. */
struct lanes {
	const struct config *config;
	const struct lane_hooks *hooks;
	struct row *row; /* of this process, for the counters */
	struct wheel *wheel;
	struct event *event;
	bool is_resting;
	int epoll;
	size_t count; /* that have a socket */
	struct lane *all;
	struct lane *dirty;
	struct lane **dirty_end;
	uint64_t now_ms;
	struct buffer scratch; /* control frames and replies are built here */
	uint8_t *input;
};

/* The most bytes that one lane may read in one turn. */
#define LANE_READ_BYTES 16384

/* A new connection; takes the socket, and TLS where that is spoken on it. The
 * lane is zeroed. */
void lane_start(
	struct lane *lane, struct lanes *lanes, int fd, struct tls *tls);

/* Bytes that were read before the lane began. */
void lane_feed(struct lane *lane, struct text early);

/* Queues one text frame; written when the turn is settled. */
void lane_answer(struct lane *lane, struct text payload);

/* Sends what is pushed, at once where nothing waits before it. */
void lane_push_room(struct lane *lane, const struct push *push);

/* The same for what is nobody's room and must not be left out: the bundle from
 * byte `from` on. */
void lane_push(struct lane *lane, struct bundle *bundle, size_t from);

/* The same, but written when the turn is settled, with all else that comes for
 * this client until then. */
void lane_push_later(struct lane *lane, struct bundle *bundle);

/* Bytes that wait for its client. */
size_t lane_waiting(const struct lane *lane);

/* Pings now, besides what its style says. */
void lane_ping(struct lane *lane);

/* A command has come, of a lane that beats. */
void lane_beat(struct lane *lane);

/* Stops and starts the reading of input. */
void lane_hold(struct lane *lane);
void lane_go_on(struct lane *lane);

/* The closing handshake: a close frame behind all that waits, then the end of
 * our direction, then up to five seconds for the end of theirs. The owner hears
 * of the end before this returns. Does nothing when it has begun before. */
void lane_close_why(struct lane *lane, enum close_why why, const char *reason);

/* Closes so much later, because of a drain. */
void lane_leave(struct lane *lane, uint64_t after_ms);

/* At once and without manners. */
void lane_drop(struct lane *lane);

/* For lanes.c. */
void lane_renew(struct lane *lane);
void lane_on_event(struct lane *lane, uint32_t events);
void lane_on_timer(struct lane *lane);
void lane_settle(struct lane *lane);

#endif
