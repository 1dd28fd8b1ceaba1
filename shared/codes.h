/*
 * The codes of the protocol: what a client and a backend get to hear, and what
 * ledgers refuse with.
 */
#ifndef SHARED_CODES_H
#define SHARED_CODES_H

enum answer_code {
	CODE_OK = 200,
	CODE_NOT_LOGGED_IN = 1000,
	CODE_BAD_REQUEST = 1001,
	CODE_BAD_USER = 1002,
	CODE_FORBIDDEN = 1003,
	CODE_UNAVAILABLE = 1004,
	CODE_NOT_FOUND = 1005,
	CODE_NOT_STORED = 1008,
	CODE_CONFLICT = 1009,
	CODE_UNKNOWN_COMMAND = 1010,
	CODE_TOO_MANY = 1012,
};

#endif
