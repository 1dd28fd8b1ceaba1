/*
 * What a request of a client comes to, before a profile puts it into words.
 * All texts and records are borrowed.
 */
#ifndef WORKER_GATEWAY_ANSWER_H
#define WORKER_GATEWAY_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/codes.h"
#include "shared/index.h"
#include "shared/records.h"

enum answer_kind {
	ANSWER_REFUSAL,
	ANSWER_DONE, /* and there is nothing to say about it */
	ANSWER_LOGIN,
	ANSWER_TIME,
	ANSWER_JOIN,
	ANSWER_LEAVE,
	ANSWER_SAY,
	ANSWER_PAGE,
	ANSWER_FOUND,
	ANSWER_MEMBERS,
	ANSWER_ROOMS,
	ANSWER_READ,
	ANSWER_ONLINE,
	ANSWER_TYPES,
	ANSWER_TOKEN,
	ANSWER_ROLL,
	ANSWER_KIND_COUNT
};

struct subscription;

struct refusal {
	unsigned code; /* enum answer_code */
	struct text error;
	uint64_t retry_ms; /* after so long it may be done; 0: nobody knows */
};

struct login_answer {
	char client[CLIENT_ID_LENGTH + 1];
	struct text tenant, user;
	uint32_t platform;
	unsigned host;
	uint64_t unix_ms;
	uint64_t ping_ms;
	uint64_t expires_ms; /* of its token, unix; 0: it has none */
	const struct joined
		*inbox; /* with what was missed, if that was asked */
};

struct rooms_answer {
	const struct room_line *lines;
	size_t count;
	bool is_listed;   /* lines say how many users there are and when */
	struct text next; /* where to go on; empty: this is all */
};

/* Not an answer but a push: up to where a user has read. */
struct read_push {
	struct text room; /* empty: what was said between two */
	struct text user; /* who has read */
	struct text with; /* the other one of two, for who gets it */
	uint64_t offset;  /* in the room, or in the inbox of who gets it */
};

/* Not an answer either: something is lost to this host; what is here stands up
 * to this offset. */
struct lost_push {
	struct text room; /* empty: the inbox of who gets it */
	uint64_t epoch, offset;
};

struct answer {
	enum answer_kind kind;
	union {
		struct refusal refusal;
		struct login_answer login;
		uint64_t unix_ms;
		uint64_t expires_ms; /* ANSWER_TOKEN; unix */
		const struct joined *joined;
		struct text room; /* that was left */
		struct {
			const struct said *said; /* offset 0: not remembered */
			uint64_t reached;        /* connections, then */
		} say;
		const struct page *page; /* of history, or what was found */
		const struct members_page *members;
		struct rooms_answer rooms;

		/* ANSWER_TYPES; NULL: every type. */
		const struct subscription *subscription;
		struct {
			uint64_t offset; /* that now holds */
			bool is_of_two;
			uint64_t with_offset; /* of the other one */
		} read;

		const struct roll *roll; /* rooms that the user belongs to */

		/* Packed, for each: his name, on how many platforms, these. */
		struct text online;
	};
};

/* What a ledger refuses; the texts stay where they are. */
static inline struct answer
answer_of_refused(const struct refused *refused)
{
	return (struct answer){
		.kind = ANSWER_REFUSAL,
		.refusal = {
			.code = (unsigned)refused->code,
			.error = refused->error,
			.retry_ms = refused->retry_ms,
		},
	};
}

#endif
