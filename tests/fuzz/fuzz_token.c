/*
 * The reader of tokens. Any bytes are shown to it as a token, and also as the
 * header and the claims (divided by a newline) of a rightly signed one, so that
 * what lies behind the signature is reached. What is taken must keep the limits
 * that the rest of the server believes in.
 */
#include <string.h>

#include "shared/base.h"
#include "shared/base64.h"
#include "shared/buffer.h"
#include "shared/message.h"
#include "shared/token.h"
#include "shared/token_keys.h"

#define NOW 1700000000000ULL

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct token *token)
{
	must(text_is_name(token->user, 1, USER_BYTES_MAX));
	must(token->tenant.length == 0 ||
		text_is_name(token->tenant, 1, TENANT_BYTES_MAX));
	must(token->id.length == 0 ||
		text_is_name(token->id, 1, TOKEN_ID_BYTES_MAX));
	must(token->info.length <= INFO_BYTES_MAX);
	must(text_is_utf8(token->info));
	must(token->expires_ms > NOW);
	must(token->has_rooms || token->room_count == 0);
	for (size_t i = 0; i < token->room_count; i++)
		must(text_is_name(token->rooms[i], 1, ROOM_BYTES_MAX) &&
			text_is_pattern(token->rooms[i]));
}

static bool
show(const struct token_keys *keys, struct text text)
{
	struct buffer bytes = { 0 };
	struct token token;
	bool is_good;

	is_good = token_read(&token, keys, text, NOW) == NULL;
	if (is_good) {
		struct text claimed = token_claimed_tenant(text, &bytes);

		check(&token);
		must(text_equal(claimed, token.tenant));
	} else {
		token_claimed_tenant(text, &bytes);
	}
	token_fini(&token);
	buffer_fini(&bytes);
	return is_good;
}

static void
show_signed(const struct token_keys *keys, const struct crypto_key *key,
	struct text header, struct text claims)
{
	struct buffer text = { 0 }, signature = { 0 };

	base64_write(&text, header);
	buffer_add_byte(&text, '.');
	base64_write(&text, claims);
	must(crypto_sign(key, buffer_text(&text), &signature));
	buffer_add_byte(&text, '.');
	base64_write(&text, buffer_text(&signature));
	if (show(keys, buffer_text(&text))) {
		/* what is good is so to the last bit */
		text.data[0] ^= 1;
		must(!show(keys, buffer_text(&text)));
	}
	buffer_fini(&text);
	buffer_fini(&signature);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct token_keys *keys;
	static struct crypto_key *key;
	const char *at = (const char *)data;
	const char *line = size ? memchr(at, '\n', size) : NULL;
	size_t header = line ? (size_t)(line - at) : 0;
	const char *why;

	if (!keys) {
		keys = token_keys_new();
		must(!token_keys_add(
			keys, CRYPTO_HS256, TEXT_LITERAL("secret")));
		key = crypto_key_read_private(
			CRYPTO_HS256, TEXT_LITERAL("secret"), &why);
	}
	must(!show(keys, (struct text){ at, size }));
	if (line)
		show_signed(keys, key, (struct text){ at, header },
			(struct text){ line + 1, size - header - 1 });
	return 0;
}
