#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/address.h"
#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/config.h"
#include "shared/config_parts.h"
#include "shared/profiles.h"

static char directory[64];
static char said[16384]; /* what config_read() printed */

static char *
path_of(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static int
set_up(void **state)
{
	(void)state;
	snprintf(directory, sizeof(directory), "/tmp/confab-config-XXXXXX");
	return mkdtemp(directory) ? 0 : -1;
}

static int
tear_down(void **state)
{
	DIR *listing = opendir(directory);
	const struct dirent *entry;

	(void)state;
	assert_non_null(listing);
	while ((entry = readdir(listing)))
		if (entry->d_name[0] != '.')
			unlink(path_of(entry->d_name));
	closedir(listing);
	return rmdir(directory);
}

static void
put_bytes(const char *name, const void *data, size_t length)
{
	FILE *file = fopen(path_of(name), "w");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, length, file), length);
	fclose(file);
}

static void
put(const char *name, const char *text)
{
	put_bytes(name, text, strlen(text));
}

/* Reads the file; what goes to stderr meanwhile goes to said[]. */
static struct config *
read_path(const char *path)
{
	FILE *capture = tmpfile();
	int old = dup(STDERR_FILENO);
	struct config *config;
	size_t length;

	assert_non_null(capture);
	fflush(stderr);
	dup2(fileno(capture), STDERR_FILENO);
	config = config_read(path);
	fflush(stderr);
	dup2(old, STDERR_FILENO);
	close(old);
	rewind(capture);
	length = fread(said, 1, sizeof(said) - 1, capture);
	said[length] = 0;
	fclose(capture);
	return config;
}

static struct config *
read_text(const char *text)
{
	put("confab.conf", text);
	return read_path(path_of("confab.conf"));
}

static void
expect_good(struct config *config)
{
	if (!config)
		print_error("%s", said);
	assert_non_null(config);
	assert_string_equal(said, "");
}

/* The text is refused, and a line "confab.conf:LINE: WORDS" stands in what is
 * said. */
static void
expect_bad(const char *text, int line, const char *words)
{
	struct config *config = read_text(text);
	char expected[512];

	assert_null(config);
	snprintf(expected, sizeof(expected), "%s/confab.conf:%d: %s", directory,
		line, words);
	if (!strstr(said, expected)) {
		print_error("expected: %s\nsaid: %s\n", expected, said);
		fail();
	}
}

static unsigned
lines_said(void)
{
	unsigned count = 0;

	for (const char *at = said; *at; at++)
		count += *at == '\n';
	return count;
}

static void
an_empty_file_gives_the_defaults(void **state)
{
	struct config *config = read_text("");

	(void)state;
	expect_good(config);
	assert_int_equal(config->host_id, 1);
	assert_string_equal(config->run_dir, "/run/confab");
	assert_int_equal(config->max_message_bytes, 65536);
	assert_int_equal(config->ping_seconds, 25000);
	assert_true(config->history);
	assert_false(config->insecure);
	assert_string_equal(config->relay.listen, "");
	assert_int_equal(config->durability, DURABILITY_COMMIT);
	assert_int_equal(config->limits.messages_per_second, 50);
	assert_int_equal(config->limits.burst, 100);
	assert_int_equal(config->inbox.keep_messages, 100000);
	assert_true(config->inbox.history);
	assert_false(config->inbox.search);
	assert_int_equal(config->listener_count, 2);
	assert_string_equal(config->listeners[0].address, "127.0.0.1:8089");
	assert_string_equal(config->listeners[0].profiles[0], "confab");
	assert_int_equal(config->listeners[1].role, LISTENER_API);
	assert_false(config->listeners[1].pages);
	assert_true(config_gateways(config) >= 1);
	config_free(&config);
	assert_null(config);
}

