#include "worker/api/intake_head.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <event2/http.h>

#include "shared/base.h"
#include "shared/buffer.h"

#define FIELDS_MAX 100
#define TARGET_BYTES_MAX (64 * 1024)

static const struct text methods[] = {
	{ "GET", 3 },
	{ "HEAD", 4 },
	{ "POST", 4 },
	{ "PUT", 3 },
	{ "DELETE", 6 },
	{ "OPTIONS", 7 },
	{ "PATCH", 5 },
};

struct reading {
	struct intake_head *head;
	struct buffer *out;
	unsigned fields, hosts;
	bool is_coded;
};

static void
refuse(struct intake_head *head, int status, const char *why)
{
	if (head->status)
		return;
	head->status = status;
	head->why = why;
}

/* RFC 9110 5.6.2 */
static bool
is_token(struct text text)
{
	for (size_t i = 0; i < text.length; i++) {
		char byte = text.at[i];

		if (!(byte >= '0' && byte <= '9') &&
			!(byte >= 'A' && byte <= 'Z') &&
			!(byte >= 'a' && byte <= 'z') &&
			(byte == 0 || !strchr("!#$%&'*+-.^_`|~", byte)))
			return false;
	}
	return text.length > 0;
}

static bool
has_control(struct text text)
{
	for (size_t i = 0; i < text.length; i++) {
		unsigned char byte = (unsigned char)text.at[i];

		if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
			return true;
	}
	return false;
}

static bool
is_word(struct text text, const char *word)
{
	return text.length == strlen(word) &&
	       strncasecmp(text.at, word, text.length) == 0;
}

static struct text
trim(struct text text)
{
	while (text.length && (text.at[0] == ' ' || text.at[0] == '\t')) {
		text.at++;
		text.length--;
	}
	while (text.length && (text.at[text.length - 1] == ' ' ||
				      text.at[text.length - 1] == '\t'))
		text.length--;
	return text;
}

/* Cuts off what stands before the byte, and the byte; false: it is not there.
 */
static bool
cut(struct text *rest, char byte, struct text *first)
{
	const char *found =
		rest->length ? memchr(rest->at, byte, rest->length) : NULL;

	if (!found)
		return false;
	*first = (struct text){ rest->at, (size_t)(found - rest->at) };
	rest->at += first->length + 1;
	rest->length -= first->length + 1;
	return true;
}

static bool
is_known_method(struct text method)
{
	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		if (text_equal(methods[i], method))
			return true;
	return false;
}

/* What evhttp makes of it later must not fail. */
static bool
is_target(struct text target)
{
	struct evhttp_uri *uri;
	char *words;

	if (target.length == 0 || target.length > TARGET_BYTES_MAX ||
		has_control(target) || memchr(target.at, '\t', target.length))
		return false;
	words = base_alloc_zeroed(1, target.length + 1);
	memcpy(words, target.at, target.length);
	uri = evhttp_uri_parse_with_flags(words, EVHTTP_URI_NONCONFORMANT);
	free(words);
	if (!uri)
		return false;
	evhttp_uri_free(uri);
	return true;
}

static void
read_version(struct intake_head *head, struct text version)
{
	bool is_http = version.length == 8 &&
		       strncmp(version.at, "HTTP/", 5) == 0 &&
		       version.at[6] == '.' && version.at[5] >= '0' &&
		       version.at[5] <= '9' && version.at[7] >= '0' &&
		       version.at[7] <= '9';

	if (!is_http)
		refuse(head, 400, "this is no HTTP request");
	else if (version.at[5] != '1')
		refuse(head, 505, "this speaks HTTP/1.1 and HTTP/1.0");
	else
		head->is_old = version.at[7] == '0';
}

static void
read_first_line(struct reading *reading, struct text line)
{
	struct text method, target;

	if (!cut(&line, ' ', &method) || !cut(&line, ' ', &target) ||
		!is_token(method)) {
		refuse(reading->head, 400, "this is no HTTP request");
		return;
	}
	read_version(reading->head, line);
	if (!is_target(target))
		refuse(reading->head, 400, "the address cannot be read");
	else if (!is_known_method(method))
		refuse(reading->head, 501, "no address knows that method");
}

