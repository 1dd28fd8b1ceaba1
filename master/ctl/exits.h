/*
 * What confabctl exits with.
 */
#ifndef MASTER_CTL_EXITS_H
#define MASTER_CTL_EXITS_H

enum exit_code {
	EXIT_ANSWERED = 0,
	EXIT_REFUSED = 1,
	EXIT_USAGE = 2,
	EXIT_NOBODY = 3,
};

#endif
