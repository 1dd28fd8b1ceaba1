/*
 * confabctl top: the server live on a terminal, or as one text after the other
 * in a pipe.
 */
#ifndef MASTER_CTL_TOP_H
#define MASTER_CTL_TOP_H

#include "master/ctl/exits.h"

/* The arguments begin with the word itself. */
enum exit_code top_main(const char *path, int argc, char **argv);

#endif
