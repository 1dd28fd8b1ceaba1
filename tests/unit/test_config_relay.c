/* The section relay of a configuration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/bus_url.h"
#include "shared/config.h"

static char directory[64];
static struct buffer said;

static char *
path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static void
put(const char *name, const char *text)
{
	FILE *file = fopen(path_of(name), "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(chmod(path_of(name), 0600), 0);
}

static int
set_up(void **state)
{
	(void)state;
	snprintf(directory, sizeof(directory), "/tmp/confab-relay-XXXXXX");
	if (!mkdtemp(directory))
		return -1;
	put("secret", "a secret of the hosts\n");
	put("short", "fifteen letters\n");
	put("pem", "what nobody looks into here\n");
	return 0;
}

static int
tear_down(void **state)
{
	static const char *const names[] = { "secret", "short", "pem", "conf" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		unlink(path_of(names[i]));
	buffer_fini(&said);
	return rmdir(directory);
}

static void
on_said(void *self, const char *words)
{
	(void)self;
	buffer_add_format(&said, "%s\n", words);
}

/* Each '~' stands for the directory. NULL with all that is wrong in said. */
static struct config *
read_conf(const char *text)
{
	struct buffer whole = { 0 };
	struct config *config;

	for (; *text; text++)
		if (*text == '~')
			buffer_add_string(&whole, directory);
		else
			buffer_add_byte(&whole, (uint8_t)*text);
	buffer_add_byte(&whole, 0);
	put("conf", (const char *)whole.data);
	buffer_fini(&whole);
	buffer_clear(&said, 0);
	config = config_read_telling(path_of("conf"), on_said, NULL);
	buffer_add_byte(&said, 0);
	return config;
}

static void
expect_good(const char *text)
{
	struct config *config = read_conf(text);

	if (!config)
		fail_msg("%s: %s", text, (const char *)said.data);
	config_free(&config);
}

static void
expect_bad(const char *text, const char *words)
{
	struct config *config = read_conf(text);

	if (config)
		fail_msg("nothing is wrong in %s", text);
	if (!strstr((const char *)said.data, words))
		fail_msg("%s: '%s' is not in: %s", text, words,
			(const char *)said.data);
}

static void
a_url_has_a_scheme_a_host_and_a_port_below_the_last(void **state)
{
	static const struct {
		const char *text, *host;
		unsigned port;
		bool is_tls, is_name, is_local;
	} good[] = {
		{ "tcp://10.0.0.2:7100", "10.0.0.2", 7100, false, false,
			false },
		{ "tcp://127.9.9.9:1", "127.9.9.9", 1, false, false, true },
		{ "tls+tcp://[::1]:65534", "[::1]", 65534, true, false, true },
		{ "tcp://[2001:db8::2]:7", "[2001:db8::2]", 7, false, false,
			false },
		{ "tls+tcp://b.example:7100", "b.example", 7100, true, true,
			false },
		{ "tcp://localhost:7100", "localhost", 7100, false, true,
			true },
		{ "tcp://3com.example:7", "3com.example", 7, false, true,
			false },
	};
	static const char *const bad[] = { "", "tcp://", "tcp://a",
		"tcp://a:", "tcp://a:0", "tcp://a:65535", "tcp://a:123456",
		"tcp://a:7x", "tcp://a:-7", "tcp://:7100", "tcp://*:7100",
		"tcp://-a:7", "tcp://a-:7", "tcp://a..b:7", "tcp://a.:7",
		"tcp://1.2.3:7", "tcp://1.2.3.256:7", "tcp://[::1:7",
		"tcp://[::x]:7", "tcp://::1:7", "tcp://a_b:7", "tcp://a/b:7",
		"tcp://a b:7", "tcp://a@b:7", "http://a:7", "ipc:///tmp/x:7",
		"a:7", "tcp://unix:/x:7" };
	struct bus_url url;
	char long_name[512];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		if (!bus_url_read(good[i].text, &url))
			fail_msg("%s is one", good[i].text);
		assert_string_equal(url.host, good[i].host);
		assert_int_equal(url.port, good[i].port);
		assert_int_equal(url.is_tls, good[i].is_tls);
		assert_int_equal(url.is_name, good[i].is_name);
		assert_int_equal(url.is_local, good[i].is_local);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (bus_url_read(bad[i], &url))
			fail_msg("%s is none", bad[i]);
	snprintf(long_name, sizeof(long_name), "tcp://%0*d.example:7", 300, 0);
	assert_false(bus_url_read(long_name, &url));
	snprintf(long_name, sizeof(long_name), "tcp://a%063d.example:7", 0);
	assert_false(bus_url_read(long_name, &url));
}

