/*
 * An upgrade in place: the program file, which may be a newer one by now, is
 * asked whether it can go on from here, and then takes our place by exec: same
 * pid, same arena, same sockets, same children. When it says no, we stay.
 */
#ifndef MASTER_UPGRADE_H
#define MASTER_UPGRADE_H

#include <stdbool.h>
#include <sys/types.h>

struct supervisor;

/* The environment variable that names the descriptor of the handover. */
#define UPGRADE_VARIABLE "CONFAB_HANDOVER"

/* What a program that was only asked exits with when it cannot share our arena.
 */
#define UPGRADE_OTHER_LAYOUT 3

/* Once, first thing in main(): what to execute later. argv is copied. */
void upgrade_remember(char **argv);

/* Asks the program file; its answer comes as the end of a child. False when it
 * cannot be asked now (logged). */
bool upgrade_begin(struct supervisor *supervisor);

/* A child has ended: was it the one that was asked? Then the upgrade goes on,
 * and this returns only when it could not be done, or when upgrade.is_anew asks
 * the caller for a drain first. */
bool upgrade_on_end(struct supervisor *supervisor, pid_t pid, int status);

/* Executes the program file without handing over anything; returns when that
 * cannot be (logged). */
void upgrade_execute_anew(void);

#endif
