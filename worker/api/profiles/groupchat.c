/*
 * The HTTP of the profile `groupchat`: who belongs to a group, which groups
 * there are, and the pages where people chat.
 *
 *	GET /user/list?groupsId=1
 *	{"code":200,"msg":"Success","data":{"userList":[{"ID":1},{"ID":2}]}}
 *
 * Lists are asked of ledger 0 page by page, behind what is always there.
 */
#include <string.h>

#include <event2/http.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/config.h"
#include "shared/gochat.h"
#include "shared/gojson.h"
#include "shared/groupchat.h"
#include "shared/records.h"
#include "worker/api/errand.h"
#include "worker/api/exchange.h"
#include "worker/api/form.h"
#include "worker/api/profiles/api_profile.h"
#include "worker/api/profiles/go_reply.h"
#include "worker/api/profiles/profiles.h"
#include "worker/api/reply.h"
#include "worker/api/scene.h"
#include "worker/api/site.h"
#include "worker/edge/ledgers.h"

#define TENANT TEXT_LITERAL("default")

/* The ledger that keeps rolls. */
#define KEEPER 0

/* More digits are no number that all who read JSON agree on. */
#define DIGITS_MAX 15

static void
reply_data(struct exchange *exchange, enum gochat_code code, struct text data)
{
	go_reply(exchange, code, text_of(gochat_code_words(code)), data);
}

static void
forbid(struct exchange *exchange, int status)
{
	go_reply_forbid(exchange, status, GOCHAT_FORBIDDEN,
		text_of(gochat_code_words(GOCHAT_FORBIDDEN)),
		TEXT_LITERAL("null"));
}

static void
refuse(struct exchange *exchange, bool is_known_path)
{
	(void)is_known_path;
	reply_send(exchange, &(struct reply){ 404, "text/plain",
				     TEXT_LITERAL(GO_NOT_FOUND) });
}

/* Lists */

struct list {
	struct errand errand; /* first */
	struct roll_wanted wanted;
	char room[ROOM_BYTES_MAX + 1]; /* empty: rooms are listed */
	size_t count;
	struct buffer json;
};

static bool
is_number(struct text name)
{
	if (name.length == 0 || name.length > DIGITS_MAX ||
		(name.at[0] == '0' && name.length > 1))
		return false;
	for (size_t i = 0; i < name.length; i++)
		if (name.at[i] < '0' || name.at[i] > '9')
			return false;
	return true;
}

static void
add_id(struct list *list, struct text name)
{
	buffer_add_string(
		&list->json, list->count++ > 0 ? ",{\"ID\":" : "{\"ID\":");
	if (is_number(name))
		buffer_add_text(&list->json, name);
	else
		gojson_write_string(&list->json, name);
	buffer_add_byte(&list->json, '}');
}

static bool
is_of_first_group(const struct list *list)
{
	return text_equal(
		groupchat_group(text_of(list->room)), GROUPCHAT_GROUP);
}

/* What is there before anybody has come. */
static void
add_first(struct list *list)
{
	if (list->wanted.room.length == 0) {
		if (list->wanted.platform == GROUPCHAT_APP_FIRST)
			add_id(list, GROUPCHAT_GROUP);
	} else if (is_of_first_group(list)) {
		for (size_t i = 0; i < GROUPCHAT_USERS; i++)
			add_id(list, groupchat_users[i]);
	}
}

static void
add_name(struct list *list, struct text name)
{
	struct text group = groupchat_group(name);

	if (list->wanted.room.length > 0) {
		if (!is_of_first_group(list) || !groupchat_is_first_user(name))
			add_id(list, name);
	} else if (group.length > 0 && !text_equal(group, GROUPCHAT_GROUP)) {
		add_id(list, group);
	}
}

/* false: the errand is over, the exchange refused. */
static bool
ask(struct list *list)
{
	struct errand *errand = &list->errand;
	struct edge *edge = &errand->errands->edge;

	roll_wanted_pack(edge_letter(edge, LETTER_ROLL_WANTED), &list->wanted);
	return errand_offer(errand, KEEPER);
}

static void
reply_list(struct list *list)
{
	bool is_of_users = list->wanted.room.length > 0;

	buffer_add_string(&list->json, is_of_users ? "]}" : "]");
	reply_data(list->errand.exchange, GOCHAT_OK, buffer_text(&list->json));
	errand_end(&list->errand);
}

static void
on_roll(struct list *list, const struct roll *roll)
{
	struct unpack in = unpack_of(roll->names);

	for (uint64_t i = 0; i < roll->count; i++) {
		struct text name = unpack_text(&in);

		if (in.failed)
			break;
		add_name(list, name);
	}
	list->wanted.from += roll->count;
	if (roll->more && roll->count > 0)
		ask(list);
	else
		reply_list(list);
}