static void
values_of_every_type_are_read(void **state)
{
	struct config *config = read_text("host_id = 1023\n"
					  "gateways = 3\n"
					  "run_dir = \"/tmp/a b\"\n"
					  "max_message_bytes = 32K\n"
					  "outbox_bytes = 1m\n"
					  "ping_seconds = 1500ms\n"
					  "idle_seconds = 2h\n"
					  "stop_seconds = 7\n"
					  "history = off\n"
					  "durability = fsync\n"
					  "log_level = \"debug\"\n"
					  "log_format = 'json'\n");

	(void)state;
	expect_good(config);
	assert_int_equal(config->host_id, 1023);
	assert_int_equal(config_gateways(config), 3);
	assert_string_equal(config->run_dir, "/tmp/a b");
	assert_int_equal(config->max_message_bytes, 32768);
	assert_int_equal(config->outbox_bytes, 1048576);
	assert_int_equal(config->ping_seconds, 1500);
	assert_int_equal(config->idle_seconds, 7200000);
	assert_int_equal(config->stop_seconds, 7000);
	assert_false(config->history);
	assert_int_equal(config->durability, DURABILITY_FSYNC);
	assert_int_equal(config->log_level, 3);
	assert_int_equal(config->log_format, 1);
	config_free(&config);
}

static void
a_listener_has_its_options(void **state)
{
	struct config *config =
		read_text("listener public {\n"
			  "  address = \"[::1]:8089\"\n"
			  "  role = websocket\n"
			  "  profiles = {\"confab\"}\n"
			  "  origins = {\"https://a.example\", "
			  "\"https://b.example\"}\n"
			  "}\n"
			  "listener backend { address = \"unix:/tmp/x.sock\" "
			  "role = api pages = false }\n");

	(void)state;
	expect_good(config);
	assert_int_equal(config->listener_count, 2);
	assert_string_equal(config->listeners[0].name, "public");
	assert_int_equal(config->listeners[0].origin_count, 2);
	assert_string_equal(
		config->listeners[0].origins[1], "https://b.example");
	assert_int_equal(config->listeners[0].profile_count, 1);
	assert_int_equal(config->listeners[1].role, LISTENER_API);
	assert_false(config->listeners[1].pages);
	assert_int_equal(config->listeners[1].origin_count, 0);
	config_free(&config);
}

static void
limits_and_inbox_have_their_options(void **state)
{
	struct config *config = read_text("limits {\n"
					  "	messages_per_second = 7\n"
					  "	connections_per_ip = 3\n"
					  "}\n"
					  "inbox { keep_messages = 5 "
					  "keep_seconds = 2d search = true }\n"
					  "apis = 2\n");

	(void)state;
	expect_good(config);
	assert_int_equal(config->limits.messages_per_second, 7);
	assert_int_equal(config->limits.connections_per_ip, 3);
	assert_int_equal(config->limits.rooms_per_connection, 128);
	assert_int_equal(config->inbox.keep_messages, 5);
	assert_int_equal(config->inbox.keep_seconds, 2 * 86400000);
	assert_true(config->inbox.search);
	assert_int_equal(config->apis, 2);
	assert_ptr_equal(
		config_stream_class(config, 'i', (struct text){ "u", 1 }),
		&config->inbox);
	config_free(&config);
	expect_bad("limits {\nburst = 0\n}", 2,
		"burst = 0: must be a whole number, from 1 to 1000000");
	expect_bad(
		"limits {\napis = 1\n}", 2, "unknown option 'apis' in limits");
	expect_bad("inbox {\n\nhistory = true\n}", 3,
		"unknown option 'history' in inbox");
	expect_bad("burst = 1\n", 1, "unknown option 'burst'");
	expect_bad("limits x {\n}\n", 1, "missing opening brace");
	expect_bad("inbox = 1\n", 1, "missing opening brace");
	expect_bad("apis = 2\nlimits {\nburst = 3\n", 2,
		"'limits' has no closing brace");
}

