#include "shared/gochat.h"

#include <stddef.h>

#include "shared/base.h"

static const struct {
	enum gochat_code code;
	const char *words;
} codes[] = {
	{ GOCHAT_OK, "Success" },
	{ GOCHAT_NOT_LOGGED_IN, "未登录" },
	{ GOCHAT_BAD_DATA, "参数不合法" },
	{ GOCHAT_BAD_USER, "非法的用户Id" },
	{ GOCHAT_FORBIDDEN, "未授权" },
	{ GOCHAT_SYSTEM, "系统错误" },
	{ GOCHAT_FAILED, "操作失败" },
	{ GOCHAT_NO_ROUTE, "路由不存在" },
	{ GOCHAT_NO_APP, "appid不存在" },
};

const char *
gochat_code_words(enum gochat_code code)
{
	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (codes[i].code == code)
			return codes[i].words;
	return "未定义错误类型!";
}
