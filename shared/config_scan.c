/*
 * A walk over the text of a configuration file that knows only where names,
 * values and braces stand. libconfuse stops at the first name that it does not
 * know and cannot skip every form of statement, so unknown ones are told here
 * and overwritten with blanks (newlines stay, so that lines keep their
 * numbers). What the walk does not understand it leaves to libconfuse, which
 * says why.
 */
#include "shared/config_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base.h"

enum token {
	TOKEN_END,
	TOKEN_WORD, /* bare or in quotes */
	TOKEN_MARK, /* one of = { } ( ) , + */
};

#define BARE_ENDS " \t\r\n\"'={}()+,"
#define TITLE_BYTES 4352 /* of a key: a path */

struct scan {
	struct reading *reading;
	const char *file;
	char *at;
	int line;
	/* The token that was read last. */
	enum token token;
	char *start;
	int start_line;
	bool is_stopped;
};

static void
blank(char *from, const char *to)
{
	for (; from < to; from++)
		if (*from != '\n')
			*from = ' ';
}

static void
skip_line(struct scan *scan)
{
	char *start = scan->at;

	scan->at += strcspn(scan->at, "\n");
	blank(start, scan->at);
}

static void
skip_comment(struct scan *scan)
{
	char *end = strstr(scan->at + 2, "*/");
	char *stop = end ? end + 2 : scan->at + strlen(scan->at);

	blank(scan->at, stop);
	for (; scan->at < stop; scan->at++)
		scan->line += *scan->at == '\n';
}

static void
skip_space(struct scan *scan)
{
	for (;;) {
		if (*scan->at == '#' || strncmp(scan->at, "//", 2) == 0)
			skip_line(scan);
		else if (strncmp(scan->at, "/*", 2) == 0)
			skip_comment(scan);
		else if (*scan->at && strchr(" \t\r\n", *scan->at))
			scan->line += *scan->at++ == '\n';
		else
			return;
	}
}

static void
skip_quoted(struct scan *scan)
{
	char quote = *scan->at++;

	for (; *scan->at && *scan->at != quote; scan->at++) {
		if (*scan->at == '\\' && scan->at[1])
			scan->at++;
		scan->line += *scan->at == '\n';
	}
	if (*scan->at)
		scan->at++;
	else
		config_complain(scan->reading,
			(struct place){ scan->file, scan->start_line },
			"a text begins here and is never closed");
}

static enum token
next(struct scan *scan)
{
	skip_space(scan);
	scan->start = scan->at;
	scan->start_line = scan->line;
	if (*scan->at == 0)
		return scan->token = TOKEN_END;
	if (*scan->at == '"' || *scan->at == '\'') {
		skip_quoted(scan);
		return scan->token = TOKEN_WORD;
	}
	if (strchr("={}()+,", *scan->at)) {
		scan->at++;
		return scan->token = TOKEN_MARK;
	}
	scan->at += MAX_OF(strcspn(scan->at, BARE_ENDS), 1);
	return scan->token = TOKEN_WORD;
}

static bool
is_mark(const struct scan *scan, char mark)
{
	return scan->token == TOKEN_MARK && *scan->start == mark;
}

/* What a word says, without its quotes; escapes stay as they are written. */
static void
word(const struct scan *scan, char *out, size_t bytes)
{
	const char *from = scan->start, *to = scan->at;

	if (*from == '"' || *from == '\'') {
		from++;
		to -= to - 1 > from - 1 && to[-1] == *scan->start;
	}
	snprintf(out, bytes, "%.*s", (int)MAX_OF(to - from, 0), from);
}

/* The text makes no sense from here on, which libconfuse will say. */
static void
stop(struct scan *scan)
{
	scan->at += strlen(scan->at);
	scan->is_stopped = true;
}

static struct place
place_of(const struct scan *scan)
{
	return (struct place){ scan->file, scan->start_line };
}

/* Behind the brace that closes the one just read. */
static void
skip_braces(struct scan *scan)
{
	for (int depth = 1; depth > 0 && next(scan) != TOKEN_END;) {
		depth += is_mark(scan, '{');
		depth -= is_mark(scan, '}');
	}
}

/* The statement behind a name whose next token was just read; ends behind it.
 */
static void
skip_statement(struct scan *scan)
{
	bool is_section = is_mark(scan, '{');

	if (is_mark(scan, '(')) {
		while (next(scan) != TOKEN_END && !is_mark(scan, ')'))
			;
		return;
	}
	if (is_mark(scan, '+'))
		next(scan);
	if (is_mark(scan, '=') || scan->token == TOKEN_WORD) {
		bool is_title = scan->token == TOKEN_WORD;

		next(scan);
		is_section = is_mark(scan, '{');
		if (!is_section && (is_title || scan->token != TOKEN_WORD))
			stop(scan);
	} else if (!is_section) {
		stop(scan);
	}
	if (is_section)
		skip_braces(scan);
}

