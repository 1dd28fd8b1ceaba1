#include "shared/groupchat.h"

#include <stdio.h>
#include <string.h>

#include "shared/base.h"

const struct text groupchat_users[GROUPCHAT_USERS] = { { "1", 1 }, { "2", 1 } };

static const struct {
	enum groupchat_code code;
	const char *words;
} codes[] = {
	{ GROUPCHAT_OK, "Success" },
	{ GROUPCHAT_NOT_LOGGED_IN, "未登录" },
	{ GROUPCHAT_BAD_DATA, "参数不合法" },
	{ GROUPCHAT_BAD_USER, "非法的用户Id" },
	{ GROUPCHAT_FORBIDDEN, "未授权" },
	{ GROUPCHAT_SYSTEM, "系统错误" },
	{ GROUPCHAT_FAILED, "操作失败" },
	{ GROUPCHAT_NO_ROUTE, "路由不存在" },
	{ GROUPCHAT_NO_APP, "appid不存在" },
};

const char *
groupchat_code_words(enum groupchat_code code)
{
	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (codes[i].code == code)
			return codes[i].words;
	return "未定义错误类型!";
}

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
