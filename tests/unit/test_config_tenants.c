/* Tenants, keys and bots of a configuration, and the files that they name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/config.h"
#include "shared/config_token_keys.h"
#include "shared/token_keys.h"
#include "tests/unit/tls_fixture.h"
#include "tests/unit/token_fixture.h"

static char directory[64];
static struct buffer said;

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
	snprintf(directory, sizeof(directory), "/tmp/confab-tenants-XXXXXX");
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
	buffer_fini(&said);
	return rmdir(directory);
}

static void
put(const char *name, const char *text, mode_t mode)
{
	FILE *file = fopen(path_of(name), "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(chmod(path_of(name), mode), 0);
}

static void
note(void *self, const char *words)
{
	(void)self;
	buffer_add_format(&said, "%s\n", words);
}

/* Each "@" of the text is the directory, and each "~" an "@". */
static struct config *
read_text(const char *text)
{
	FILE *file = fopen(path_of("confab.conf"), "w");

	assert_non_null(file);
	for (; *text; text++)
		if (*text == '@')
			fputs(directory, file);
		else
			fputc(*text == '~' ? '@' : *text, file);
	fclose(file);
	buffer_clear(&said, SIZE_MAX);
	return config_read_telling(path_of("confab.conf"), note, NULL);
}

static struct config *
expect_good(const char *text)
{
	struct config *config = read_text(text);

	if (!config)
		print_error("%.*s", TEXT_ARGS(buffer_text(&said)));
	assert_non_null(config);
	return config;
}

static void
expect_bad(const char *text, int line, const char *words)
{
	struct config *config = read_text(text);
	char expected[512];

	snprintf(expected, sizeof(expected), "confab.conf:%d: %s", line, words);
	buffer_add_byte(&said, 0);
	if (config || !strstr((char *)said.data, expected))
		fail_msg("expected: %s\nsaid: %s", expected, (char *)said.data);
}

static const struct tenant *
tenant_of(const struct config *config, const char *name)
{
	return config_tenant(config, text_of(name));
}

static void
the_default_tenant_is_always_there(void **state)
{
	struct config *config = expect_good("");
	const struct tenant *tenant = tenant_of(config, "default");

	(void)state;
	assert_int_equal(config->tenant_count, 1);
	assert_non_null(tenant);
	assert_int_equal(tenant->auth, AUTH_NONE);
	assert_int_equal(tenant->hook_seconds, 3000);
	assert_int_equal(tenant->webhook_keep, 1073741824);
	assert_string_equal(tenant->webhook_url, "");
	assert_int_equal(tenant->event_mask, 0);
	assert_true(config_has_platform(tenant, 101));
	assert_null(tenant_of(config, "defaul"));
	assert_null(tenant_of(config, ""));
	config_free(&config);
	config = expect_good("tenant a { say_url = \"https://a/b~c?d=~\" }");
	config_free(&config);
	config = expect_good("tenant acme { }\ntenant zoo { }\ntenant b { }\n");
	assert_int_equal(config->tenant_count, 4);
	assert_string_equal(tenant_of(config, "acme")->name, "acme");
	assert_string_equal(tenant_of(config, "default")->name, "default");
	assert_string_equal(tenant_of(config, "zoo")->name, "zoo");
	assert_null(tenant_of(config, "*"));
	config_free(&config);
}

static void
a_tenant_has_its_options(void **state)
{
	struct config *config;
	const struct tenant *tenant;

	(void)state;
	put("one", "a secret\n", 0600);
	put("two", "another\n\n", 0640);
	config =
		expect_good("tenant a {\n auth = token\n"
			    " token_algorithm = HS256\n"
			    " token_key_file = {\"@/one\", \"@/two\"}\n"
			    " max_connections = 5 platforms = {101, 7}\n"
			    " webhook_url = \"https://a.example/hook\"\n"
			    " webhook_events = {message, online}\n"
			    " webhook_secret_file = \"@/one\"\n"
			    " say_when_down = allow hook_seconds = 500ms\n}\n");
	tenant = tenant_of(config, "a");
	assert_int_equal(tenant->auth, AUTH_TOKEN);
	assert_int_equal(tenant->token_algorithm, CRYPTO_HS256);
	assert_int_equal(tenant->token_key_file_count, 2);
	assert_int_equal(tenant->max_connections, 5);
	assert_true(config_has_platform(tenant, 7));
	assert_false(config_has_platform(tenant, 102));
	assert_int_equal(
		tenant->event_mask, 1u << EVENT_MESSAGE | 1u << EVENT_ONLINE);
	assert_int_equal(tenant->connect_when_down, WHEN_DOWN_REFUSE);
	assert_int_equal(tenant->say_when_down, WHEN_DOWN_ALLOW);
	assert_int_equal(tenant->hook_seconds, 500);
	assert_int_equal(config->secret_count, 2);
	assert_memory_equal(
		config_secret(config, tenant->token_key_file[0])->bytes,
		"a secret", 8);
	assert_int_equal(
		config_secret(config, tenant->token_key_file[1])->length, 8);
	assert_null(config_secret(config, "/etc/passwd"));
	config_free(&config);
	config = expect_good("tenant a { webhook_url = \"http://[::1]:3/\" }");
	assert_int_equal(tenant_of(config, "a")->event_mask, 127);
	config_free(&config);
}

