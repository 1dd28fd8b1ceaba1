#include "worker/gateway/door_head.h"

#include <string.h>
#include <strings.h>

#include "shared/base.h"

/* Sec-WebSocket-Key: 16 bytes in base64. */
#define KEY_LENGTH 24

/* Header fields that may stand once. */
static const struct field {
	struct text name;
	size_t offset;
} fields[] = {
	{ { "host", 4 }, offsetof(struct door_head, host) },
	{ { "origin", 6 }, offsetof(struct door_head, origin) },
	{ { "upgrade", 7 }, offsetof(struct door_head, upgrade) },
	{ { "sec-websocket-key", 17 }, offsetof(struct door_head, key) },
	{ { "sec-websocket-version", 21 },
		offsetof(struct door_head, version) },
	{ { "content-length", 14 }, offsetof(struct door_head, length) },
};

/* RFC 9110 5.6.2 */
static bool
is_token_byte(unsigned char byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= 'a' && byte <= 'z') ||
	       (byte && strchr("!#$%&'*+-.^_`|~", byte));
}

static bool
is_token(struct text text)
{
	for (size_t i = 0; i < text.length; i++)
		if (!is_token_byte((unsigned char)text.at[i]))
			return false;
	return text.length > 0;
}

static bool
equal_but_case(struct text a, struct text b)
{
	return a.length == b.length && strncasecmp(a.at, b.at, a.length) == 0;
}

static bool
is_blank(char byte)
{
	return byte == ' ' || byte == '\t';
}

static struct text
trim(struct text text)
{
	while (text.length && is_blank(text.at[0])) {
		text.at++;
		text.length--;
	}
	while (text.length && is_blank(text.at[text.length - 1]))
		text.length--;
	return text;
}

/* Cuts off what stands before the byte, and the byte; all when there is none.
 */
static struct text
cut_at(struct text *rest, char byte)
{
	const char *found =
		rest->length ? memchr(rest->at, byte, rest->length) : NULL;
	struct text first = *rest;

	if (found)
		first.length = (size_t)(found - rest->at);
	rest->at += first.length + (found != NULL);
	rest->length -= first.length + (found != NULL);
	return first;
}

/* A line without its CR LF. */
static struct text
cut_line(struct text *rest)
{
	struct text line = cut_at(rest, '\n');

	if (line.length)
		line.length--;
	return line;
}

enum door_head_end
door_head_find_end(struct text bytes, size_t *scanned)
{
	size_t begin = 0;

	/* Empty lines before a request are to be ignored (RFC 9112 2.2). */
	while (begin < bytes.length &&
		(bytes.at[begin] == '\r' || bytes.at[begin] == '\n'))
		begin++;
	if (begin < bytes.length &&
		!is_token_byte((unsigned char)bytes.at[begin]))
		return DOOR_HEAD_BAD;
	for (size_t i = *scanned; i < bytes.length; i++) {
		*scanned = i + 1;
		if (bytes.at[i] != '\n')
			continue;
		if (i == 0 || bytes.at[i - 1] != '\r')
			return DOOR_HEAD_BAD;
		if (i > begin && i >= 3 && bytes.at[i - 2] == '\n')
			return DOOR_HEAD_WHOLE;
	}
	return DOOR_HEAD_MORE;
}

/* "http://host/path" is to be taken as "/path" (RFC 9112 3.2.2). */
static struct text
without_authority(struct text target)
{
	static const struct text schemes[] = {
		{ "http://", 7 },
		{ "https://", 8 },
		{ "ws://", 5 },
		{ "wss://", 6 },
	};

	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		struct text rest = target;

		if (!text_has_prefix(target, schemes[i]))
			continue;
		rest.at += schemes[i].length;
		rest.length -= schemes[i].length;
		cut_at(&rest, '/');
		if (rest.length == 0 && rest.at[-1] != '/')
			return TEXT_LITERAL("/");
		return (struct text){ rest.at - 1, rest.length + 1 };
	}
	return target;
}

static bool
target_read(struct door_head *head, struct text target)
{
	for (size_t i = 0; i < target.length; i++)
		if (target.at[i] <= ' ' || target.at[i] > '~' ||
			target.at[i] == '#')
			return false;
	head->query = without_authority(target);
	head->path = cut_at(&head->query, '?');
	return head->path.length &&
	       (head->path.at[0] == '/' ||
		       text_equal(target, TEXT_LITERAL("*")));
}

