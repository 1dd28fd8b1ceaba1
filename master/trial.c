/*
 * The server lists its options as we list ours, so the two lists are compared
 * by name. One of another version may have options that we lack, or the other
 * way round; about those a reload of its own decides, so nothing is said.
 */
#include "master/trial.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "master/words_same.h"
#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/call.h"
#include "shared/config.h"
#include "shared/text.h"

#define ANSWER_SECONDS 3
#define PATH_BYTES_MAX 3900 /* with the rest it is one line of the socket */

struct option {
	struct text name;    /* with its section's */
	struct text section; /* "listener public"; empty: global */
	struct text value;
	bool is_live;
};

struct list {
	struct option *options;
	size_t count;
};

static struct text
section_of(struct text name)
{
	for (size_t i = name.length; i-- > 1;)
		if (name.at[i] == ' ' && name.at[i - 1] == ':')
			return (struct text){ name.at, i - 1 };
	return TEXT_LITERAL("");
}

static struct option *
add(struct list *list)
{
	list->options = base_realloc(
		list->options, (list->count + 1) * sizeof(*list->options));
	return &list->options[list->count++];
}

/* Takes what stands before the mark, and the mark. */
static struct text
take(struct text *rest, char mark)
{
	const char *end =
		rest->length ? memchr(rest->at, mark, rest->length) : NULL;
	struct text part = { rest->at,
		end ? (size_t)(end - rest->at) : rest->length };

	rest->at += part.length + (end ? 1 : 0);
	rest->length -= part.length + (end ? 1 : 0);
	return part;
}

/* The first line names the columns. */
static void
read_answer(struct list *list, struct text answer)
{
	take(&answer, '\n');
	while (answer.length > 0) {
		struct text line = take(&answer, '\n');
		struct text name = take(&line, '\t');

		*add(list) = (struct option){
			.name = name,
			.section = section_of(name),
			.value = take(&line, '\t'),
		};
	}
}

/* Its texts are gone when this returns. */
static void
add_own(void *self, const struct config_listing *listing)
{
	struct text name = text_of(base_strdup(listing->name));

	*add(self) = (struct option){
		.name = name,
		.section = section_of(name),
		.value = text_of(base_strdup(listing->value)),
		.is_live = listing->is_live,
	};
}

static const struct option *
find(const struct list *list, struct text name)
{
	for (size_t i = 0; i < list->count; i++)
		if (text_equal(list->options[i].name, name))
			return &list->options[i];
	return NULL;
}

static bool
has_section(const struct list *list, struct text section)
{
	for (size_t i = 0; i < list->count; i++)
		if (text_equal(list->options[i].section, section))
			return true;
	return false;
}

/* Sections that only one of the two lists has. */
static void
tell_sections(
	const struct list *those, const struct list *others, const char *words)
{
	struct text told = TEXT_LITERAL("");

	for (size_t i = 0; i < those->count; i++) {
		struct text section = those->options[i].section;

		if (text_equal(section, told) || has_section(others, section))
			continue;
		printf("live: %.*s: %s\n", TEXT_ARGS(section), words);
		told = section;
	}
}

static void
tell_options(const struct list *running, const struct list *tested)
{
	for (size_t i = 0; i < tested->count; i++) {
		const struct option *new = &tested->options[i];
		const struct option *old = find(running, new->name);

		if (!old || text_equal(old->value, new->value))
			continue;
		printf("%s: %.*s: %.*s -> %.*s\n",
			new->is_live ? "live" : "restart", TEXT_ARGS(new->name),
			TEXT_ARGS(old->value), TEXT_ARGS(new->value));
	}
}

static int
call_server(const struct config *config)
{
	char *path;
	int fd;

	must(asprintf(&path, "%s/status.sock", config->run_dir) >= 0);
	fd = call_open(path, ANSWER_SECONDS);
	free(path);
	return fd;
}

static bool
ask(int fd, struct text line, struct buffer *answer)
{
	buffer_clear(answer, SIZE_MAX);
	return call_ask(fd, line, answer) &&
	       !call_is_refused(buffer_text(answer));
}

/* A file that an option names, and had before, but which holds something else.
 * Only the owner of the server and root are told. */
static void
tell_contents(int fd, const struct config *config)
{
	struct buffer line = { 0 }, answer = { 0 };

	for (size_t i = 0; i < config->secret_count; i++) {
		const struct secret *secret = &config->secrets[i];

		if (!text_is_name(text_of(secret->path), 1, PATH_BYTES_MAX))
			continue;
		buffer_clear(&line, SIZE_MAX);
		words_same_ask(secret, &line);
		if (!ask(fd, buffer_text(&line), &answer))
			break;
		if (text_equal(buffer_text(&answer), text_of(words_same_other)))
			printf("live: %s: other content\n", secret->path);
	}
	buffer_fini(&line);
	buffer_fini(&answer);
}

void
trial_compare(const struct config *config)
{
	struct list running = { 0 }, tested = { 0 };
	struct buffer answer = { 0 };
	int fd = call_server(config);

	if (fd >= 0 && ask(fd, TEXT_LITERAL("show config\n"), &answer)) {
		read_answer(&running, buffer_text(&answer));
		config_list(config, add_own, &tested);
		tell_options(&running, &tested);
		tell_sections(&tested, &running, "added");
		tell_sections(&running, &tested, "removed");
		tell_contents(fd, config);
	}
	if (fd >= 0)
		close(fd);
	for (size_t i = 0; i < tested.count; i++) {
		free((void *)tested.options[i].name.at);
		free((void *)tested.options[i].value.at);
	}
	free(tested.options);
	free(running.options);
	buffer_fini(&answer);
}
