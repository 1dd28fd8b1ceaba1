#include "shared/groupchat.h"

#include <stdio.h>
#include <string.h>

#include "shared/base.h"

const struct text groupchat_users[GROUPCHAT_USERS] = { { "1", 1 }, { "2", 1 } };

bool
groupchat_is_app(uint64_t app)
{
	return app >= GROUPCHAT_APP_FIRST && app <= GROUPCHAT_APP_LAST;
}

bool
groupchat_is_group(struct text group)
{
	return text_is_name(group, 1, GROUPCHAT_GROUP_BYTES_MAX);
}

struct text
groupchat_room(char bytes[ROOM_BYTES_MAX + 1], struct text group)
{
	must(groupchat_is_group(group));
	snprintf(bytes, ROOM_BYTES_MAX + 1, "%.*s%.*s",
		TEXT_ARGS(GROUPCHAT_PREFIX), TEXT_ARGS(group));
	return text_of(bytes);
}

struct text
groupchat_group(struct text room)
{
	const struct text prefix = GROUPCHAT_PREFIX;

	if (room.length <= prefix.length ||
		memcmp(room.at, prefix.at, prefix.length) != 0)
		return TEXT_LITERAL("");
	return (struct text){ room.at + prefix.length,
		room.length - prefix.length };
}

bool
groupchat_is_first_user(struct text user)
{
	for (size_t i = 0; i < GROUPCHAT_USERS; i++)
		if (text_equal(user, groupchat_users[i]))
			return true;
	return false;
}