static int
request_line_read(struct door_head *head, struct text line)
{
	struct text target;

	head->method = cut_at(&line, ' ');
	target = cut_at(&line, ' ');
	if (!is_token(head->method) || !target_read(head, target))
		return 400;
	if (text_equal(line, TEXT_LITERAL("HTTP/1.1")))
		return 0;
	return text_has_prefix(line, TEXT_LITERAL("HTTP/")) ? 505 : 400;
}

/* Is the word in a list of tokens with commas between? */
static bool
list_has(struct text list, struct text word, bool ignores_case)
{
	while (list.length) {
		struct text item = trim(cut_at(&list, ','));

		if (ignores_case ? equal_but_case(item, word)
				 : text_equal(item, word))
			return true;
	}
	return false;
}

/* The rightmost ones count. */
static void
forwarded_note(struct door_head *head, struct text value)
{
	if (head->forwarded_count == DOOR_FORWARDED_MAX) {
		head->forwarded_count--;
		memmove(head->forwarded, head->forwarded + 1,
			head->forwarded_count * sizeof(head->forwarded[0]));
	}
	head->forwarded[head->forwarded_count++] = value;
}

/* False for a second one of a kind that may stand once. */
static bool
field_note(struct door_head *head, struct text name, struct text value)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		struct text *slot = (void *)((char *)head + fields[i].offset);

		if (!equal_but_case(name, fields[i].name))
			continue;
		if (slot->at)
			return false;
		*slot = value;
		return true;
	}
	if (equal_but_case(name, TEXT_LITERAL("connection")))
		head->asks_upgrade |=
			list_has(value, TEXT_LITERAL("upgrade"), true);
	else if (equal_but_case(name, TEXT_LITERAL("sec-websocket-protocol")))
		head->offers_confab |=
			list_has(value, TEXT_LITERAL("confab.v1"), false);
	else if (equal_but_case(name, TEXT_LITERAL("x-forwarded-for")))
		forwarded_note(head, value);
	else if (equal_but_case(name, TEXT_LITERAL("transfer-encoding")))
		head->is_coded = true;
	return true;
}

/* A line that begins with a blank (obs-fold) has no name, so it is refused. */
static bool
field_read(struct door_head *head, struct text line)
{
	struct text value = line;
	struct text name = cut_at(&value, ':');

	if (name.length == line.length || !is_token(name))
		return false;
	for (size_t i = 0; i < value.length; i++) {
		unsigned char byte = (unsigned char)value.at[i];

		if ((byte < ' ' && byte != '\t') || byte == 0x7f)
			return false;
	}
	return field_note(head, name, trim(value));
}

int
door_head_read(struct door_head *head, struct text bytes)
{
	struct text rest = bytes, line;
	int status;

	*head = (struct door_head){ 0 };
	do {
		line = cut_line(&rest);
	} while (line.length == 0 && rest.length);
	status = request_line_read(head, line);
	if (status)
		return status;
	for (line = cut_line(&rest); line.length; line = cut_line(&rest))
		if (!field_read(head, line))
			return 400;
	return head->host.at ? 0 : 400;
}

static bool
is_key(struct text key)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz"
				     "0123456789+/";

	if (key.length != KEY_LENGTH || memcmp(key.at + 22, "==", 2) != 0)
		return false;
	for (size_t i = 0; i < KEY_LENGTH - 2; i++)
		if (!key.at[i] || !strchr(digits, key.at[i]))
			return false;
	return true;
}

static bool
is_zero(struct text number)
{
	for (size_t i = 0; i < number.length; i++)
		if (number.at[i] != '0')
			return false;
	return number.length > 0;
}

bool
door_head_wants_websocket(const struct door_head *head)
{
	return head->asks_upgrade &&
	       equal_but_case(head->upgrade, TEXT_LITERAL("websocket"));
}

int
door_head_judge(const struct door_head *head)
{
	if (!text_equal(head->method, TEXT_LITERAL("GET")))
		return 405;
	if (!door_head_wants_websocket(head))
		return 426;
	if (!text_equal(head->version, TEXT_LITERAL("13")))
		return 426;
	if (head->is_coded)
		return head->length.at ? 400 : 411;
	if (head->length.at && !is_zero(head->length))
		return 400;
	return is_key(head->key) ? 101 : 400;
}