static void
one_path_needs_no_braces_and_an_empty_one_is_none(void **state)
{
	struct config *config;
	struct made made;

	(void)state;
	make_certificate(&made, "DNS:a.test", false);
	put("cert", made.certificate_text, 0644);
	put("key", made.key_text, 0600);
	put("another", "a key", 0600);
	free_certificate(&made);
	config = expect_good("listener a { address = \"127.0.0.1:1\"\n"
			     "tls_certificate = \"@/cert\"\n"
			     "tls_key = \"@/key\" tls_min = 1.3\n"
			     "trusted_proxies = {10.0.0.0/8, \"::1\"} }\n"
			     "listener b { address = \"127.0.0.1:2\"\n"
			     "tls_certificate = \"\" tls_key = \"\"\n}\n"
			     "tenant default { token_jwks_file = \"\" }\n");
	assert_int_equal(config->listeners[0].tls_certificate_count, 1);
	assert_int_equal(config->listeners[0].tls_min, TLS_VERSION_1_3);
	assert_int_equal(config->listeners[0].trusted_proxy_count, 2);
	assert_int_equal(config->listeners[1].tls_key_count, 0);
	assert_int_equal(config->listeners[1].tls_min, TLS_VERSION_1_2);
	assert_int_equal(config->secret_count, 2);
	config_free(&config);
	expect_bad("listener a { address = \"127.0.0.1:1\"\n"
		   "tls_certificate = {\"@/cert\"}\n"
		   "tls_key = {\"@/another\"} }",
		2, "tls_certificate: listener a: ");
	assert_non_null(strstr((char *)said.data, "/another: no key in PEM"));
	expect_bad("listener a { address = \"127.0.0.1:1\"\n"
		   "tls_certificate = {\"@/cert\"}\n"
		   "tls_key = {\"@/key\", \"@/key\"} }",
		3,
		"listener a: each tls_certificate needs its tls_key: there "
		"are 1 and 2");
	expect_bad("listener a { address = \"127.0.0.1:1\"\n"
		   "trusted_proxies = {\"10.0.0.0/33\"} }",
		2, "trusted_proxies: '10.0.0.0/33' is no address");
	expect_bad("listener a { address = \"127.0.0.1:1\"\n"
		   "cors_origins = {\"*\"} }",
		2, "cors_origins: only for a listener with role = api");
}

static void
keys_and_bots_have_their_options(void **state)
{
	struct config *config;

	(void)state;
	put("one.key", "first-key\n", 0600);
	put("two.key", "second-key", 0600);
	config = expect_good("key \"file:@/one.key\" { }\n"
			     "key \"file:@/two.key\" { tenant = acme }\n"
			     "tenant acme { }\n"
			     "bot weather { tenant = acme\n"
			     " rooms = {\"talk:*\", \"lobby\"}\n"
			     " url = \"http://127.0.0.1:3000/w\"\n"
			     " commands = {\"/weather\"} }\n");
	assert_int_equal(config->key_count, 2);
	assert_string_equal(config->keys[0].tenant, "*");
	assert_string_equal(config->keys[1].tenant, "acme");
	assert_true(text_equal(config_key_text(config, &config->keys[0]),
		text_of("first-key")));
	assert_true(text_equal(config_key_text(config, &config->keys[1]),
		text_of("second-key")));
	assert_int_equal(config->bot_count, 1);
	assert_string_equal(config->bots[0].name, "weather");
	assert_int_equal(config->bots[0].room_count, 2);
	assert_int_equal(config->bots[0].command_count, 1);
	assert_string_equal(config->bots[0].secret_file, "");
	config_free(&config);
}