static void
refuse(struct scan *scan, char *start, struct place place, const char *name,
	enum section_kind kind)
{
	config_complain(scan->reading, place, "unknown %s '%s'%s",
		is_mark(scan, '{') || scan->token == TOKEN_WORD ? "section"
								: "option",
		name, config_sections[kind].inside);
	skip_statement(scan);
	blank(start, scan->at);
}

static size_t
add_section(struct scan *scan, enum section_kind kind, const char *title,
	struct place place)
{
	struct reading *reading = scan->reading;
	size_t count = reading->section_count;
	bool is_repeated = false;

	for (size_t i = 1; i < count && !is_repeated; i++) {
		const struct section *other = &reading->sections[i];

		is_repeated =
			other->kind == kind && strcmp(other->title, title) == 0;
		if (is_repeated)
			config_complain(reading, place,
				"'%s' was described before, in %s:%d", title,
				other->place.file, other->place.line);
	}
	reading->sections = base_realloc(
		reading->sections, (count + 1) * sizeof(struct section));
	reading->sections[count] = (struct section){ kind, base_strdup(title),
		place, is_repeated, reading->setting_count };
	reading->section_count++;
	return count;
}

static void
add_setting(
	struct scan *scan, size_t section, const char *name, struct place place)
{
	struct reading *reading = scan->reading;
	size_t count = reading->setting_count;
	const struct setting *other =
		config_find_setting(reading, section, name);

	if (other) {
		config_complain(reading, place, "%s was set before, in %s:%d",
			name, other->place.file, other->place.line);
		return;
	}
	reading->settings = base_realloc(
		reading->settings, (count + 1) * sizeof(struct setting));
	reading->settings[count] = (struct setting){
		.section = section, .name = base_strdup(name), .place = place
	};
	reading->setting_count++;
}

static void
include_file(struct scan *scan, char *start)
{
	struct reading *reading = scan->reading;
	char name[4096];

	if (next(scan) != TOKEN_WORD)
		return;
	word(scan, name, sizeof(name));
	for (size_t i = 0; i < reading->file_count; i++)
		if (strcmp(reading->files[i], name) == 0) {
			config_complain(reading, place_of(scan),
				"%s is included twice", name);
			return;
		}
	reading->files = base_realloc(
		reading->files, (reading->file_count + 1) * sizeof(char *));
	reading->files[reading->file_count++] = base_strdup(name);
	while (next(scan) != TOKEN_END && !is_mark(scan, ')'))
		;
	blank(start, scan->at);
}

static void scan_statements(struct scan *scan, size_t section);

static void
scan_section(struct scan *scan, enum section_kind kind, struct place place)
{
	char title[TITLE_BYTES];
	size_t section;

	if (!config_sections[kind].has_title) {
		snprintf(
			title, sizeof(title), "%s", config_sections[kind].name);
	} else if (scan->token != TOKEN_WORD) {
		stop(scan);
		return;
	} else {
		word(scan, title, sizeof(title));
		next(scan);
	}
	if (!is_mark(scan, '{')) {
		stop(scan);
		return;
	}
	section = add_section(scan, kind, title, place);
	scan_statements(scan, section);
}

/* A name was read, and the token behind it. */
static void
scan_statement(struct scan *scan, size_t section, char *start,
	struct place place, const char *name)
{
	enum section_kind kind = scan->reading->sections[section].kind;
	bool is_global = kind == SECTION_GLOBAL;
	enum section_kind begun = config_section_kind(name);

	if (begun == SECTION_SECRET && !scan->reading->is_ours)
		begun = SECTION_GLOBAL;

	if (is_global && strcmp(name, "include") == 0 && is_mark(scan, '('))
		include_file(scan, start);
	else if (is_global && begun != SECTION_GLOBAL)
		scan_section(scan, begun, place);
	else if (!config_option(kind, name))
		refuse(scan, start, place, name, kind);
	else if (is_mark(scan, '=') || is_mark(scan, '+')) {
		add_setting(scan, section, name, place);
		skip_statement(scan);
	} else {
		stop(scan);
	}
}

/* Until the end of the text, or behind the brace that ends the section. */
static void
scan_statements(struct scan *scan, size_t section)
{
	char name[TITLE_BYTES];

	while (next(scan) != TOKEN_END) {
		struct place place = place_of(scan);
		char *start = scan->start;

		if (is_mark(scan, '}') && section != 0)
			return;
		if (scan->token != TOKEN_WORD)
			continue;
		word(scan, name, sizeof(name));
		next(scan);
		scan_statement(scan, section, start, place, name);
	}
	if (section != 0 && !scan->is_stopped)
		config_complain(scan->reading,
			scan->reading->sections[section].place,
			"'%s' has no closing brace",
			scan->reading->sections[section].title);
}

void
config_scan(struct reading *reading, const char *file, char *text)
{
	struct scan scan = {
		.reading = reading, .file = file, .at = text, .line = 1
	};

	scan_statements(&scan, 0);
}
