/*
 * The codes that the systems have in common which the profiles `im` and
 * `groupchat` stand in for.
 */
#ifndef SHARED_GOCHAT_H
#define SHARED_GOCHAT_H

enum gochat_code {
	GOCHAT_OK = 200,
	GOCHAT_NOT_LOGGED_IN = 1000,
	GOCHAT_BAD_DATA = 1001,
	GOCHAT_BAD_USER = 1002,
	GOCHAT_FORBIDDEN = 1003,
	GOCHAT_SYSTEM = 1004,
	GOCHAT_FAILED = 1009,
	GOCHAT_NO_ROUTE = 1010,
	GOCHAT_NO_APP = 1011,
};

/* The words of a code, where a profile has none of its own. */
const char *gochat_code_words(enum gochat_code code);

#endif
