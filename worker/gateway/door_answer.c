#include "worker/gateway/door_answer.h"

#include <stdio.h>
#include <string.h>

#include "shared/base.h"

static const struct answer {
	int status;
	const char *reason;
	const char *sentence;
	const char *options; /* of Connection, behind close */
	const char *fields;
} answers[] = {
	{ 400, "Bad Request", "This is not a request that can be read.", "",
		"" },
	{ 403, "Forbidden", "You may not connect from there.", "", "" },
	{ 404, "Not Found", "There is nothing at this path.", "", "" },
	{ 405, "Method Not Allowed", "Only GET is understood here.", "",
		"Allow: GET\r\n" },
	{ 408, "Request Timeout", "The request took too long.", "", "" },
	{ 411, "Length Required", "A handshake has no body.", "", "" },
	{ 426, "Upgrade Required", "Connect with WebSocket, version 13.",
		", Upgrade",
		"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" },
	{ 431, "Request Header Fields Too Large", "The request is too long.",
		"", "" },
	{ 503, "Service Unavailable", "The house is full, try again later.", "",
		"Retry-After: 1\r\n" },
	{ 505, "HTTP Version Not Supported", "Only HTTP/1.1 is spoken here.",
		"", "" },
};

static const struct answer *
answer_of(int status)
{
	for (size_t i = 0; i < ARRAY_LEN(answers); i++)
		if (answers[i].status == status)
			return &answers[i];
	return NULL;
}

size_t
door_answer_write(char text[DOOR_ANSWER_MAX], int status, bool is_to_head)
{
	const struct answer *answer = answer_of(status);
	int length;

	must(answer != NULL);
	length = snprintf(text, DOOR_ANSWER_MAX,
		"HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\n"
		"Content-Length: %zu\r\nConnection: close%s\r\n%s\r\n%s%s",
		answer->status, answer->reason, strlen(answer->sentence) + 1,
		answer->options, answer->fields,
		is_to_head ? "" : answer->sentence, is_to_head ? "" : "\n");
	must(length > 0 && length < DOOR_ANSWER_MAX);
	return (size_t)length;
}
