/*
 * confabctl token: makes tokens for users, and tells what is in one and whether
 * it is good. Needs keys in files and no server.
 */
#ifndef MASTER_CTL_TOKENS_H
#define MASTER_CTL_TOKENS_H

#include <stdbool.h>

#include "master/ctl/exits.h"

/* The arguments begin with the word itself. */
enum exit_code tokens_main(int argc, char **argv, bool is_json);

#endif
