/*
 * What both sides of the profile `groupchat` call things by: its applications,
 * which are platforms of users, and its groups, which are rooms.
 */
#ifndef SHARED_GROUPCHAT_H
#define SHARED_GROUPCHAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/message.h"
#include "shared/text.h"

#define GROUPCHAT_APP_FIRST 1
#define GROUPCHAT_APP_LAST 2

/* Of who logs in, and of a group. */
#define GROUPCHAT_USER_BYTES_MAX 19
#define GROUPCHAT_GROUP_BYTES_MAX 100

/* There before anybody has come: this group, of the first application, with
 * these users. */
#define GROUPCHAT_GROUP TEXT_LITERAL("1")
#define GROUPCHAT_USERS 2
extern const struct text groupchat_users[GROUPCHAT_USERS];

/* The begin of the names of rooms that are groups. */
#define GROUPCHAT_PREFIX TEXT_LITERAL("group:")

bool groupchat_is_app(uint64_t app);

/* Can it be the name of a group? */
bool groupchat_is_group(struct text group);

/* The room of a group, and the other way; empty: it is none of a group. */
struct text groupchat_room(char bytes[ROOM_BYTES_MAX + 1], struct text group);
struct text groupchat_group(struct text room);

/* Is he in the group that is always there? */
bool groupchat_is_first_user(struct text user);

#endif
