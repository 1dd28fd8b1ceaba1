/*
 * What relays say to each other, as bytes: frames, which are signed, and their
 * bodies, which are the records of wire.def. Does no I/O.
 *
 *	head	magic, version, kind, cluster, from and to which host, epoch,
 *		count, and the count of the request that is answered
 *	body	a packed record
 *	sum	HMAC-SHA256 of both with the secret of the cluster
 *
 * An epoch is one life of a relay. It is believed only after the host has
 *answered a hello with a new nonce; within it each frame has a greater count
 *than those before it, so nothing that was heard can be played to us again.
 *What comes over the bus, requests and answers overtake each other and are
 *counted apart.
 *
 * Without a secret the sum finds damage and nothing else.
 */
#ifndef WORKER_RELAY_WIRE_H
#define WORKER_RELAY_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/pack.h"
#include "shared/text.h"

struct buffer;
struct wire;

#define WIRE_VERSION 1
#define WIRE_HOST_MAX 1023

/* What a frame has besides its body. */
#define WIRE_HEAD_BYTES 44
#define WIRE_SUM_BYTES 32
#define WIRE_FRAME_BYTES (WIRE_HEAD_BYTES + WIRE_SUM_BYTES)

enum wire_kind {
	WIRE_BEAT = 1, /* on the bus, to all */
	WIRE_JOURNAL,
	WIRE_LIVE,
	WIRE_BYE,
	WIRE_HELLO, /* requests, each with its answer behind it */
	WIRE_HELLOED,
	WIRE_PULL,
	WIRE_PULLED,
	WIRE_SNAPSHOT_WANTED,
	WIRE_SNAPSHOT,
	WIRE_KIND_COUNT,
};

enum wire_pull_what {
	WIRE_PULL_JOURNAL,
	WIRE_PULL_LIVE,
	WIRE_PULL_ARCHIVE,
};

/* As the next page of a snapshot: the list is not complete yet, begin again. */
#define WIRE_SNAPSHOT_LATER UINT64_MAX

enum wire_pull_status {
	WIRE_PULL_SOME,  /* and there is more */
	WIRE_PULL_END,   /* and there is no more */
	WIRE_PULL_GONE,  /* what is wanted is not kept any more */
	WIRE_PULL_LATER, /* it cannot be told at the moment */
};

/* What is wrong with a frame. */
enum wire_fault {
	WIRE_GOOD,
	WIRE_NOT_OURS,      /* no frame at all */
	WIRE_OTHER_VERSION, /* of another protocol */
	WIRE_OTHER_CLUSTER,
	WIRE_BAD_SIGNATURE, /* another secret, or changed on its way */
	WIRE_OWN_FRAME,     /* we hear ourselves */
	WIRE_SAME_HOST,     /* another host has our number */
	WIRE_NOT_FOR_US,    /* for another host */
	WIRE_MISPLACED,     /* a kind that does not come this way */
	WIRE_NOT_ASKED,     /* answers another request */
	WIRE_UNKNOWN_EPOCH, /* a life that has not answered a hello */
	WIRE_OLD_COUNT,     /* has been here before, or was overtaken */
	WIRE_FAULT_COUNT,
};

/* The words of it, for the log and for metrics: "bad signature". */
const char *wire_fault_name(enum wire_fault fault);

/* Who we are. */
struct wire_self {
	struct text cluster; /* its name */
	struct text secret;  /* empty: there is none */
	unsigned host;
	uint64_t epoch; /* drawn at random for this life */
};

/* A frame that was opened. The body is borrowed from its bytes. */
struct wire_frame {
	enum wire_kind kind;
	unsigned host;
	uint64_t epoch;
	uint64_t count;
	struct text body;
};

/* Copies what it is given. */
struct wire *wire_new(const struct wire_self *self);
void wire_free(struct wire **wire);

/* Empties the buffer and leaves room for the head; the caller packs the body
 * behind that, and wire_seal() makes a frame of it. */
void wire_begin(struct buffer *out);

/* to: a host, 0: any. answers: the count of the request, 0: is no answer.
 * Returns the count of the frame, which is never 0. */
uint64_t wire_seal(struct wire *wire, enum wire_kind kind, unsigned to,
	uint64_t answers, struct buffer *out);

/* Opens what came over the bus, as a request, or as the answer to the request
 * with the count `asked`. The frame is filled as far as its bytes go; its host
 * may be believed from WIRE_OWN_FRAME on. */
enum wire_fault wire_open_bus(
	struct wire *wire, struct text bytes, struct wire_frame *frame);
enum wire_fault wire_open_request(
	struct wire *wire, struct text bytes, struct wire_frame *frame);
enum wire_fault wire_open_answer(struct wire *wire, struct text bytes,
	uint64_t asked, struct wire_frame *frame);

/* The nonce that is answered is the one that was sent: from now on the epoch of
 * the frame, a WIRE_HELLOED, is that of its host, and what the host has said
 * before is old. false: it is not, or is no such answer. */
struct wire_helloed;
bool wire_believe(struct wire *wire, const struct wire_frame *frame,
	uint64_t nonce, struct wire_helloed *helloed);

/* Believes nothing of this host any more until it answers a hello. */
void wire_forget(struct wire *wire, unsigned host);

/* The records of wire.def, like those of shared/records.h. */
#define RECORDS "worker/relay/wire.def"
#include "shared/records_declare.def"
#undef RECORDS

#endif
