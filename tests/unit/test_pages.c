/* The pages: what is found, what is not however it is asked for, and the tags.
 */
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
#include "worker/api/pages.h"

struct place {
	char directory[64];
	char web[80];
	struct pages *pages;
};

static void
write_file(const struct place *place, const char *name, const char *content)
{
	char path[192];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", place->directory, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(content, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void
link_file(const struct place *place, const char *target, const char *name)
{
	char path[192];

	snprintf(path, sizeof(path), "%s/%s", place->directory, name);
	assert_int_equal(symlink(target, path), 0);
}

static void
make_directory(const struct place *place, const char *name)
{
	char path[192];

	snprintf(path, sizeof(path), "%s/%s", place->directory, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static int
set_up(void **state)
{
	struct place *place = base_alloc_zeroed(1, sizeof(*place));

	snprintf(place->directory, sizeof(place->directory),
		"/tmp/confab-pages-XXXXXX");
	assert_non_null(mkdtemp(place->directory));
	snprintf(place->web, sizeof(place->web), "%s/web", place->directory);
	make_directory(place, "web");
	make_directory(place, "web/sub");
	make_directory(place, "web-secret");
	write_file(place, "secret.txt", "secret");
	write_file(place, "web-secret/secret.txt", "secret");
	write_file(place, "web/index.html", "<p>home</p>");
	write_file(place, "web/app.js", "export {};");
	write_file(place, "web/.hidden", "secret");
	write_file(place, "web/sub/a b+c.txt", "spaces");
	write_file(place, "web/sub/index.html", "<p>sub</p>");
	place->pages = pages_new(place->web);
	*state = place;
	return 0;
}

static int
tear_down(void **state)
{
	struct place *place = *state;
	char command[128];

	pages_free(&place->pages);
	snprintf(command, sizeof(command), "rm -rf %s", place->directory);
	assert_int_equal(system(command), 0);
	free(place);
	return 0;
}

static void
assert_content(struct place *place, const char *path, const char *content)
{
	const struct web_file *file = pages_find(place->pages, path);

	assert_non_null(file);
	assert_true(text_equal(file->body, text_of(content)));
}

static void
files_are_found_with_their_types(void **state)
{
	struct place *place = *state;

	assert_content(place, "/", "<p>home</p>");
	assert_content(place, "/index.html", "<p>home</p>");
	assert_content(place, "/sub/", "<p>sub</p>");
	assert_content(place, "/%61pp.js", "export {};");
	assert_content(place, "/sub/a%20b+c.txt", "spaces");
	assert_string_equal(pages_find(place->pages, "/")->type,
		"text/html; charset=utf-8");
	assert_string_equal(pages_find(place->pages, "/app.js")->type,
		"text/javascript; charset=utf-8");
}

static void
nothing_outside_is_found_however_it_is_written(void **state)
{
	static const char *const paths[] = { "", "*", "index.html", "//",
		"//index.html", "/../secret.txt", "/%2e%2e/secret.txt",
		"/%2E./secret.txt", "/sub/../../secret.txt",
		"/sub/..%2f..%2fsecret.txt", "/..\\secret.txt",
		"/../web-secret/secret.txt", "/.hidden", "/%2ehidden",
		"/sub/../index.html", "/./index.html", "/index.html%00.js",
		"/%00", "/index.html%0a", "/index.html%", "/index.html%4",
		"/%zz", "/sub", "/web", "/none", "/index.html/",
		"/%252e%252e/secret.txt", "/sub//index.html" };
	struct place *place = *state;

	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		if (pages_find(place->pages, paths[i]))
			fail_msg("%s was found", paths[i]);
}

static void
links_are_followed_inside_and_not_out(void **state)
{
	struct place *place = *state;

	link_file(place, "app.js", "web/inside.js");
	link_file(place, "../secret.txt", "web/outside.txt");
	link_file(place, "..", "web/up");
	link_file(place, "/etc/passwd", "web/passwd");
	link_file(place, "../web-secret", "web/beside");
	assert_content(place, "/inside.js", "export {};");
	assert_null(pages_find(place->pages, "/outside.txt"));
	assert_null(pages_find(place->pages, "/up/secret.txt"));
	assert_null(pages_find(place->pages, "/passwd"));
	assert_null(pages_find(place->pages, "/beside/secret.txt"));
}

static void
things_that_are_no_files_are_not_opened(void **state)
{
	struct place *place = *state;
	char path[96];

	snprintf(path, sizeof(path), "%s/pipe", place->web);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_null(pages_find(place->pages, "/pipe"));
}

static void
very_long_paths_are_not_found(void **state)
{
	struct place *place = *state;
	char path[8192];

	memset(path, 'a', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = 0;
	assert_null(pages_find(place->pages, path));
	path[sizeof(path) - 2] = '/';
	assert_null(pages_find(place->pages, path));
	for (size_t length = 490; length < 520; length++) {
		path[length - 1] = '/';
		path[length] = 0;
		assert_null(pages_find(place->pages, path));
		path[length - 1] = 'a';
		path[length] = 'a';
	}
}

static void
a_changed_file_has_other_content_and_tag(void **state)
{
	struct place *place = *state;
	const struct web_file *file = pages_find(place->pages, "/app.js");
	char tag[WEB_TAG_BYTES];

	assert_non_null(file);
	memcpy(tag, file->tag, sizeof(tag));
	file = pages_find(place->pages, "/app.js");
	assert_string_equal(file->tag, tag);
	write_file(place, "web/app.js", "export { a };");
	assert_content(place, "/app.js", "export { a };");
	file = pages_find(place->pages, "/app.js");
	assert_string_not_equal(file->tag, tag);
	write_file(place, "web/app.js", "");
	assert_content(place, "/app.js", "");
}

static void
a_removed_file_is_gone(void **state)
{
	struct place *place = *state;
	char path[96];

	assert_content(place, "/app.js", "export {};");
	snprintf(path, sizeof(path), "%s/app.js", place->web);
	assert_int_equal(unlink(path), 0);
	assert_null(pages_find(place->pages, "/app.js"));
}

static void
a_missing_directory_has_no_pages_until_it_comes(void **state)
{
	struct place *place = *state;
	char path[96];

	snprintf(path, sizeof(path), "%s/later", place->directory);
	pages_free(&place->pages);
	place->pages = pages_new(path);
	assert_null(pages_find(place->pages, "/"));
	make_directory(place, "later");
	write_file(place, "later/index.html", "late");
	assert_content(place, "/", "late");
}

static void
tags_match_as_the_standard_says(void **state)
{
	(void)state;
	assert_true(web_tag_matches("\"abc\"", "\"abc\""));
	assert_true(web_tag_matches("W/\"abc\"", "\"abc\""));
	assert_true(web_tag_matches("\"x\", W/\"abc\"", "\"abc\""));
	assert_true(web_tag_matches("\"x\",\"abc\"", "\"abc\""));
	assert_true(web_tag_matches("*", "\"abc\""));
	assert_false(web_tag_matches("", "\"abc\""));
	assert_false(web_tag_matches("abc", "\"abc\""));
	assert_false(web_tag_matches("\"x\"", "\"abc\""));
	assert_false(web_tag_matches("\"x\\\"abc\"", "\"abc\""));
	assert_false(web_tag_matches("w/", "\"abc\""));
	assert_false(web_tag_matches(",,, ,", "\"abc\""));
}

#define with_place(test)                                                       \
	cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		with_place(files_are_found_with_their_types),
		with_place(nothing_outside_is_found_however_it_is_written),
		with_place(links_are_followed_inside_and_not_out),
		with_place(things_that_are_no_files_are_not_opened),
		with_place(very_long_paths_are_not_found),
		with_place(a_changed_file_has_other_content_and_tag),
		with_place(a_removed_file_is_gone),
		with_place(a_missing_directory_has_no_pages_until_it_comes),
		cmocka_unit_test(tags_match_as_the_standard_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