static void
what_does_not_fit_together_is_an_error(void **state)
{
	(void)state;
	put("key", "a-key", 0600);
	put("blank", "a key", 0600);
	expect_bad("tenant a {\nauth = token\n}", 2,
		"auth = token: needs token_key_file");
	expect_bad("tenant \"a b\" { }", 1, "tenant 'a b': a name is 1 to 64");
	expect_bad("tenant \"*\" { }", 1, "tenant '*': a name is");
	expect_bad("tenant a {\nplatforms = {1, -1}\n}", 2,
		"platforms: '-1' is no number from 0 to 4294967295");
	expect_bad("tenant a { platforms = {4294967296} }", 1, "platforms: ");
	expect_bad("im_apps = {101, 2147483648}", 1,
		"im_apps: '2147483648' is no number from 1 to 2147483647");
	expect_bad("im_apps = {0}", 1, "im_apps: '0' is no number");
	expect_bad("im_apps = {101a}", 1, "im_apps: '101a' is no number");
	expect_bad("\nclient_systems = {\"a\", \"\"}", 2,
		"client_systems: a name must not be empty");
	expect_bad("tenant a {\n\nwebhook_events = {online, born}\n}", 3,
		"webhook_events: 'born' is none");
	expect_bad("tenant a { webhook_url = \"ftp://a\" }", 1,
		"webhook_url: must be like http");
	expect_bad("tenant a { say_url = \"http://\" }", 1, "say_url: ");
	expect_bad("tenant a { say_url = \"https://u:p~a/\" }", 1, "say_url: ");
	expect_bad("bot b { rooms = {x} url = \"http://u~a\" }", 1, "url: ");
	expect_bad("tenant a { connect_url = \"http://a b\" }", 1, "connect_");
	expect_bad("tenant a { hook_seconds = 0 }", 1,
		"hook_seconds = 0: must be a time");
	expect_bad("\nkey \"@/key\" { }", 2, "key '");
	expect_bad("key \"file:@/key\" {\ntenant = b\n}", 2,
		"tenant = b: no tenant is called so");
	expect_bad("key \"file:@/blank\" { }", 1, "file:");
	put("again", "a-key\n", 0600);
	expect_bad(
		"key \"file:@/key\" { }\nkey \"file:@/again\" { }", 2, "file:");
	expect_bad("bot b { rooms = {x} }", 1, "bot b: a url is missing");
	expect_bad("bot b { url = \"http://a\" }", 1, "bot b: rooms are");
	expect_bad("bot b { url = \"http://a\"\nrooms = {\"a*b\"} }", 2,
		"rooms: 'a*b' is no room's name");
	expect_bad("secret x { path = \"/x\" }", 1, "unknown section 'secret'");
}

static void
a_file_that_others_can_open_is_no_secret(void **state)
{
	static const char *const wanted[] = {
		"tenant a { auth = token token_key_file = \"@/f\" }",
		"tenant a { webhook_secret_file = \"@/f\" }",
		("bot b { url = \"http://a\" rooms = {x} "
		 "secret_file = \"@/f\" }"),
		"key \"file:@/f\" { }",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
		struct config *config;
		char words[512];

		put("f", "secret", 0604);
		snprintf(words, sizeof(words), "/f can be read by everyone");
		assert_null(read_text(wanted[i]));
		buffer_add_byte(&said, 0);
		assert_non_null(strstr((char *)said.data, words));
		assert_null(strstr((char *)said.data, "secret\n"));
		put("f", "secret", 0602);
		assert_null(read_text(wanted[i]));
		put("f", "secret", 0601);
		assert_null(read_text(wanted[i]));
		put("f", "secret", 0660);
		config = expect_good(wanted[i]);
		config_free(&config);
	}
	put("f", "public", 0644);
	expect_bad(
		"tenant a { token_key_file = \"@/f\" }", 1, "token_key_file: ");
	put("f", "public", 0646);
	expect_bad("tenant a { token_algorithm = RS256\n"
		   "token_key_file = \"@/f\" }",
		2, "token_key_file: ");
}

/* RFC 8037, A.2 */
static const char key_set[] =
	"{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":"
	"\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}";

