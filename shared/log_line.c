#include "shared/log_line.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "shared/text.h"

/* Room for what stands behind a message, and for one escape before it. */
#define TAIL_BYTES 16

#define CUT "…"

static const struct {
	const char *name;
	int priority; /* of syslog(3) */
} levels[] = {
	[LOG_LEVEL_ERROR] = { "error", 3 },
	[LOG_LEVEL_WARNING] = { "warning", 4 },
	[LOG_LEVEL_INFO] = { "info", 6 },
	[LOG_LEVEL_DEBUG] = { "debug", 7 },
};

__attribute__((format(printf, 2, 3))) static void
add(struct log_line *line, const char *format, ...)
{
	size_t room = sizeof(line->bytes) - line->length;
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(line->bytes + line->length, room, format, args);
	va_end(args);
	if (length > 0 && (size_t)length < room)
		line->length += (size_t)length;
}

static void
add_time(struct log_line *line)
{
	struct timespec now;
	struct tm parts;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &parts);
	line->length += strftime(
		line->bytes + line->length, 32, "%Y-%m-%dT%H:%M:%S", &parts);
	add(line, ".%03ldZ", now.tv_nsec / 1000000);
}

/* How long is the character that begins here? 0: it is none, or a control
 * character of two bytes. */
static size_t
character_bytes(const char *at)
{
	unsigned char lead = (unsigned char)*at;
	size_t bytes = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

	if (strnlen(at, bytes) < bytes ||
		!text_is_utf8((struct text){ at, bytes }) ||
		(lead == 0xc2 && (unsigned char)at[1] < 0xa0))
		return 0;
	return bytes;
}

static void
add_message(struct log_line *line, const char *at, bool is_json)
{
	while (*at) {
		size_t bytes = character_bytes(at);
		unsigned char byte = (unsigned char)*at;

		if (line->length > sizeof(line->bytes) - TAIL_BYTES) {
			add(line, CUT);
			return;
		}
		if (bytes == 0)
			add(line, is_json ? "\\\\x%02x" : "\\x%02x", byte);
		else if (byte < 0x20 || byte == 0x7f)
			add(line, is_json ? "\\u%04x" : "\\x%02x", byte);
		else if (byte == '\\' || (is_json && byte == '"'))
			add(line, "\\%c", byte);
		else
			add(line, "%.*s", (int)bytes, at);
		at += bytes ? bytes : 1;
	}
}

static void
make_json(struct log_line *line, const struct log_facts *facts)
{
	add(line, "{");
	if (!facts->is_for_journal) {
		add(line, "\"time\":\"");
		add_time(line);
		add(line, "\",");
	}
	add(line, "\"level\":\"%s\",\"process\":\"", levels[facts->level].name);
	add_message(line, facts->process, true);
	add(line, "\",\"pid\":%d,\"message\":\"", facts->pid);
	add_message(line, facts->message, true);
	add(line, "\"}");
}

static void
make_text(struct log_line *line, const struct log_facts *facts)
{
	if (!facts->is_for_journal) {
		add_time(line);
		add(line, " %s ", levels[facts->level].name);
	}
	add_message(line, facts->process, false);
	add(line, "[%d]: ", facts->pid);
	add_message(line, facts->message, false);
}

void
log_line_make(struct log_line *line, const struct log_facts *facts)
{
	line->length = 0;
	if (facts->is_for_journal)
		add(line, "<%d>", levels[facts->level].priority);
	if (facts->format == LOG_FORMAT_JSON)
		make_json(line, facts);
	else
		make_text(line, facts);
	add(line, "\n");
}
