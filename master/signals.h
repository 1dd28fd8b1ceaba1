/*
 * The signals of the master, and what each does; see acts.h.
 */
#ifndef MASTER_SIGNALS_H
#define MASTER_SIGNALS_H

struct supervisor;

/* They come through the loop from here on, those blocked so far too. */
void signals_watch(struct supervisor *supervisor);
void signals_forget(struct supervisor *supervisor);

#endif
