/*
 * What the files of the gate share: gate.c reads requests and keeps the time,
 * gate_approach.c has what comes before the first of them.
 */
#ifndef WORKER_API_GATE_INSIDE_H
#define WORKER_API_GATE_INSIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/buffer.h"
#include "shared/scoreboard.h"
#include "shared/table.h"
#include "worker/api/approach.h"
#include "worker/api/intake.h"

struct bufferevent;
struct event;
struct gates;

enum gate_state {
	GATE_READS,   /* a request comes, or none yet */
	GATE_WAITS,   /* evhttp has one */
	GATE_LINGERS, /* the last reply was sent, or is being sent */
	GATE_DROPS,   /* nothing more is heard */
};

struct gate {
	struct gates *gates;
	struct gate *prev, *next;
	struct bufferevent *bufferevent;
	struct intake intake;
	struct buffer early; /* came behind the request */
	enum gate_state state;
	bool is_busy; /* we change the input ourselves */
	struct approach approach;
	struct event *arrival; /* to come; NULL: it has */
	struct buffer raw;     /* from the socket, before TLS has it */
	bool has_continued;    /* 100 was sent for this one */
	size_t held;           /* of the gates' held_bytes */
	uint64_t since_ms;     /* of the request, or of lingering; 0: not yet */
	/* evhttp's, while it lingers. */
	void (*on_written)(struct bufferevent *bufferevent, void *self);
	void (*on_event)(
		struct bufferevent *bufferevent, short what, void *self);
	void *evhttp;
	UT_hash_handle hh;
};

/* Counted in the row of the process, if there is one. */
void gate_count(const struct gate *gate, enum counter counter);

/* evhttp ends the connection. */
void gate_drop(struct gate *gate);

/* Refuses what has come so far, or will not; evhttp sees it when it looks, or
 * is told to look. */
void gate_refuse(struct gate *gate, int status, const char *why);
void gate_wake_evhttp(struct gate *gate);

/* Has evhttp closed the connection? */
bool gate_is_let_go(const struct gate *gate);

/* Frees those of connections that evhttp has closed, if that does not take too
 * much of our time. */
void gates_forget_gone(struct gates *gates);

/* gate_approach.c: of one that was just opened. */
void gate_expect_arrival(struct gate *gate);

/* The line of a proxy, if the bytes begin with all of it: true, and it is gone
 * from them. */
bool gate_take_line(struct gate *gate, struct buffer *bytes);

/* TLS has shaken hands. */
void gate_note_shake(struct gate *gate);

#endif
