/*
 * What every child does first, before its role begins. Used by worker.c alone.
 */
#ifndef WORKER_PROLOGUE_H
#define WORKER_PROLOGUE_H

struct heritage;

#define PROLOGUE_NAME_BYTES 32

/* Takes the name of the slot ("gateway 1") into ps and the log, and writes it
 * to name; sets signals; clears what a former life left in the row. Sockets
 * that belong to other slots are closed; a list of our own, on the heap, takes
 * the place of the inherited one. */
void prologue(struct heritage *heritage, char name[PROLOGUE_NAME_BYTES]);

#endif
