/*
 * An orphan is a child whose master is gone. The edges drain, the rest ends
 * after them, in the order in which messages flow, all within ten seconds. A
 * new master may already serve beside them. Used by worker.c alone.
 */
#ifndef WORKER_ORPHAN_H
#define WORKER_ORPHAN_H

#include <stdbool.h>
#include <stdint.h>

struct heritage;

enum orphan_duty {
	ORPHAN_GO_ON,
	ORPHAN_STOP, /* settle what was taken in and end */
	ORPHAN_EXIT, /* end now, whatever is unsettled */
};

/* Does it hold clients, which are let go from the first moment on? */
bool orphan_is_edge(const struct heritage *heritage);

/* What is due alone_ms after the death of the master. */
enum orphan_duty orphan_duty(
	const struct heritage *heritage, uint64_t alone_ms, uint64_t now_ms);

/* Nobody new comes in; a new master makes sockets of its own. */
void orphan_shut_listeners(const struct heritage *heritage);

#endif