static void
find_log_level(void *self, const struct config_listing *listing)
{
	char *found = self;

	if (strcmp(listing->name, "log_level") == 0)
		snprintf(
			found, 64, "%s by %s", listing->value, listing->origin);
}

static void
an_option_is_overridden_until_the_file_is_read_again(void **state)
{
	struct config *config = read_text("apis = 2\n");
	char why[128] = "", found[64] = "";

	(void)state;
	expect_good(config);
	assert_false(config_override(
		config, "log_level", "loud", "me", why, sizeof(why)));
	assert_string_equal(why, "must be one of: error warning info debug");
	config_list(config, find_log_level, found);
	assert_string_equal(found, "info by default");
	for (int i = 0; i < 2; i++)
		assert_true(config_override(config, "log_level",
			i ? "error" : "debug", i ? "you" : "me", why,
			sizeof(why)));
	config_list(config, find_log_level, found);
	assert_string_equal(found, "error by you");
	assert_int_equal(config->apis, 2);
	config_free(&config);
}

static void
a_wrong_value_tells_its_line_and_what_is_allowed(void **state)
{
	(void)state;
	expect_bad("# one\n\n/* two\nlines */\nhost_id = 5000\n", 5,
		"host_id = 5000: must be a whole number, from 1 to 1023");
	expect_bad("gateways = many", 1, "gateways = many: must be a whole");
	expect_bad("gateways = -1", 1, "gateways = -1: must be");
	expect_bad("gateways = 99999999999999999999", 1, "gateways = 9999");
	expect_bad("max_message_bytes = 17M", 1,
		"max_message_bytes = 17M: must be a size in bytes, or with K, "
		"M or G, from 128 to 16M");
	expect_bad("outbox_bytes = 9223372036854775807G", 1, "outbox_bytes");
	expect_bad("ping_seconds = 25 \nidle_seconds = 3y", 2,
		"idle_seconds = 3y: must be a time in seconds, or with ms, s, "
		"m, h or d, from 0 to 1d");
	expect_bad("history = 1", 1, "history = 1: must be true or false");
	expect_bad("durability = always", 1,
		"durability = always: must be one of: commit fsync");
	expect_bad("log_level = inf", 1, "log_level = inf: must be one of");
}

static void
an_unknown_name_is_an_error(void **state)
{
	(void)state;
	expect_bad("\ngatways = 3\n", 2, "unknown option 'gatways'");
	expect_bad("a = {1, 2}\nb += {3}\nc \"t\" { d = 1 e { f = {2} } }\n", 3,
		"unknown section 'c'");
	assert_int_equal(lines_said(), 3);
	expect_bad("listener x { address = \"127.0.0.1:80\"\n speed = 3 }", 2,
		"unknown option 'speed' in a listener");
	expect_bad("room \"*\" { slowly = \"close\" }", 1,
		"unknown option 'slowly' in a room");
}

static void
all_errors_are_told_at_once_in_their_order(void **state)
{
	const char *last = said;

	(void)state;
	expect_bad("host_id = 0\n"
		   "nonsense = 1\n"
		   "listener a { address = \"here\" }\n"
		   "history = perhaps\n"
		   "listener b { role = ftp address = \"127.0.0.1:1\" }\n"
		   "room \"a*b\" { }\n"
		   "limits { burst = {1} }\n",
		3, "address = here: must be like 127.0.0.1:8089");
	assert_int_equal(lines_said(), 7);
	for (int i = 1; i <= 7; i++) {
		char mark[32];

		snprintf(mark, sizeof(mark), "confab.conf:%d: ", i);
		last = strstr(last, mark);
		assert_non_null(last);
	}
}

