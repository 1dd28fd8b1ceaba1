#include "worker/gateway/profiles/gochat.h"

#include <math.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/codes.h"
#include "worker/gateway/answer.h"
#include "worker/gateway/gateway.h"
#include "worker/gateway/session.h"
#include "worker/gateway/tracer.h"

#define PAYLOAD_KEEP_BYTES 65536

#define TOO_BAD "数据不合法"

void
gochat_reply(const struct gochat *gochat, struct session *session,
	struct text seq, struct text verb, enum gochat_code code,
	const char *data)
{
	struct buffer *out = &session->gateway->payload;

	if (code != GOCHAT_OK)
		row_count(session->gateway->row, COUNTER_REQUESTS_REFUSED, 1);
	buffer_clear(out, PAYLOAD_KEEP_BYTES);
	buffer_add_string(out, "{\"seq\":");
	gojson_write_string(out, seq);
	buffer_add_format(out, ",\"%s\":", gochat->verb);
	gojson_write_string(out, verb);
	buffer_add_format(out, ",\"response\":{\"code\":%u,\"%s\":\"%s\"",
		(unsigned)code, gochat->words, gochat->code_words(code));
	buffer_add_format(out, ",\"data\":%s}}", data);
	session_send(session, buffer_text(out));
}

static const struct gochat_command *
find_command(
	const struct gochat_command *commands, size_t count, struct text verb)
{
	for (size_t i = 0; i < count; i++)
		if (text_equal(verb, text_of(commands[i].verb)))
			return &commands[i];
	return NULL;
}

/* false: it is no request. What it holds is borrowed from json. */
static bool
read_request(const struct gochat *gochat, const json_t *json,
	struct gochat_request *request)
{
	if (!json || !(json_is_object(json) || json_is_null(json)) ||
		!gojson_text(json, "seq", &request->seq) ||
		!gojson_text(json, gochat->verb, &request->verb))
		return false;
	request->data = gojson_get(json, "data");
	return true;
}

void
gochat_on_text(const struct gochat *gochat,
	const struct gochat_command *commands, size_t count,
	struct session *session, struct text text)
{
	json_t *json = gojson_read(text, false);
	const struct gochat_command *command;
	struct gochat_request request;

	if (!read_request(gochat, json, &request)) {
		row_count(session->gateway->row, COUNTER_REQUESTS_REFUSED, 1);
		session_send(session, TEXT_LITERAL(TOO_BAD));
		goto out;
	}
	command = find_command(commands, count, request.verb);
	tracer_request(
		session, text_of(command ? command->verb : "?"), text.length);
	if (command)
		command->run(session, &request);
	else
		gochat_reply(gochat, session, request.seq, request.verb,
			GOCHAT_NO_ROUTE, "null");

out:
	json_decref(json);
}

enum gochat_code
gochat_code_of(const struct refusal *refusal)
{
	static const struct {
		unsigned code;
		enum gochat_code gochat;
	} codes[] = {
		{ CODE_BAD_REQUEST, GOCHAT_BAD_DATA },
		{ CODE_BAD_USER, GOCHAT_BAD_USER },
		{ CODE_FORBIDDEN, GOCHAT_FORBIDDEN },
		{ CODE_CONFLICT, GOCHAT_FAILED },
		{ CODE_TOO_MANY, GOCHAT_FAILED },
	};

	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (codes[i].code == refusal->code)
			return codes[i].gochat;
	return GOCHAT_SYSTEM;
}

bool
gochat_read_app(const json_t *data, const char *member, uint32_t *app)
{
	const json_t *value = gojson_get(data, member);
	double number = json_number_value(value);

	*app = 0;
	if (!value)
		return true;
	if (!json_is_number(value) || number < 0 || number > UINT32_MAX ||
		floor(number) < number)
		return false;
	*app = (uint32_t)number;
	return true;
}

struct text
gochat_words_of(const json_t *body, struct text raw)
{
	const json_t *said =
		json_is_object(body) ? json_object_get(body, "msg") : body;

	if (!json_is_string(said))
		return raw;
	return (struct text){ json_string_value(said),
		json_string_length(said) };
}
