/*
 * A drain: everybody is sent away, evenly over drain_seconds, so that those who
 * take them in are not run over. Each client is told some time before its
 * connection is closed (the push `drain`), and may move when it suits him.
 */
#ifndef WORKER_GATEWAY_DRAIN_H
#define WORKER_GATEWAY_DRAIN_H

#include <stddef.h>
#include <stdint.h>

struct lanes;

/* All zero: there is none. */
struct drain {
	struct lanes *lanes;
	uint64_t began_ms;
	uint64_t length_ms; /* until the last one is closed */
	uint64_t notice_ms; /* between the word and the close */
	size_t from;        /* connections there were */
	size_t told;
};

/* Only those who stand at the door already may still come in. */
void drain_begin(struct drain *drain, struct lanes *lanes, uint64_t length_ms,
	uint64_t now_ms);

/* Tells those whose time has come; call it often. */
void drain_go_on(struct drain *drain, uint64_t now_ms);

/* When it must be over; whoever is left then does not answer. */
uint64_t drain_end_ms(const struct drain *drain);

#endif
