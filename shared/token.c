#include "shared/token.h"

#include <math.h>
#include <stdlib.h>

#include "shared/base.h"
#include "shared/base64.h"
#include "shared/buffer.h"
#include "shared/json.h"
#include "shared/message.h"
#include "shared/raw.h"
#include "shared/token_keys.h"

/* The time of all times: numbers of JSON are exact up to here. */
#define MS_MAX (1ULL << 53)

/* The three parts, each still in base64url. */
struct parts {
	struct text header, payload, signature;
	struct text data; /* what is signed: the first two */
};

static const char malformed[] = "the token is no JWT of at most 8192 bytes";

/* Cuts off what stands before the first dot; false when there is none. */
static bool
cut(struct text *rest, struct text *part)
{
	const char *at = rest->at;

	for (size_t i = 0; i < rest->length; i++) {
		if (at[i] != '.')
			continue;
		*part = (struct text){ at, i };
		*rest = (struct text){ at + i + 1, rest->length - i - 1 };
		return true;
	}
	return false;
}

static bool
divide(struct text text, struct parts *parts)
{
	struct text rest = text;

	if (text.length > TOKEN_BYTES_MAX || !cut(&rest, &parts->header) ||
		!cut(&rest, &parts->payload))
		return false;
	parts->signature = rest; /* another dot is no letter of it */
	parts->data = (struct text){ text.at, text.length - rest.length - 1 };
	return true;
}

static json_t *
read_part(struct text part)
{
	struct buffer bytes = { 0 };
	json_t *object = NULL;

	if (base64_read(&bytes, part))
		object = json_read_object(buffer_text(&bytes));
	buffer_fini(&bytes);
	return object;
}

static const char *
check_signature(const struct parts *parts, const struct token_keys *keys,
	struct text kid, enum crypto_algorithm algorithm)
{
	struct buffer signature = { 0 };
	bool is_good = false;

	if (base64_read(&signature, parts->signature))
		is_good = token_keys_verify(keys, kid, algorithm, parts->data,
			buffer_text(&signature));
	buffer_fini(&signature);
	return is_good ? NULL
		       : "the token is not signed by a key of its tenant";
}

static const char *
check_header(const struct parts *parts, const struct token_keys *keys,
	const json_t *header)
{
	enum crypto_algorithm algorithm;
	struct text name, kid = { 0 };

	if (!json_get_text(header, "alg", &name))
		return malformed;
	if (json_object_get(header, "kid") &&
		!json_get_text(header, "kid", &kid))
		return "kid in the header of the token must be a string";
	if (json_object_get(header, "crit"))
		return "the header of the token has crit";
	if (!crypto_algorithm_of(name, &algorithm))
		return "the token must be signed with HS256, RS256, ES256 or "
		       "EdDSA";
	return check_signature(parts, keys, kid, algorithm);
}

/* Seconds, perhaps with a fraction, as milliseconds; false when it is no
 * number. Before 1970 is 0, and the far future is near enough. */
static bool
read_time(const json_t *claims, const char *member, uint64_t *ms)
{
	const json_t *value = json_object_get(claims, member);
	double seconds = json_number_value(value);

	if (!json_is_number(value))
		return false;
	*ms = (uint64_t)(fmin(fmax(seconds * 1000, 0), (double)MS_MAX));
	return true;
}

static const char *
read_times(struct token *token, const json_t *claims, uint64_t now)
{
	uint64_t not_before = 0;

	if (!read_time(claims, "exp", &token->expires_ms))
		return "the token must have exp, a number of seconds";
	if (json_object_get(claims, "nbf") &&
		!read_time(claims, "nbf", &not_before))
		return "nbf of the token must be a number of seconds";
	if (json_object_get(claims, "iat") &&
		!read_time(claims, "iat", &token->issued_ms))
		return "iat of the token must be a number of seconds";
	if (now >= token->expires_ms)
		return "the token has expired";
	if (not_before > now + TOKEN_EARLY_MS)
		return "the token is not valid yet";
	return NULL;
}

/* Is the member missing, or a name of at most so many bytes? */
static bool
read_name(
	const json_t *claims, const char *member, size_t max, struct text *name)
{
	if (!json_object_get(claims, member))
		return true;
	return json_get_text(claims, member, name) &&
	       text_is_name(*name, 1, max);
}

static const char *
read_names(struct token *token, const json_t *claims)
{
	if (!read_name(claims, "sub", USER_BYTES_MAX, &token->user) ||
		token->user.length == 0)
		return "the token must have sub, a user of 1 to 64 bytes "
		       "without control characters";
	if (!read_name(claims, "tenant", TENANT_BYTES_MAX, &token->tenant))
		return "tenant of the token must be a string of 1 to 64 bytes "
		       "without control characters";
	if (!read_name(claims, "jti", TOKEN_ID_BYTES_MAX, &token->id))
		return "jti of the token must be a string of 1 to 128 bytes "
		       "without control characters";
	return NULL;
}

