/*
 * The terminal that confabctl top draws on, by escapes that all terminals of
 * today know. While it is open, it shows another screen than before, and keys
 * come at once.
 */
#ifndef MASTER_CTL_TERMINAL_H
#define MASTER_CTL_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/text.h"

/* Are both ends of us a terminal? */
bool terminal_is_there(void);

void terminal_open(void);
void terminal_close(void);

void terminal_measure(unsigned *width, unsigned *height);

/* Shows lines, in one write, over those of before. */
void terminal_show(struct text lines);

enum terminal_event {
	TERMINAL_TIME, /* has passed */
	TERMINAL_KEY,
	TERMINAL_SIZE, /* has changed */
	TERMINAL_END,  /* a signal asks us to end, or the terminal is gone */
};

/* Waits for what comes first, at most until clock_ms() is until_ms. */
enum terminal_event terminal_wait(uint64_t until_ms, char *key);

#endif
