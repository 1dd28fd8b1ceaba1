/*
 * The commands of the protocol confab: each a row of a table and a function
 * that reads its data and asks the core. What is wrong with the data is noted
 * in the args, and the caller refuses the request.
 */
#ifndef WORKER_GATEWAY_PROFILES_CONFAB_COMMANDS_H
#define WORKER_GATEWAY_PROFILES_CONFAB_COMMANDS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/text.h"

struct arguments;
struct session;

typedef void confab_do(
	struct session *session, struct text tag, struct arguments *args);

struct confab_command {
	const char *verb;
	bool needs_login;
	bool is_paced; /* limits.messages_per_second counts it */
	bool in_order; /* answers come in the order of the requests */
	confab_do *run;
};

/* By its verb, or NULL. */
const struct confab_command *confab_command_find(struct text verb);

/* A command as one byte and back. */
uint8_t confab_command_number(const struct confab_command *command);
const struct confab_command *confab_command_at(uint8_t number);

/* confab_session.c */
confab_do confab_do_login;
confab_do confab_do_logout;
confab_do confab_do_ping;
confab_do confab_do_subscribe;
confab_do confab_do_unsubscribe;
confab_do confab_do_refresh;

/* confab_room.c */
confab_do confab_do_join;
confab_do confab_do_leave;
confab_do confab_do_read;

/* confab_say.c */
confab_do confab_do_say;

/* confab_change.c */
confab_do confab_do_edit;
confab_do confab_do_delete;

/* confab_lookup.c */
confab_do confab_do_history;
confab_do confab_do_search;
confab_do confab_do_members;
confab_do confab_do_rooms;
confab_do confab_do_online;

#endif
