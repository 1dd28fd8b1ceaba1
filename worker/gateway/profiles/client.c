/*
 * The profile `client`: a browser connects for a system, which is named in the
 * address, and is told its id, which it hands to the backend of that system.
 * The backend says all the rest (worker/api/profiles/client.c):
 *
 *	/ws?systemId=shop
 *	{"code":0,"msg":"success","data":{"clientId":"…"}}
 *
 * A system is a tenant, a connection a user in it and a group a room; what the
 * client sends is ignored. Whom the backend binds to a group is seen to come
 * and go there, with the labels that the backend gave him: they are his info.
 */
#include <inttypes.h>
#include <stdio.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/clientele.h"
#include "shared/config.h"
#include "shared/gojson.h"
#include "shared/hash.h"
#include "shared/message.h"
#include "shared/records.h"
#include "shared/systems.h"
#include "worker/gateway/answer.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/login.h"
#include "worker/gateway/login_request.h"
#include "worker/gateway/profiles/profile.h"
#include "worker/gateway/session.h"

#define MESSAGE_BYTES_MAX 8192

#define ONLINE 1001
#define OFFLINE 1002

static void
send_away(struct session *session)
{
	session_end(session, CLOSE_WHY_NOISE);
}

static void
on_open(struct session *session, struct text query)
{
	const struct gateway *gateway = session->gateway;
	char id[CLIENTELE_ID_LENGTH + 1], tenant[TENANT_BYTES_MAX];
	struct buffer bytes = { 0 };
	struct text system = clientele_system(query, &bytes);

	if (system.length > 0) {
		clientele_id(id, text_of(gateway->config->client_key),
			(unsigned)gateway->config->host_id, gateway->slot);
		login_run(session, TEXT_LITERAL(""),
			&(struct login_request){
				.tenant = systems_tenant(tenant, system),
				.user = text_of(id),
				.has_platform = true,
			});
	} else {
		session_send(session,
			TEXT_LITERAL(
				"{\"messageId\":\"\",\"sendUserId\":\"\","
				"\"code\":-1001,\"msg\":\"系统ID不能为空\","
				"\"data\":[]}\n"));
		send_away(session);
	}
	buffer_fini(&bytes);
}

static void
greet(struct session *session, struct text id)
{
	struct buffer payload = { 0 };

	buffer_add_string(&payload,
		"{\"code\":0,\"msg\":\"success\",\"data\":{\"clientId\":");
	gojson_write_string(&payload, id);
	buffer_add_string(&payload, "}}\n");
	session_send(session, buffer_text(&payload));
	buffer_fini(&payload);
}

static void
on_answer(struct session *session, struct text tag, const struct answer *answer)
{
	(void)tag;
	if (answer->kind == ANSWER_LOGIN)
		greet(session, answer->login.user);
	else if (answer->kind == ANSWER_REFUSAL)
		send_away(session);
}

static void
on_text(struct session *session, struct text text)
{
	(void)session;
	(void)text;
}

/* Pushes: {"messageId","sendUserId","code","msg","data"} */

static void
write_head(struct buffer *out, const char *id, struct text from, int64_t code,
	struct text msg)
{
	buffer_add_format(out, "{\"messageId\":\"%s\",\"sendUserId\":", id);
	gojson_write_string(out, from);
	buffer_add_format(out, ",\"code\":%" PRId64 ",\"msg\":", code);
	gojson_write_string(out, msg);
	buffer_add_string(out, ",\"data\":");
}

/* What the api has made of a request; anything else is said without a code. A
 * change, or a removal, has no word here. */
static void
write_message(struct buffer *out, const struct message *message, bool with_key)
{
	char id[CLIENTELE_MESSAGE_LENGTH + 1];
	json_t *body = gojson_read(message->body, false);
	const json_t *data = json_object_get(body, "data");
	struct text from = message->from, msg = TEXT_LITERAL("");

	(void)with_key;
	clientele_message(id, message->id_time, message->id_origin);
	if (message->flags & (MESSAGE_EDIT | MESSAGE_DELETE)) {
		json_decref(body);
		return;
	}
	if (data && json_get_text(body, "sendUserId", &from) &&
		json_get_text(body, "msg", &msg)) {
		write_head(out, id, from,
			json_integer_value(json_object_get(body, "code")), msg);
		gojson_write_value(out, data);
	} else {
		write_head(out, id, from, 0, TEXT_LITERAL("success"));
		if (body)
			gojson_write_value(out, body);
		else
			buffer_add_string(out, "null");
	}
	buffer_add_string(out, "}\n");
	json_decref(body);
}

/* What a backend said of the client, as a string of JSON. */
static void
write_labels(struct buffer *out, struct text client, struct text info)
{
	struct buffer data = { 0 };
	struct text user = TEXT_LITERAL(""), extend = user;
	json_t *labels = gojson_read(info, false);

	json_get_text(labels, "userId", &user);
	json_get_text(labels, "extend", &extend);
	buffer_add_string(&data, "{\"clientId\":");
	gojson_write_string(&data, client);
	buffer_add_string(&data, ",\"extend\":");
	gojson_write_string(&data, extend);
	buffer_add_string(&data, ",\"userId\":");
	gojson_write_string(&data, user);
	buffer_add_byte(&data, '}');
	gojson_write_string(out, buffer_text(&data));
	json_decref(labels);
	buffer_fini(&data);
}

static void
write_event(struct buffer *out, bool is_online, struct text client,
	struct text info)
{
	char id[CLIENTELE_MESSAGE_LENGTH + 1];
	uint64_t number;

	hash_random(&number, sizeof(number));
	snprintf(id, sizeof(id), "%016" PRIx64, number);
	write_head(out, id, TEXT_LITERAL(""), is_online ? ONLINE : OFFLINE,
		is_online ? TEXT_LITERAL("客户端上线")
			  : TEXT_LITERAL("客户端下线"));
	write_labels(out, client, info);
	buffer_add_string(out, "}\n");
}

/* Of a crowd nobody is told the counts. */
static void
write_presence(struct buffer *out, const struct presence *presence)
{
	if (presence->user.length > 0)
		write_event(
			out, presence->entered, presence->user, presence->info);
}

/* The newcomer hears of himself as the others do. */
static void
write_moved(struct buffer *out, const struct session *session,
	const struct answer *answer)
{
	if (answer->kind == ANSWER_JOIN)
		write_event(out, true, session_user(session),
			session_info(session));
}

const struct profile profile_client = {
	.number = PROFILE_CLIENT,
	.path = "/ws",
	.parameter = CLIENTELE_SYSTEM,
	.close_codes = {
		[CLOSE_WHY_STOP] = 1001,
		[CLOSE_WHY_DRAIN] = 1001,
	},
	.style = {
		.message_bytes_max = MESSAGE_BYTES_MAX,
		.needs_no_pong = true,
		.takes_binary = true,
		.takes_any_text = true,
	},
	.has_many = true,
	.has_no_grace = true,
	.has_systems = true,
	.on_open = on_open,
	.on_text = on_text,
	.answer = on_answer,
	.write_message = write_message,
	.write_presence = write_presence,
	.write_moved = write_moved,
};