static void
broken_syntax_is_an_error_with_its_line(void **state)
{
	(void)state;
	expect_bad("apis = 1\ngateways 3\nfoo = 1", 2, "missing equal sign");
	expect_bad("apis = 1\n}\n", 2, "unexpected closing brace");
	expect_bad("listener x {\naddress = \"127.0.0.1:1\"\n", 1,
		"'x' has no closing brace");
	expect_bad("listener { }", 1, "missing title");
	expect_bad("apis = ", 1, "premature end of file");
	expect_bad("apis = 1\nrun_dir = \"/tmp\n\n", 2,
		"a text begins here and is never closed");
	expect_bad("gateways = {1, 2}", 1, "unexpected token '{'");
}

static void
a_name_set_twice_is_an_error(void **state)
{
	(void)state;
	expect_bad("apis = 1\n\napis = 2\n", 3, "apis was set before, in ");
	expect_bad("listener x { address = \"127.0.0.1:1\" }\n"
		   "listener x { address = \"127.0.0.1:2\" }\n",
		2, "'x' was described before, in ");
	expect_bad("room \"a\" { }\nroom \"a\" { }\n", 2, "'a' was described");
	expect_bad("limits { burst = 1 }\nlimits { messages_per_second = 2 }\n",
		2, "'limits' was described before, in ");
	assert_int_equal(lines_said(), 1);
	expect_bad("inbox { }\n\ninbox { }\n", 3, "'inbox' was described");
	expect_bad("listener x { address = \"127.0.0.1:1\" }\n"
		   "listener y { address = \"127.0.0.1:1\" }\n",
		2, "127.0.0.1:1 is the address of listener x too");
}

static void
what_does_not_fit_together_is_an_error(void **state)
{
	struct config *config;

	(void)state;
	expect_bad("ring_bytes = 100000", 1,
		"ring_bytes = 100000: must be a power of two");
	expect_bad("ring_bytes = 64K", 1,
		"max_message_bytes = 65536 does not go with "
		"ring_bytes = 65536");
	expect_bad("max_message_bytes = 1M", 1,
		"max_message_bytes = 1048576 does not go with "
		"ring_bytes = 262144");
	config = read_text("max_message_bytes = 1M\nring_bytes = 4M");
	expect_good(config);
	config_free(&config);
	expect_bad("run_dir = relative", 1,
		"run_dir = relative: must be an "
		"absolute path");
	expect_bad("listener x { address = \"127.0.0.1:1\" role = api\n"
		   "origins = {\"*\"} }",
		2, "origins: only for a listener with role = websocket");
	expect_bad("listener x { address = \"127.0.0.1:1\"\npages = true }", 2,
		"pages: only for a listener with role = api");
	expect_bad("listener x { address = \"127.0.0.1:1\"\n"
		   "profiles = {\"confab\", \"irc\"} }",
		2, "profiles: 'irc' is none");
	expect_bad("listener x { role = api }", 1, "listener x: an address is");
	expect_bad("room \"*\" {\njoin = members\n}", 2,
		"join = members: who joins is none yet");
	expect_bad("room \"*\" {\nhistory = false\nsearch = true\n}", 3,
		"search = true: goes only with history = true");
	expect_bad("history = false\ninbox {\nsearch = true\n}", 3,
		"search = true: goes only with history = true");
}

static void
an_open_listener_needs_insecure(void **state)
{
	struct config *config;

	(void)state;
	expect_bad("listener x { address = \"0.0.0.0:8089\" }", 1,
		"listener x: 0.0.0.0:8089 can be reached from elsewhere");
	expect_bad("listener x { address = \"[::]:8089\" }", 1, "listener x:");
	config = read_text("insecure = true\n"
			   "listener x { address = \"0.0.0.0:8089\" }");
	expect_good(config);
	config_free(&config);
}

static void
a_file_that_cannot_be_read_is_told(void **state)
{
	static const char zeros[] = "apis = 1\n\0apis = 2";

	(void)state;
	assert_null(read_path(path_of("missing")));
	assert_non_null(strstr(said, "missing: cannot be read: No such file"));
	assert_null(read_path(directory));
	assert_non_null(strstr(said, "cannot be read: Is a directory"));
	put_bytes("zeros", zeros, sizeof(zeros));
	assert_null(read_path(path_of("zeros")));
	assert_non_null(strstr(said, "is no configuration"));
}

