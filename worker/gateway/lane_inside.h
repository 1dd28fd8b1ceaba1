/*
 * What the lane*.c files share and nobody else sees.
 */
#ifndef WORKER_GATEWAY_LANE_INSIDE_H
#define WORKER_GATEWAY_LANE_INSIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/tls.h"

/* Of lanes->input. */
#define LANES_INPUT_BYTES TLS_READ_BYTES

struct buffer;
struct lane;
struct lanes;

/* It has something to settle at the end of the turn. */
void lane_note(struct lanes *lanes, struct lane *lane);
void lane_die(struct lane *lane);

/* A buffer for one frame, emptied; and the frame behind all that waits. */
struct buffer *lane_scratch(struct lane *lane);
void lane_queue(struct lane *lane, const struct buffer *frames);

/* Is there anything to write? And writes it, as far as the socket takes it. */
bool lane_has_output(const struct lane *lane);
void lane_write_waiting(struct lane *lane);

/* The reason is told to the client, why to the owner. */
void lane_close_with(
	struct lane *lane, uint16_t code, const char *reason, const char *why);

/* Shall its input stay in the socket? */
bool lane_is_blocked(const struct lane *lane);

/* lane_input.c */
void lane_read_some(struct lane *lane);
void lane_take_stash(struct lane *lane);

#endif