static void
a_relay_has_what_its_section_says(void **state)
{
	struct config *config = read_conf(
		"relay { listen = \"tcp://0.0.0.0:7100\"\n"
		" peers = {\"tcp://10.0.0.2:7100\", \"tcp://b.example:1\"}\n"
		" cluster = \"blue\"\n secret_file = \"~/secret\"\n"
		" repair_bytes = 1M }");

	(void)state;
	assert_non_null(config);
	assert_string_equal(config->relay.listen, "tcp://0.0.0.0:7100");
	assert_int_equal(config->relay.peer_count, 2);
	assert_string_equal(config->relay.peers[1], "tcp://b.example:1");
	assert_string_equal(config->relay.cluster, "blue");
	assert_int_equal(config->relay.repair_bytes, 1048576);
	assert_int_equal(
		config_secret(config, config->relay.secret_file)->length, 21);
	config_free(&config);
}

static void
what_does_not_fit_in_a_relay_is_told(void **state)
{
	(void)state;
	expect_bad("relay { cluster = \"a\" }", "conf:1: relay: listen is");
	expect_bad("relay {\n listen = \"10.0.0.1:7100\" }",
		"conf:2: listen = 10.0.0.1:7100: must be an address");
	expect_bad("relay { listen = \"tcp://a.example:7100\" }",
		"must be an address of this machine");
	expect_bad("relay { listen = \"tcp://127.0.0.1:7100\"\n"
		   " peers = {\"tcp://127.0.0.1\"} }",
		"conf:2: peers: 'tcp://127.0.0.1' is none");
	expect_bad("relay { listen = \"tcp://127.0.0.1:7100\"\n"
		   " peers = {\"tcp://[::1]:1\", \"tcp://[::1]:1\"} }",
		"tcp://[::1]:1 twice");
	expect_bad("relay { listen = \"tcp://127.0.0.1:7100\"\n"
		   " peers = {\"tls+tcp://127.0.0.1:7\"} }",
		"either all hosts use tls+tcp:// or none");
	expect_bad("relay { listen = \"tcp://127.0.0.1:7100\"\n"
		   " cluster = \"\" }",
		"cluster: a name is 1 to 64 bytes");
	expect_bad("relay { listen = \"tcp://127.0.0.1:7100\"\n"
		   " secret_file = \"~/short\" }",
		"must have 16 bytes or more");
	expect_bad("relay { listen = \"tcp://127.0.0.1:7100\"\n"
		   " repair_bytes = 5G }",
		"repair_bytes = 5G: must be a size");
	expect_bad("relay { listen = \"tls+tcp://127.0.0.1:7100\"\n"
		   " tls_cert = \"~/pem\" }",
		"relay: tls_key is missing");
	expect_bad("relay { listen = \"tcp://127.0.0.1:7100\"\n"
		   " tls_ca = \"~/pem\" }",
		"conf:2: relay: tls_ca is only for listen = tls+tcp://");
	expect_bad("relay { listen = \"tcp://127.0.0.1:7100\"\n"
		   " secret = \"x\" }",
		"unknown option 'secret' in relay");
}

static void
hosts_on_a_network_need_a_secret_or_certificates(void **state)
{
	static const char words[] = "need a secret_file or tls+tcp://";

	(void)state;
	expect_bad("relay { listen = \"tcp://0.0.0.0:7100\" }", words);
	expect_bad("relay { listen = \"tcp://127.0.0.1:7100\"\n"
		   " peers = {\"tcp://10.0.0.2:7100\"} }",
		words);
	expect_good("relay { listen = \"tcp://127.0.0.1:7100\"\n"
		    " peers = {\"tcp://localhost:7100\"} }");
	expect_good("insecure = true\n"
		    "relay { listen = \"tcp://[::]:7100\" }");
	expect_good("relay { listen = \"tcp://[::]:7100\"\n"
		    " secret_file = \"~/secret\" }");
	expect_good("relay { listen = \"tls+tcp://[::]:7100\"\n"
		    " tls_cert = \"~/pem\" tls_key = \"~/pem\"\n"
		    " tls_ca = \"~/pem\" }");
}

