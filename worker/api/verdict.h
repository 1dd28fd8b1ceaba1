/*
 * What a backend answers to an inquiry, as JSON: {} or nothing allows it as it
 * is; {"allow":false,"error":"why"} refuses it; else members say what it is
 * instead: user, info, rooms of a login, type and body of a message.
 */
#ifndef WORKER_API_VERDICT_H
#define WORKER_API_VERDICT_H

#include "shared/buffer.h"
#include "shared/json.h"
#include "shared/records.h"

/* Owns what hooked borrows from. */
struct verdict {
	struct hooked hooked;
	json_t *object;
	struct buffer info, body, rooms;
};

/* By the status and the body of the answer, to an inquiry of this kind; 403 is
 * a refusal, any other but 2xx no answer. why: what is wrong with it, for the
 * log, or NULL. */
void verdict_read(struct verdict *verdict, enum hook_what what, unsigned status,
	struct text text, const char **why);
void verdict_fini(struct verdict *verdict);

#endif
