#include "worker/gateway/profiles/confab_commands.h"

#include "shared/base.h"

static const struct confab_command commands[] = {
	{ "login", false, false, false, confab_do_login },
	{ "logout", true, false, false, confab_do_logout },
	{ "ping", false, false, false, confab_do_ping },
	{ "heartbeat", true, false, false, confab_do_ping },
	{ "join", true, false, false, confab_do_join },
	{ "leave", true, false, false, confab_do_leave },
	{ "say", true, true, true, confab_do_say },
	{ "edit", true, true, false, confab_do_edit },
	{ "delete", true, true, false, confab_do_delete },
	{ "history", true, false, false, confab_do_history },
	{ "search", true, false, false, confab_do_search },
	{ "read", true, true, false, confab_do_read },
	{ "members", true, false, false, confab_do_members },
	{ "online", true, false, false, confab_do_online },
	{ "rooms", true, false, false, confab_do_rooms },
	{ "subscribe", true, false, false, confab_do_subscribe },
	{ "unsubscribe", true, false, false, confab_do_unsubscribe },
	{ "refresh", true, true, false, confab_do_refresh },
};

const struct confab_command *
confab_command_find(struct text verb)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (text_equal(verb, text_of(commands[i].verb)))
			return &commands[i];
	return NULL;
}

uint8_t
confab_command_number(const struct confab_command *command)
{
	return (uint8_t)(command - commands);
}

const struct confab_command *
confab_command_at(uint8_t number)
{
	must(number < ARRAY_LEN(commands));
	return &commands[number];
}
