/*
 * A piece of a stream, as it crosses: what lies behind one point and not behind
 * another. Frames and the answers to pulls are pieces.
 */
#ifndef WORKER_RELAY_PIECE_H
#define WORKER_RELAY_PIECE_H

#include "shared/text.h"
#include "worker/relay/point.h"

/* What there is behind a point. */
enum piece_state {
	PIECE_SOME, /* from it up to `to`; there may be more */
	PIECE_END, /* nothing more at the moment; to is the end that there is */
	PIECE_GONE, /* nothing any more: the first point that there is, is first
		     */
	PIECE_BAD,  /* it cannot be told; ask again later */
};

/* items: a row of packed texts; borrowed. first: of PIECE_GONE alone. */
struct piece {
	struct point from, to, first;
	struct text items;
	uint64_t clock; /* of PIECE_GONE: up to this id_time there is an archive
			   of it; 0: there is none */
};

#endif
