#include "worker/api/profiles/go_reply.h"

#include "shared/buffer.h"
#include "shared/gojson.h"
#include "worker/api/reply.h"

#define TYPE_GO_JSON "application/json; charset=utf-8"

void
go_reply_forbid(struct exchange *exchange, int status, int code,
	struct text msg, struct text data)
{
	struct buffer json = { 0 };
	struct reply reply = { status, TYPE_GO_JSON, TEXT_LITERAL("") };

	buffer_add_format(&json, "{\"code\":%d,\"msg\":", code);
	gojson_write_string(&json, msg);
	buffer_add_string(&json, ",\"data\":");
	buffer_add_text(&json, data);
	buffer_add_byte(&json, '}');
	reply.body = buffer_text(&json);
	reply_send(exchange, &reply);
	buffer_fini(&json);
}

void
go_reply(struct exchange *exchange, int code, struct text msg, struct text data)
{
	go_reply_forbid(exchange, 200, code, msg, data);
}

void
go_reply_want_handshake(struct exchange *exchange)
{
	reply_set_header(exchange, "Sec-Websocket-Version", "13");
	reply_send_text(exchange, 400, "Bad Request\n" GO_NOT_FOUND "\n");
}
