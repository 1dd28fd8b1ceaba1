#include "shared/clientele.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "shared/base.h"
#include "shared/base64.h"
#include "shared/buffer.h"
#include "shared/config.h"
#include "shared/crypto.h"
#include "shared/hash.h"
#include "shared/percent.h"

#define ROOM_BEGIN "client:"
#define ADDRESS_BYTES 24

/* One block of it, and so each id has the same length. */
#define ADDRESS_LENGTH_MAX 15

/* The usual alphabet instead of that of tokens. Of 32 bytes one character is
 * left to be filled up. */
static void
write_base64(char id[CLIENTELE_ID_LENGTH + 1], struct text bytes)
{
	struct buffer out = { 0 };

	base64_write(&out, bytes);
	buffer_add_byte(&out, '=');
	must(out.length == CLIENTELE_ID_LENGTH);
	for (size_t i = 0; i < out.length; i++) {
		char byte = (char)out.data[i];

		id[i] = byte == '-' ? '+' : byte == '_' ? '/' : byte;
	}
	id[out.length] = 0;
	buffer_fini(&out);
}

void
clientele_id(char id[CLIENTELE_ID_LENGTH + 1], struct text key, unsigned host,
	unsigned slot)
{
	uint8_t iv[CRYPTO_AES_BLOCK_BYTES];
	struct buffer bytes = { 0 };
	char address[ADDRESS_BYTES];
	int length = snprintf(address, sizeof(address), "0.0.%u.%u:%u",
		host >> 8 & 255, host & 255, slot);

	must(length > 0 && length <= ADDRESS_LENGTH_MAX);
	hash_random(iv, sizeof(iv));
	buffer_add(&bytes, iv, sizeof(iv));
	crypto_aes_cbc(key, iv, text_of(address), &bytes);
	write_base64(id, buffer_text(&bytes));
	buffer_fini(&bytes);
}

struct text
clientele_system(struct text query, struct buffer *out)
{
	const size_t name = strlen(CLIENTELE_SYSTEM);

	while (query.length > 0) {
		const char *end = memchr(query.at, '&', query.length);
		size_t length = end ? (size_t)(end - query.at) : query.length;

		if (length > name && query.at[name] == '=' &&
			strncasecmp(query.at, CLIENTELE_SYSTEM, name) == 0) {
			if (!percent_decode((struct text){ query.at + name + 1,
						    length - name - 1 },
				    true, out))
				buffer_clear(out, 0);
			return buffer_text(out);
		}
		length += end != NULL;
		query.at += length;
		query.length -= length;
	}
	return buffer_text(out);
}

/* A group that cannot be a room as it is called is told by its hash. */
bool
clientele_declares(const struct config *config, struct text system)
{
	for (size_t i = 0; i < config->client_system_count; i++)
		if (text_equal(text_of(config->client_systems[i]), system))
			return true;
	return false;
}

struct text
clientele_room(char name[ROOM_BYTES_MAX], struct text group)
{
	size_t most = ROOM_BYTES_MAX - strlen(ROOM_BEGIN);
	uint8_t digest[CRYPTO_SHA256_BYTES];
	struct buffer out = { 0 };

	buffer_add_string(&out, ROOM_BEGIN);
	if (text_is_name(group, 1, most) && group.at[0] != ':') {
		buffer_add_text(&out, group);
	} else {
		crypto_hmac(TEXT_LITERAL("group"), group, digest);
		buffer_add_byte(&out, ':');
		base64_write(
			&out, (struct text){ (char *)digest, sizeof(digest) });
	}
	must(out.length <= ROOM_BYTES_MAX);
	memcpy(name, out.data, out.length);
	group = (struct text){ name, out.length };
	buffer_fini(&out);
	return group;
}

void
clientele_message(char id[CLIENTELE_MESSAGE_LENGTH + 1], uint64_t id_time,
	uint64_t id_origin)
{
	const uint64_t parts[] = { id_time, id_origin };

	snprintf(id, CLIENTELE_MESSAGE_LENGTH + 1, "%016" PRIx64,
		hash_stable(parts, sizeof(parts)));
}