static void
included_files_count_with_their_own_lines(void **state)
{
	char text[1024];
	struct config *config;

	(void)state;
	put("more.conf", "\napis = 2\nroom \"x\" { listed = no }\n");
	snprintf(text, sizeof(text), "include(\"%s\")\nledgers = 2\n",
		path_of("more.conf"));
	config = read_text(text);
	expect_good(config);
	assert_int_equal(config->apis, 2);
	assert_int_equal(config->ledgers, 2);
	assert_false(config_room_class(config, text_of("x"))->listed);
	config_free(&config);

	put("more.conf", "\napis = 0\n");
	assert_null(read_text(text));
	assert_non_null(strstr(said, "more.conf:2: apis = 0: must be"));
	put("more.conf", text);
	assert_null(read_text(text));
	assert_non_null(strstr(said, "is included twice"));
}

static void
the_most_specific_room_class_wins(void **state)
{
	struct config *config = read_text("room \"*\" { listed = false }\n"
					  "room \"live:*\" { events = no }\n"
					  "room \"live:a*\" { history = no }\n"
					  "room \"live:abc\" { }\n");

	(void)state;
	expect_good(config);
	assert_string_equal(
		config_room_class(config, text_of("talk"))->pattern, "*");
	assert_string_equal(
		config_room_class(config, text_of("live:"))->pattern, "live:*");
	assert_string_equal(
		config_room_class(config, text_of("live:ab"))->pattern,
		"live:a*");
	assert_string_equal(
		config_room_class(config, text_of("live:abc"))->pattern,
		"live:abc");
	assert_string_equal(
		config_room_class(config, text_of("live:abcd"))->pattern,
		"live:a*");
	assert_false(config_room_class(config, text_of("x"))->listed);
	assert_false(config_room_class(config, text_of("live:x"))->events);
	assert_true(config_room_class(config, text_of("live:x"))->listed);
	assert_false(config_room_class(config, text_of("live:ax"))->history);
	config_free(&config);
}

static void
there_is_a_class_for_every_room(void **state)
{
	struct config *config = read_text("room \"one\" { history = no }");

	(void)state;
	expect_good(config);
	assert_true(config_room_class(config, text_of("two"))->history);
	assert_true(config_room_class(config, text_of(""))->events);
	config_free(&config);
}

static void
the_dev_configuration_stays_below_its_directory(void **state)
{
	struct config *config = config_dev("build/dev", "web", "sql");
	struct address address;

	(void)state;
	assert_string_equal(config->run_dir, "build/dev/run");
	assert_string_equal(config->data_dir, "build/dev/data");
	assert_string_equal(config->web_dir, "web");
	assert_string_equal(config->sql_dir, "sql");
	assert_string_equal(config->user, "");
	assert_null(config->path);
	for (size_t i = 0; i < config->listener_count; i++) {
		assert_true(
			address_read(config->listeners[i].address, &address));
		assert_true(address_is_local(&address));
	}
	config_free(&config);
}

static void
the_dev_configuration_has_the_ports_of_other_systems(void **state)
{
	static const struct {
		const char *address;
		enum profile_number profile;
	} wanted[] = {
		{ "127.0.0.1:8089", PROFILE_CONFAB },
		{ "127.0.0.1:8089", PROFILE_IM },
		{ "127.0.0.1:8080", PROFILE_IM },
		{ "127.0.0.1:8282", PROFILE_GROUPCHAT },
		{ "127.0.0.1:3210", PROFILE_PUSH },
		{ "127.0.0.1:7800", PROFILE_CLIENT },
	};
	struct config *config = config_dev("build/dev", "web", "sql");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
		const struct listener *one = config->listeners;

		while (strcmp(one->address, wanted[i].address) != 0)
			assert_true(++one <
				    config->listeners + config->listener_count);
		assert_true(profiles_has(one, wanted[i].profile));
	}
	config_free(&config);
}