static void
many_peers_are_refused(void **state)
{
	struct buffer text = { 0 };

	(void)state;
	buffer_add_string(
		&text, "relay { listen = \"tcp://127.0.0.1:1\" peers = {");
	for (unsigned i = 0; i <= RELAY_PEERS_MAX; i++)
		buffer_add_format(&text, "%s\"tcp://127.0.0.1:%u\"",
			i > 0 ? ", " : "", i + 2);
	buffer_add_string(&text, "} }");
	buffer_add_byte(&text, 0);
	expect_bad((const char *)text.data, "peers: at most 32 are possible");
	buffer_fini(&text);
}

static void
note(void *self, const struct config_change *change)
{
	buffer_add_format(self, "%s: %s -> %s%s\n", change->name, change->from,
		change->to, change->is_live ? "" : " (restart)");
}

static void
expect_changes(
	const struct config *old, const struct config *new, const char *words)
{
	struct buffer changes = { 0 };

	config_compare(old, new, note, &changes);
	buffer_add_byte(&changes, 0);
	assert_string_equal((char *)changes.data, words);
	buffer_fini(&changes);
}

static void
peers_come_and_go_by_a_reload_and_the_relay_does_not(void **state)
{
	static const char with[] = "relay { listen = \"tcp://[::]:7100\"\n"
				   " peers = {\"tcp://10.0.0.2:7100\"}\n"
				   " secret_file = \"~/secret\" }";
	struct config *old = read_conf(with);
	struct config *more = read_conf(
		"relay { listen = \"tcp://[::]:7100\"\n"
		" peers = {\"tcp://10.0.0.2:7100\", \"tcp://10.0.0.3:7100\"}\n"
		" secret_file = \"~/secret\" }");
	struct config *none = read_conf("host_id = 1");
	struct config *again = read_conf(with);

	(void)state;
	expect_changes(old, more,
		"relay: peers: {'tcp://10.0.0.2:7100'} -> "
		"{'tcp://10.0.0.2:7100', 'tcp://10.0.0.3:7100'}\n");
	config_keep_fixed(more, old);
	assert_int_equal(more->relay.peer_count, 2);
	config_keep_fixed(none, old);
	expect_changes(old, none, "");
	assert_non_null(config_secret(none, none->relay.secret_file));
	config_free(&none);
	none = read_conf("host_id = 1");
	config_keep_fixed(again, none);
	expect_changes(none, again, "");
	config_free(&old);
	config_free(&more);
	config_free(&none);
	config_free(&again);
}

static void
that_a_relay_comes_or_goes_waits_for_a_restart(void **state)
{
	struct config *with = read_conf("relay { listen = \"tcp://[::1]:1\" }");
	struct config *other =
		read_conf("relay { listen = \"tcp://[::1]:2\" }");
	struct config *none = read_conf("host_id = 1");

	(void)state;
	expect_changes(
		with, none, "relay: listen: 'tcp://[::1]:1' -> '' (restart)\n");
	expect_changes(
		none, with, "relay: listen: '' -> 'tcp://[::1]:1' (restart)\n");
	expect_changes(with, other,
		"relay: listen: 'tcp://[::1]:1' -> 'tcp://[::1]:2'\n");
	config_free(&with);
	config_free(&other);
	config_free(&none);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_url_has_a_scheme_a_host_and_a_port_below_the_last),
		cmocka_unit_test(a_relay_has_what_its_section_says),
		cmocka_unit_test(what_does_not_fit_in_a_relay_is_told),
		cmocka_unit_test(
			hosts_on_a_network_need_a_secret_or_certificates),
		cmocka_unit_test(many_peers_are_refused),
		cmocka_unit_test(
			peers_come_and_go_by_a_reload_and_the_relay_does_not),
		cmocka_unit_test(
			that_a_relay_comes_or_goes_waits_for_a_restart),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
