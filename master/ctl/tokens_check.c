#include <stdio.h>
#include <string.h>
#include <time.h>

#include "master/ctl/tokens_inside.h"
#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/clock.h"
#include "shared/crypto.h"
#include "shared/json.h"
#include "shared/token.h"
#include "shared/token_keys.h"

/* NULL, or why that is no key for the algorithm, or any. */
static const char *
add_file(struct token_keys *keys, const struct tokens_wishes *wishes,
	struct text content)
{
	const char *why = "there is no such algorithm";

	for (size_t i = 0; i < CRYPTO_ALGORITHM_COUNT; i++) {
		enum crypto_algorithm one = (enum crypto_algorithm)i;

		if (wishes->algorithm &&
			strcmp(wishes->algorithm, crypto_algorithm_name(one)))
			continue;
		why = token_keys_add(keys, one, content);
		if (!why)
			return NULL;
	}
	return why;
}

static bool
add_files(struct token_keys *keys, const struct tokens_wishes *wishes)
{
	size_t count = wishes->key_count + wishes->set_count;
	struct buffer content = { 0 };
	const char *why = NULL;

	for (size_t i = 0; i < count && !why; i++) {
		bool is_set = i >= wishes->key_count;
		const char *path = is_set ? wishes->sets[i - wishes->key_count]
					  : wishes->keys[i];

		if (!tokens_read_file(path, &content))
			why = "";
		else if (is_set)
			why = token_keys_add_set(keys, buffer_text(&content));
		else
			why = add_file(keys, wishes, buffer_text(&content));
		if (why && *why)
			fprintf(stderr, "error: %s: %s\n", path, why);
	}
	crypto_forget(content.data, content.length);
	buffer_fini(&content);
	return !why;
}

/* From the files that are given, or else from the configuration. */
static struct token_keys *
read_keys(const struct tokens_wishes *wishes)
{
	struct token_keys *keys;

	if (wishes->key_count + wishes->set_count == 0)
		return tokens_config_keys(wishes);
	keys = token_keys_new();
	if (!add_files(keys, wishes))
		token_keys_free(&keys);
	return keys;
}

static void
print_time(const char *name, uint64_t unix_ms)
{
	time_t seconds = (time_t)(unix_ms / 1000);
	struct tm parts;
	char text[64];

	if (gmtime_r(&seconds, &parts) &&
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts) > 0)
		printf("%s: %s\n", name, text);
}

static void
print_text(const char *name, struct text text)
{
	if (text.length > 0)
		printf("%s: %.*s\n", name, TEXT_ARGS(text));
}

static void
print_token(const struct token *token)
{
	print_text("user", token->user);
	print_text("tenant", token->tenant);
	if (token->has_platform)
		printf("platform: %u\n", token->platform);
	print_time("expires", token->expires_ms);
	if (token->issued_ms)
		print_time("issued", token->issued_ms);
	print_text("id", token->id);
	if (token->has_rooms && token->room_count == 0)
		puts("rooms:");
	for (size_t i = 0; i < token->room_count; i++)
		printf("%s%.*s%s", i == 0 ? "rooms: " : " ",
			TEXT_ARGS(token->rooms[i]),
			i + 1 == token->room_count ? "\n" : "");
	printf("say: %s\n", token->may_say ? "true" : "false");
	print_text("info", token->info);
}

static void
print_json(const struct token *token)
{
	struct buffer out = { 0 };

	json_write_value(&out, token->claims);
	printf("%.*s\n", TEXT_ARGS(buffer_text(&out)));
	buffer_fini(&out);
}

static enum exit_code
check(const struct token_keys *keys, struct text text, bool is_json)
{
	struct token token;
	const char *why = token_read(&token, keys, text, clock_unix_ms());

	if (why)
		fprintf(stderr, "error: %s\n", why);
	else
		(is_json ? print_json : print_token)(&token);
	token_fini(&token);
	return why ? EXIT_REFUSED : EXIT_ANSWERED;
}

static bool
read_input(struct buffer *out)
{
	size_t room = TOKEN_BYTES_MAX + 2;

	out->length = fread(buffer_reserve(out, room), 1, room, stdin);
	while (out->length > 0 && strchr("\r\n", out->data[out->length - 1]))
		out->length--;
	return !ferror(stdin);
}

enum exit_code
tokens_check(const struct tokens_wishes *wishes)
{
	struct token_keys *keys = read_keys(wishes);
	struct buffer input = { 0 };
	enum exit_code code = EXIT_REFUSED;

	if (!keys)
		goto out;
	if (wishes->token)
		buffer_add_string(&input, wishes->token);
	else if (!read_input(&input))
		goto out;
	code = check(keys, buffer_text(&input), wishes->is_json);
out:
	buffer_fini(&input);
	token_keys_free(&keys);
	return code;
}