static void
read_length(struct reading *reading, struct text value)
{
	struct intake_head *head = reading->head;

	if (head->has_length || value.length == 0 || value.length > 18)
		refuse(head, 400, "Content-Length must be one number");
	head->has_length = true;
	head->length = 0;
	for (size_t i = 0; i < value.length && !head->status; i++) {
		if (value.at[i] < '0' || value.at[i] > '9')
			refuse(head, 400, "Content-Length must be one number");
		head->length =
			head->length * 10 + (uint64_t)(value.at[i] - '0');
	}
}

static void
read_coding(struct reading *reading, struct text value)
{
	if (reading->is_coded)
		refuse(reading->head, 400, "Transfer-Encoding stands twice");
	else if (!is_word(value, "chunked"))
		refuse(reading->head, 501,
			"chunked is the only Transfer-Encoding here");
	reading->is_coded = true;
	reading->head->is_chunked = true;
}

static void
read_expectation(struct reading *reading, struct text value)
{
	if (!is_word(value, "100-continue"))
		refuse(reading->head, 417, "this expects what nobody does");
	reading->head->asks_to_continue = true;
}

static void
read_host(struct reading *reading, struct text value)
{
	(void)value;
	if (++reading->hosts > 1)
		refuse(reading->head, 400, "Host stands twice");
}

static void
read_trailer(struct reading *reading, struct text value)
{
	(void)reading;
	(void)value;
}

/* Fields that say how the request comes; but for Host they end here. */
static const struct field {
	const char *name;
	bool is_kept;
	void (*read)(struct reading *reading, struct text value);
} fields[] = {
	{ "Content-Length", false, read_length },
	{ "Transfer-Encoding", false, read_coding },
	{ "Expect", false, read_expectation },
	{ "Trailer", false, read_trailer },
	{ "Host", true, read_host },
};

static void
read_field(struct reading *reading, struct text line)
{
	struct text value = line, name;
	bool is_kept = true;

	if (++reading->fields > FIELDS_MAX)
		refuse(reading->head, 431, "the head has too many fields");
	if (!cut(&value, ':', &name) || !is_token(name) || has_control(value)) {
		refuse(reading->head, 400,
			"a line of the head is no field of a head");
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		if (!is_word(name, fields[i].name))
			continue;
		fields[i].read(reading, trim(value));
		is_kept = fields[i].is_kept;
	}
	if (!is_kept)
		return;
	buffer_add_text(reading->out, line);
	buffer_add_string(reading->out, "\r\n");
}

static void
judge(struct reading *reading)
{
	struct intake_head *head = reading->head;

	if (head->is_chunked && head->has_length)
		refuse(head, 400,
			"Content-Length and Transfer-Encoding exclude each "
			"other");
	if (head->is_chunked && head->is_old)
		refuse(head, 400, "HTTP/1.0 knows no Transfer-Encoding");
	if (!head->is_old && reading->hosts == 0)
		refuse(head, 400, "Host is missing");
	if (head->is_old)
		head->asks_to_continue = false;
}

/* A line without its CR LF. */
static bool
cut_line(struct text *rest, struct text *line)
{
	if (!cut(rest, '\n', line) || line->length == 0 ||
		line->at[line->length - 1] != '\r')
		return false;
	line->length--;
	return true;
}

void
intake_head_read(
	struct intake_head *head, struct text bytes, struct buffer *out)
{
	struct reading reading = { .head = head, .out = out };
	struct text line;

	*head = (struct intake_head){ 0 };
	if (!cut_line(&bytes, &line)) {
		refuse(head, 400, "this is no HTTP request");
		return;
	}
	read_first_line(&reading, line);
	buffer_add_text(out, line);
	buffer_add_string(out, "\r\n");
	while (!head->status && cut_line(&bytes, &line) && line.length)
		read_field(&reading, line);
	judge(&reading);
	buffer_add_string(out, "Content-Length: 0\r\n\r\n");
}
