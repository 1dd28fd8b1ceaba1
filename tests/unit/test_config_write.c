/* A configuration as text, and how two of them differ. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "shared/buffer.h"
#include "shared/config.h"

static struct buffer changes;

static void
note(void *self, const struct config_change *change)
{
	(void)self;
	buffer_add_format(&changes, "%s: %s -> %s%s\n", change->name,
		change->from, change->to, change->is_live ? "" : " (restart)");
}

static const char *
compare(const struct config *old, const struct config *new)
{
	buffer_clear(&changes, 0);
	config_compare(old, new, note, NULL);
	buffer_add_byte(&changes, 0);
	return (const char *)changes.data;
}

static struct config *
read_text(const char *text)
{
	struct config *config = config_read_text("a.conf", text_of(text));

	assert_non_null(config);
	return config;
}

static struct config *
read_again(const struct config *config)
{
	struct buffer text = { 0 };
	struct config *again;

	config_write(config, &text);
	again = config_read_text("written", buffer_text(&text));
	buffer_fini(&text);
	assert_non_null(again);
	return again;
}

static const char everything[] =
	"host_id = 7\n"
	"run_dir = \"/tmp/it's a \\\\ place\"\n"
	"grace_seconds = 1500ms\n"
	"outbox_bytes = 1M\n"
	"login_policy = replace\n"
	"limits { burst = 5 }\n"
	"inbox { keep_seconds = 30d }\n"
	"listener a {\n address = \"127.0.0.1:1\"\n"
	" origins = {\"https://a.example\", \"https://b.example\"}\n}\n"
	"listener b { address = \"unix:/tmp/b\" role = api pages = true }\n"
	"room \"live:*\" { history = false slow = newest }\n"
	"room \"lobby\" { max_members = 3 }\n"
	"log_connections = all\n"
	"log_requests = 100\n";

static void
what_is_written_reads_as_the_same(void **state)
{
	struct config *config = read_text(everything);
	struct config *again = read_again(config);
	struct config *dev = config_dev("build/dev", "web", "sql");
	struct config *dev_again = read_again(dev);

	(void)state;
	assert_string_equal(compare(config, again), "");
	assert_string_equal(again->run_dir, "/tmp/it's a \\ place");
	assert_int_equal(again->listeners[0].origin_count, 2);
	assert_string_equal(compare(dev, dev_again), "");
	config_free(&config);
	config_free(&again);
	config_free(&dev);
	config_free(&dev_again);
}

static void
list_one(void *self, const struct config_listing *one)
{
	buffer_add_format(self, "%s=%s @%s%s\n", one->name, one->value,
		one->origin, one->is_live ? "" : " restart");
}

static void
each_option_tells_where_it_was_set(void **state)
{
	static const char *const lines[] = { "\nhost_id=7 @a.conf:1 restart\n",
		"\nlimits: burst=5 @a.conf:6\n", "\ngateways=0 @default\n",
		"\nroom lobby: max_members=3 @a.conf:14\n",
		"\nlistener b: pages=true @a.conf:12\n" };
	struct config *config = read_text(everything);
	struct buffer list = { 0 };

	(void)state;
	buffer_add_byte(&list, '\n');
	config_list(config, list_one, &list);
	buffer_add_byte(&list, 0);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (!strstr((char *)list.data, lines[i]))
			fail_msg("not there: %s", lines[i]);
	assert_null(strstr((char *)list.data, "listener a: pages"));
	buffer_fini(&list);
	config_free(&config);
}

static void
differences_say_whether_they_wait_for_a_restart(void **state)
{
	struct config *old = read_text("host_id = 1\noutbox_bytes = 64K\n"
				       "room \"a\" { }\nroom \"b\" { }\n");
	struct config *new = read_text("host_id = 2\noutbox_bytes = 1M\n"
				       "room \"b\" { rate = 5 }\n"
				       "room \"c\" { }\n"
				       "limits { burst = 7 }\n");

	(void)state;
	assert_string_equal(compare(old, new), "host_id: 1 -> 2 (restart)\n"
					       "outbox_bytes: 64K -> 1M\n"
					       "limits: burst: 100 -> 7\n"
					       "room b: rate: 0 -> 5\n"
					       "room c:  -> added\n"
					       "room a:  -> removed\n");
	config_free(&old);
	config_free(&new);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_reads_as_the_same),
		cmocka_unit_test(each_option_tells_where_it_was_set),
		cmocka_unit_test(
			differences_say_whether_they_wait_for_a_restart),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	buffer_fini(&changes);
	return failed;
}
