/*
 * What the files of the profile `im` share. Private to this profile.
 */
#ifndef WORKER_API_PROFILES_IM_H
#define WORKER_API_PROFILES_IM_H

#include <stdint.h>

#include "shared/im.h"
#include "shared/text.h"

struct exchange;
struct form;

#define IM_TENANT TEXT_LITERAL("default")

/* {"code","msg","data"}; data: JSON. */
void im_reply(
	struct exchange *exchange, enum gochat_code code, struct text data);

/* appID; 0: none of ours. */
uint32_t im_read_app(const struct exchange *exchange, const struct form *form);

/* im_send.c */
void im_answer_send(struct exchange *exchange);
void im_answer_send_all(struct exchange *exchange);

/* im_state.c */
void im_answer_list(struct exchange *exchange);
void im_answer_online(struct exchange *exchange);
void im_answer_state(struct exchange *exchange);

#endif