static void
ignore(void *self, const char *option, const char *path, const char *why)
{
	(void)self;
	fail_msg("%s: %s: %s", option, path, why);
}

static void
all_keys_of_a_tenant_are_found(void **state)
{
	struct config *config;
	struct token_keys *keys;

	(void)state;
	put("f", ed25519_public, 0644);
	put("set", key_set, 0644);
	config = expect_good("tenant a { token_algorithm = EdDSA\n"
			     "token_key_file = {\"@/f\", \"@/f\"}\n"
			     "token_jwks_file = \"@/set\" }");
	assert_int_equal(tenant_of(config, "a")->token_algorithm, CRYPTO_EDDSA);
	keys = config_token_keys(config, tenant_of(config, "a"), ignore, NULL);
	assert_int_equal(token_keys_count(keys), 3);
	token_keys_free(&keys);
	keys = config_token_keys(
		config, tenant_of(config, "default"), ignore, NULL);
	assert_int_equal(token_keys_count(keys), 0);
	token_keys_free(&keys);
	config_free(&config);
}

static void
a_file_without_a_key_for_the_algorithm_is_refused(void **state)
{
	(void)state;
	put("f", p256_public, 0600);
	put("set", "{\"keys\":[]}", 0600);
	expect_bad("tenant a {\ntoken_algorithm = EdDSA\n"
		   "token_key_file = \"@/f\" }",
		3, "token_key_file: ");
	expect_bad("tenant a {\ntoken_key_file = \"@/f\" }", 2,
		"token_key_file: ");
	expect_bad("tenant a {\n\ntoken_jwks_file = \"@/set\" }", 3,
		"token_jwks_file: ");
}

static void
what_only_checks_signatures_may_be_read_by_all(void **state)
{
	struct config *config;

	(void)state;
	put("f", p256_public, 0644);
	put("set", key_set, 0644);
	config = expect_good("tenant a { token_algorithm = ES256\n"
			     "token_key_file = \"@/f\"\n"
			     "token_jwks_file = \"@/set\" }\n"
			     "tenant b { token_jwks_file = \"@/set\" }");
	assert_int_equal(config->secret_count, 2);
	config_free(&config);
	/* For one it is a secret, whatever it is for the other. */
	expect_bad("tenant a { token_algorithm = ES256\n"
		   "token_key_file = \"@/f\" }\n"
		   "key \"file:@/f\" { }",
		3, "key: ");
}

static void
a_file_that_is_none_is_refused(void **state)
{
	char *large = base_alloc_zeroed(1, 4098);
	struct config *config;

	(void)state;
	expect_bad("key \"file:@/missing\" { }", 1, "key: ");
	expect_bad("key \"file:relative\" { }", 1,
		"key: relative must be an absolute path");
	expect_bad("key \"file:@\" { }", 1, "key: ");
	put("f", "", 0600);
	expect_bad("key \"file:@/f\" { }", 1, "key: ");
	put("f", "\n", 0600);
	expect_bad("key \"file:@/f\" { }", 1, "key: ");
	memset(large, 'a', 4097);
	put("f", large, 0600);
	expect_bad("key \"file:@/f\" { }", 1, "key: ");
	large[4096] = 0;
	put("f", large, 0600);
	config = expect_good("key \"file:@/f\" { }");
	assert_int_equal(config->secrets[0].length, 4096);
	config_free(&config);
	unlink(path_of("f"));
	assert_int_equal(mkfifo(path_of("f"), 0600), 0);
	expect_bad("key \"file:@/f\" { }", 1, "key: ");
	free(large);
}

static struct config *
send(const struct config *config)
{
	struct buffer text = { 0 };
	struct config *sent;

	config_write(config, &text);
	sent = config_read_text("written", buffer_text(&text));
	buffer_fini(&text);
	assert_non_null(sent);
	return sent;
}

static void
note_change(void *self, const struct config_change *change)
{
	(void)self;
	assert_true(change->is_live);
	buffer_add_format(&said, "%s: %s -> %s\n", change->name, change->from,
		change->to);
}

static const char *
compare(const struct config *one, const struct config *other)
{
	buffer_clear(&said, SIZE_MAX);
	config_compare(one, other, note_change, NULL);
	buffer_add_byte(&said, 0);
	return (const char *)said.data;
}

