/*
 * What every child does first, before its role begins. Used by worker.c alone.
 */
#ifndef WORKER_PROLOGUE_H
#define WORKER_PROLOGUE_H

#include <stdbool.h>

struct heritage;
struct heritage_socket;

#define PROLOGUE_NAME_BYTES 32

/* Takes the name of the slot ("gateway 1") into ps and the log, and writes it
 * to name; sets signals; closes what belongs to other slots; clears what a
 * former life left in the row. */
void prologue(const struct heritage *heritage, char name[PROLOGUE_NAME_BYTES]);

/* May this slot accept on the socket? The others are closed. */
bool prologue_owns(
	const struct heritage *heritage, const struct heritage_socket *socket);

#endif