static void
a_socket_for_the_http_of_profiles_has_a_path_that_fits(void **state)
{
	static const char text[] = "run_dir = \"/%080d\"\n"
				   "listener %s { address = "
				   "\"127.0.0.1:1\" profiles = {\"push\"} }\n";
	char words[512];
	struct config *config;

	(void)state;
	snprintf(words, sizeof(words), text, 0, "twenty-bytes-of-name");
	config = read_text(words);
	expect_good(config);
	config_free(&config);
	snprintf(words, sizeof(words), text, 0, "twenty-bytes-of-names");
	expect_bad(words, 2, "listener twenty-bytes-of-names: its name and");
}

static void
a_sample_is_off_all_or_one_of_so_many(void **state)
{
	static const struct {
		const char *words;
		int64_t number;
	} good[] = {
		{ "off", 0 },
		{ "0", 0 },
		{ "all", 1 },
		{ "1", 1 },
		{ "1000", 1000 },
	};
	struct config *config;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		char text[64];

		snprintf(text, sizeof(text), "log_connections = %s\n",
			good[i].words);
		config = read_text(text);
		assert_non_null(config);
		assert_int_equal(config->log_connections, good[i].number);
		config_free(&config);
	}
	expect_bad("log_requests = some\n", 1,
		"log_requests = some: must be off, all, or a whole number up "
		"to "
		"1000000000");
	expect_bad("log_requests = -1\n", 1,
		"log_requests = -1: must be off, all");
}

/* The sample file with its commented options switched on, and one option more
 * set at the beginning of a kind of section. Unit tests run at the top of the
 * tree. */
static void
put_sample(const char *name, enum section_kind kind, const char *more)
{
	FILE *from = fopen("conf/confab.conf", "r");
	FILE *to = fopen(path_of(name), "w");
	const char *section = config_sections[kind].name;
	char line[256], word[64];

	assert_non_null(from);
	assert_non_null(to);
	if (more && kind == SECTION_GLOBAL)
		fprintf(to, "%s = 1\n", more);
	while (fgets(line, sizeof(line), from)) {
		bool is_option =
			sscanf(line, "# %63[a-z_] =", word) == 1 &&
			config_option(SECTION_GLOBAL, word) &&
			strncmp(line + 2 + strlen(word), " = ", 3) == 0;

		fputs(is_option ? line + 2 : line, to);
		if (more && kind != SECTION_GLOBAL &&
			strncmp(line, section, strlen(section)) == 0 &&
			line[strlen(section)] == ' ')
			fprintf(to, "%s = 1\n", more);
	}
	fclose(from);
	fclose(to);
}

static void
compare_option(const struct option_info *option, const void *object,
	const void *standard)
{
	struct buffer one = { 0 }, other = { 0 };

	config_write_value(option, object, &one);
	config_write_value(option, standard, &other);
	if (!text_equal(buffer_text(&one), buffer_text(&other)))
		fail_msg("%s has another default", option->name);
	buffer_fini(&one);
	buffer_fini(&other);
}

/* A second setting of an option that stands there is an error. */
static void
expect_shown(enum section_kind kind, const char *name)
{
	put_sample("sample.conf", kind, name);
	assert_null(read_path(path_of("sample.conf")));
	if (!strstr(said, "was set before"))
		fail_msg("%s %s is missing", config_sections[kind].name, name);
}