static const char with_files[] =
	"tenant a { auth = token token_key_file = {\"@/f\"} }\n"
	"tenant b { webhook_secret_file = \"@/g\" }\n"
	"key \"file:@/f\" { tenant = b }\n"
	"room \"it's\" { rate = 1 }\n"
	"bot it { url = \"http://a\" rooms = {\"x*\"} secret_file = \"@/g\" }";

static void
what_stands_in_files_travels_with_the_configuration(void **state)
{
	struct config *config, *sent;

	(void)state;
	put("f", "f-secret", 0600);
	put("g", "g \x01\x80\\'\"${HOME}", 0600);
	config = expect_good(with_files);
	unlink(path_of("f"));
	unlink(path_of("g"));
	sent = send(config);
	assert_string_equal(compare(config, sent), "");
	assert_true(text_equal(
		config_key_text(sent, &sent->keys[0]), text_of("f-secret")));
	assert_memory_equal(
		config_secret(sent, sent->bots[0].secret_file)->bytes,
		"g \x01\x80\\'\"${HOME}", 14);
	config_free(&sent);
	sent = config_copy(config);
	assert_string_equal(compare(config, sent), "");
	config_free(&sent);
	config_free(&config);
}

static void
what_is_damaged_on_the_way_is_not_shown(void **state)
{
	FILE *capture = tmpfile();
	int old = dup(STDERR_FILENO);
	char words[512] = "";

	(void)state;
	assert_non_null(capture);
	dup2(fileno(capture), STDERR_FILENO);
	assert_null(config_read_text("written",
		TEXT_LITERAL("secret '0' { path = '/x' bytes = '6869xx' }")));
	dup2(old, STDERR_FILENO);
	close(old);
	rewind(capture);
	assert_true(fread(words, 1, sizeof(words) - 1, capture) > 0);
	fclose(capture);
	assert_non_null(strstr(words, "written:1: bytes = "));
	assert_null(config_read_text(
		"written", TEXT_LITERAL("key 'file:/x' { tenant = '*' }")));
	assert_null(config_read_text("written",
		TEXT_LITERAL("tenant a { webhook_secret_file = '/x' }")));
	assert_null(strstr(words, "6869"));
}

static void
another_content_is_a_live_change(void **state)
{
	struct config *old, *new;
	char expected[1024];

	(void)state;
	put("f", "one", 0600);
	put("g", "same", 0600);
	old = expect_good(with_files);
	put("f", "two", 0600);
	new = expect_good(with_files);
	snprintf(expected, sizeof(expected),
		"tenant a: token_key_file:  -> {'%s/f'} with other content\n"
		"key file:%s/f:  -> other content\n",
		directory, directory);
	assert_string_equal(compare(old, new), expected);
	config_free(&new);
	config_free(&old);
}

static void
note_listing(void *self, const struct config_listing *listing)
{
	buffer_add_format(self, "%s=%s\n", listing->name, listing->value);
}

static void
a_secret_is_never_listed(void **state)
{
	struct buffer list = { 0 };
	struct config *config;

	(void)state;
	put("f", "hidden-one", 0600);
	put("g", "hidden-two", 0600);
	config = expect_good(with_files);
	config_list(config, note_listing, &list);
	buffer_add_byte(&list, 0);
	assert_non_null(strstr((char *)list.data, "tenant b: webhook_secret_"));
	assert_non_null(strstr((char *)list.data, "/f: tenant='b'"));
	assert_null(strstr((char *)list.data, "hidden"));
	assert_null(strstr((char *)list.data, "68696464656e"));
	buffer_fini(&list);
	config_free(&config);
}

static void
an_open_listener_needs_tokens_or_keys(void **state)
{
	static const char sections[] =
		"tenant default { auth = token token_key_file = \"@/f\" }\n"
		"key \"file:@/f\" { }\n"
		"listener a { address = \"0.0.0.0:1\" }\n"
		"listener b { address = \"[::]:2\" role = api }\n";
	struct config *config;

	(void)state;
	put("f", "secret", 0600);
	config = expect_good(sections);
	config_free(&config);
	expect_bad("tenant acme { auth = token token_key_file = \"@/f\" }\n"
		   "listener a {\naddress = \"0.0.0.0:1\" }",
		3,
		"listener a: 0.0.0.0:1 can be reached from elsewhere and "
		"nobody needs a token there for tenant default");
	expect_bad("tenant default { auth = token token_key_file = \"@/f\" }\n"
		   "tenant acme { }\n"
		   "listener a { address = \"0.0.0.0:1\" }",
		3,
		"listener a: 0.0.0.0:1 can be reached from elsewhere and "
		"nobody needs a token there for tenant acme");
	expect_bad("listener b { address = \"0.0.0.0:1\" role = api }", 1,
		"listener b: 0.0.0.0:1 can be reached from elsewhere and there "
		"is no key");
	config =
		expect_good("insecure = true\n"
			    "listener a { address = \"0.0.0.0:1\" }\n"
			    "listener b { address = \"[::]:2\" role = api }\n");
	config_free(&config);
}