static void
on_letter(struct errand *errand, const struct letter *letter)
{
	struct unpack in = letter_open(letter);
	struct roll roll;

	if (letter->kind == LETTER_ROLL && roll_unpack(&in, &roll)) {
		on_roll((struct list *)errand, &roll);
		return;
	}
	reply_data(errand->exchange, GOCHAT_SYSTEM, TEXT_LITERAL("null"));
	errand_end(errand);
}

static void
on_end(struct errand *errand)
{
	buffer_fini(&((struct list *)errand)->json);
}

static struct list *
list_begin(struct exchange *exchange, const char *begin)
{
	static const struct errand_hooks hooks = {
		.on_letter = on_letter,
		.on_end = on_end,
	};
	struct list *list = errand_begin(
		exchange->scene->errands, exchange, sizeof(*list), &hooks);

	if (!list)
		return NULL;
	list->wanted.request = list->errand.request;
	list->wanted.tenant = TENANT;
	buffer_add_string(&list->json, begin);
	return list;
}

static struct form
read_query(const struct exchange *exchange)
{
	const char *query = exchange_query(exchange);
	struct form form = { 0 };

	form_read(&form, text_of(query ? query : ""));
	return form;
}

static void
answer_users(struct exchange *exchange)
{
	struct form form = read_query(exchange);
	struct text group = form_get(&form, "groupsId");
	struct list *list;

	if (group.length == 0)
		group = GROUPCHAT_GROUP;
	if (!groupchat_is_group(group)) {
		reply_data(exchange, GOCHAT_BAD_DATA, TEXT_LITERAL("null"));
		goto out;
	}
	list = list_begin(exchange, "{\"userList\":[");
	if (!list)
		goto out;
	list->wanted.room = groupchat_room(list->room, group);
	add_first(list);
	ask(list);

out:
	form_fini(&form);
}

static void
answer_groups(struct exchange *exchange)
{
	struct form form = read_query(exchange);
	struct text app = form_get(&form, "appId");
	bool is_named =
		app.length > 0 && !text_equal(app, TEXT_LITERAL("null"));
	int32_t number = form_number(&form, "appId");
	struct list *list;

	form_fini(&form);
	if (!is_named) {
		reply_data(exchange, GOCHAT_NO_APP, TEXT_LITERAL("null"));
		return;
	}
	if (number < 0 || !groupchat_is_app((uint64_t)number)) {
		reply_data(exchange, GOCHAT_OK, TEXT_LITERAL("[]"));
		return;
	}
	list = list_begin(exchange, "[");
	if (!list)
		return;
	list->wanted.platform = (uint64_t)number;
	add_first(list);
	ask(list);
}

/* The pages */

/* They look for the WebSocket where they came from. */
static void
send_page(struct exchange *exchange, const char *path)
{
	if (!exchange->scene->listener->is_passage ||
		!site_send_file(exchange, path))
		refuse(exchange, true);
}

static void
answer_two(struct exchange *exchange)
{
	send_page(exchange, "/home/two.html");
}

static void
answer_group(struct exchange *exchange)
{
	send_page(exchange, "/home/group.html");
}

static void
answer_ws(struct exchange *exchange)
{
	if (exchange->scene->listener->is_passage)
		go_reply_want_handshake(exchange);
	else
		refuse(exchange, false);
}

static const struct profile_route routes[] = {
	{ READ, RIGHT_NONE, "/home/index", "uid", answer_two },
	{ READ, RIGHT_NONE, "/home/index", NULL, answer_two },
	{ READ, RIGHT_NONE, "/home/room", NULL, answer_group },
	{ READ, RIGHT_NONE, "/home/groupchat.js", NULL, site_answer_page },
	{ READ, RIGHT_NONE, "/home/groupchat.css", NULL, site_answer_page },
	{ READ, RIGHT_NONE, "/home/page.js", NULL, site_answer_page },
	{ READ, RIGHT_NONE, "/favicon.svg", NULL, site_answer_page },
	{ READ, RIGHT_TENANT, "/user/list", "groupsId", answer_users },
	{ READ, RIGHT_TENANT, "/user/list", NULL, answer_users },
	{ READ, RIGHT_TENANT, "/user/groupslist", NULL, answer_groups },
	{ READ, RIGHT_NONE, "/ws", NULL, answer_ws },
};

const struct api_profile api_profile_groupchat = {
	.routes = routes,
	.route_count = ARRAY_LEN(routes),
	.refuse = refuse,
	.forbid = forbid,
};