static const char *
read_rooms(struct token *token, const json_t *claims)
{
	static const char wrong[] =
		"rooms of the token must be a list of rooms, or how they "
		"begin and a '*' at the end";
	const json_t *list = json_object_get(claims, "rooms"), *value;
	size_t i;

	token->has_rooms = list != NULL;
	if (list && !json_is_array(list))
		return wrong;
	token->rooms = base_alloc_zeroed(
		json_array_size(list) + 1, sizeof(*token->rooms));
	json_array_foreach(list, i, value)
	{
		struct text *room = &token->rooms[token->room_count++];

		if (!json_is_string(value))
			return wrong;
		*room = (struct text){ json_string_value(value),
			json_string_length(value) };
		if (!text_is_name(*room, 1, ROOM_BYTES_MAX) ||
			!text_is_pattern(*room))
			return wrong;
	}
	return NULL;
}

/* As it was written, like the info of a login. */
static const char *
read_info(struct token *token, struct text payload)
{
	const json_t *info = json_object_get(token->claims, "info");
	struct buffer bytes = { 0 };
	struct text raw;

	if (!info)
		return NULL;
	if (raw_find(payload, "info", &raw))
		raw_write_compact(&bytes, raw);
	else
		json_write_value(&bytes, info);
	token->info_bytes = (char *)bytes.data;
	token->info = buffer_text(&bytes);
	return token->info.length <= INFO_BYTES_MAX
		       ? NULL
		       : "info of the token must be at most 1024 bytes of JSON";
}

/* JSON has one kind of number, so 7.0 is 7; false when it is no platform. */
static bool
read_platform(const json_t *value, uint32_t *platform)
{
	double number = json_number_value(value);

	if (!json_is_number(value) || number < 0 || number > UINT32_MAX)
		return false;
	*platform = (uint32_t)number;
	return (double)*platform == number;
}

static const char *
read_grants(struct token *token, const json_t *claims)
{
	const json_t *say = json_object_get(claims, "say");
	const json_t *platform = json_object_get(claims, "platform");

	if (say && !json_is_boolean(say))
		return "say of the token must be true or false";
	token->may_say = !json_is_false(say);
	token->has_platform = platform != NULL;
	if (platform && !read_platform(platform, &token->platform))
		return "platform of the token must be a number from 0 to "
		       "4294967295";
	return NULL;
}

static const char *
read_claims(struct token *token, struct text payload, uint64_t now)
{
	const char *why;

	token->claims = json_read_object(payload);
	if (!token->claims)
		return malformed;
	why = read_names(token, token->claims);

	if (!why)
		why = read_times(token, token->claims, now);
	if (!why)
		why = read_grants(token, token->claims);
	if (!why)
		why = read_rooms(token, token->claims);
	if (!why)
		why = read_info(token, payload);
	return why;
}

const char *
token_read(struct token *token, const struct token_keys *keys, struct text text,
	uint64_t unix_ms)
{
	struct parts parts;
	struct buffer payload = { 0 };
	const char *why = malformed;
	json_t *header;

	*token = (struct token){ 0 };
	if (!divide(text, &parts))
		return why;
	header = read_part(parts.header);
	if (header)
		why = check_header(&parts, keys, header);
	json_decref(header);
	if (why)
		return why;
	why = malformed;
	if (base64_read(&payload, parts.payload))
		why = read_claims(token, buffer_text(&payload), unix_ms);
	buffer_fini(&payload);
	return why;
}

void
token_fini(struct token *token)
{
	free(token->rooms);
	free(token->info_bytes);
	json_decref(token->claims);
	*token = (struct token){ 0 };
}

struct text
token_claimed_tenant(struct text text, struct buffer *bytes)
{
	struct parts parts;
	struct text tenant = { 0 };
	json_t *claims;

	if (!divide(text, &parts))
		return tenant;
	claims = read_part(parts.payload);
	if (json_get_text(claims, "tenant", &tenant) && tenant.length > 0) {
		buffer_add_text(bytes, tenant);
		tenant.at = (char *)bytes->data + bytes->length - tenant.length;
	}
	json_decref(claims);
	return tenant;
}

bool
token_write(struct buffer *out, const struct crypto_key *key, struct text kid,
	struct text claims)
{
	struct buffer header = { 0 }, signature = { 0 };
	size_t begin = out->length;
	struct text data;
	bool is_signed;

	buffer_add_format(&header, "{\"alg\":\"%s\",\"typ\":\"JWT\"",
		crypto_algorithm_name(crypto_key_algorithm(key)));
	if (kid.length) {
		buffer_add_string(&header, ",\"kid\":");
		json_write_string(&header, kid);
	}
	buffer_add_byte(&header, '}');
	base64_write(out, buffer_text(&header));
	buffer_add_byte(out, '.');
	base64_write(out, claims);
	data = (struct text){ (char *)out->data + begin, out->length - begin };
	is_signed = crypto_sign(key, data, &signature);
	buffer_add_byte(out, '.');
	base64_write(out, buffer_text(&signature));
	buffer_fini(&header);
	buffer_fini(&signature);
	return is_signed;
}