#define REACHED "listener a: 0.0.0.0:1 can be reached from elsewhere and "

/* Sections of users with tokens and of a key, and one listener; what is wrong
 * with it, or NULL. */
static const struct {
	const char *listener, *wrong;
} open_profiles[] = {
	{ "profiles = {push}", REACHED "the HTTP of its profiles asks nobody" },
	{ "profiles = {push} role = api", REACHED "the HTTP of its profiles" },
	{ "profiles = {push} require_key = true", NULL },
	{ "profiles = {push, im, groupchat} require_key = true", NULL },
	{ "profiles = {client} role = api require_key = true", NULL },
	{ "profiles = {client} require_key = true",
		REACHED "the WebSockets of profile client ask nobody" },
	{ "profiles = {client} role = api", REACHED "the HTTP of its" },
	{ "profiles = {confab} require_key = true",
		"require_key: listener a: none of its profiles has HTTP" },
	{ "role = api require_key = true",
		"require_key: listener a: none of its profiles has HTTP" },
};

static void
the_http_of_profiles_needs_a_key_where_others_reach_it(void **state)
{
	char text[512];

	(void)state;
	put("f", "secret", 0600);
	for (size_t i = 0; i < ARRAY_LEN(open_profiles); i++) {
		const char *wrong = open_profiles[i].wrong;
		struct config *config;

		snprintf(text, sizeof(text),
			"tenant default { auth = token "
			"token_key_file = \"@/f\" }\n"
			"key \"file:@/f\" { }\n"
			"listener a { address = \"0.0.0.0:1\" %s }",
			open_profiles[i].listener);
		if (wrong) {
			expect_bad(text, 3, wrong);
			continue;
		}
		config = expect_good(text);
		config_free(&config);
	}
}

static void
a_key_that_nobody_can_show_is_not_required(void **state)
{
	(void)state;
	expect_bad("listener a {\naddress = \"127.0.0.1:1\" profiles = {push}\n"
		   "require_key = true\n}",
		3, "require_key: listener a: there is no key: describe one");
}

static void
what_lies_behind_a_listener_wants_its_key(void **state)
{
	struct config *config;

	(void)state;
	put("f", "secret", 0600);
	config = expect_good("key \"file:@/f\" { }\n"
			     "listener a { address = \"127.0.0.1:1\" "
			     "profiles = {push} require_key = true }\n"
			     "listener b { address = \"127.0.0.1:2\" "
			     "profiles = {push} }");
	assert_true(config_passage(config, &config->listeners[0])->require_key);
	assert_false(
		config_passage(config, &config->listeners[1])->require_key);
	config_free(&config);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_default_tenant_is_always_there),
		TEST(a_tenant_has_its_options),
		TEST(one_path_needs_no_braces_and_an_empty_one_is_none),
		TEST(keys_and_bots_have_their_options),
		TEST(what_does_not_fit_together_is_an_error),
		TEST(a_file_that_others_can_open_is_no_secret),
		TEST(all_keys_of_a_tenant_are_found),
		TEST(a_file_without_a_key_for_the_algorithm_is_refused),
		TEST(what_only_checks_signatures_may_be_read_by_all),
		TEST(a_file_that_is_none_is_refused),
		TEST(what_stands_in_files_travels_with_the_configuration),
		TEST(what_is_damaged_on_the_way_is_not_shown),
		TEST(another_content_is_a_live_change),
		TEST(a_secret_is_never_listed),
		TEST(an_open_listener_needs_tokens_or_keys),
		TEST(the_http_of_profiles_needs_a_key_where_others_reach_it),
		TEST(a_key_that_nobody_can_show_is_not_required),
		TEST(what_lies_behind_a_listener_wants_its_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