static void
the_sample_file_shows_every_option_with_its_default(void **state)
{
	struct config *standard = config_new();
	struct config *config;

	(void)state;
	config_complete(standard);
	put_sample("sample.conf", SECTION_GLOBAL, NULL);
	config = read_path(path_of("sample.conf"));
	expect_good(config);
	for (unsigned kind = 0; kind < SECTION_RELAY; kind++) {
		size_t objects = config_count(standard, kind), count;
		const struct option_info *options =
			config_options(kind, &count);

		assert_int_equal(config_count(config, kind), objects);
		for (size_t k = 0; k < count && objects > 0; k++) {
			for (size_t i = 0; i < objects; i++)
				compare_option(&options[k],
					config_object(config, kind, i),
					config_object(standard, kind, i));
			expect_shown(kind, options[k].name);
		}
	}
	config_free(&config);
	config_free(&standard);
}

/* What it has as a comment only, since it needs a file or a server. */
static void
the_sample_file_shows_keys_bots_and_the_relay(void **state)
{
	static const enum section_kind kinds[] = { SECTION_KEY, SECTION_BOT,
		SECTION_RELAY };
	struct buffer sample = { 0 };
	FILE *from = fopen("conf/confab.conf", "r");
	char line[256];

	(void)state;
	assert_non_null(from);
	while (fgets(line, sizeof(line), from))
		buffer_add_string(&sample, line);
	buffer_add_byte(&sample, 0);
	fclose(from);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		size_t count;
		const struct option_info *options =
			config_options(kinds[i], &count);

		for (size_t k = 0; k < count; k++) {
			snprintf(line, sizeof(line),
				"\n#\t%s = ", options[k].name);
			if (!strstr((char *)sample.data, line))
				fail_msg("%s is missing", options[k].name);
		}
	}
	buffer_fini(&sample);
}

static void
only_plain_addresses_are_read(void **state)
{
	static const char *const good[] = { "127.0.0.1:1", "0.0.0.0:65535",
		"[::]:80", "[fe80::1]:443", "unix:/run/x.sock" };
	static const char *const bad[] = { "", ":80", "127.0.0.1",
		"127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:8x",
		"127.0.0.1: 80", "localhost:80", "::1:80", "[::1]", "[::1",
		"[]:80", "1.2.3.4.5:80", "unix:", "unix:relative",
		"[fe80:0000:0000:0000:0000:0000:0000:0000:0000:0001]:80" };
	struct address address;
	char path[256] = "unix:/";

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(address_read(good[i], &address));
	assert_true(address_is_unix(&address));
	assert_string_equal(address_path(&address), "/run/x.sock");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (address_read(bad[i], &address))
			fail_msg("taken: %s", bad[i]);
	memset(path + 6, 'a', 200);
	assert_false(address_read(path, &address));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_empty_file_gives_the_defaults),
		TEST(values_of_every_type_are_read),
		TEST(a_listener_has_its_options),
		TEST(limits_and_inbox_have_their_options),
		TEST(an_option_is_overridden_until_the_file_is_read_again),
		TEST(a_wrong_value_tells_its_line_and_what_is_allowed),
		TEST(an_unknown_name_is_an_error),
		TEST(all_errors_are_told_at_once_in_their_order),
		TEST(broken_syntax_is_an_error_with_its_line),
		TEST(a_name_set_twice_is_an_error),
		TEST(what_does_not_fit_together_is_an_error),
		TEST(an_open_listener_needs_insecure),
		TEST(a_file_that_cannot_be_read_is_told),
		TEST(included_files_count_with_their_own_lines),
		TEST(the_most_specific_room_class_wins),
		TEST(there_is_a_class_for_every_room),
		TEST(the_dev_configuration_stays_below_its_directory),
		TEST(the_dev_configuration_has_the_ports_of_other_systems),
		TEST(a_socket_for_the_http_of_profiles_has_a_path_that_fits),
		TEST(a_sample_is_off_all_or_one_of_so_many),
		TEST(the_sample_file_shows_every_option_with_its_default),
		TEST(the_sample_file_shows_keys_bots_and_the_relay),
		TEST(only_plain_addresses_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
