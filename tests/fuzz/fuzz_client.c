/*
 * What strangers say to the profile client: the name of a system in an address,
 * the name of a group, and what a message or the labels of a client are made
 * of. Whatever it is, names are names, and what is pushed is one line of JSON.
 */
#include <stdlib.h>
#include <string.h>

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/clientele.h"
#include "shared/gojson.h"
#include "shared/records.h"
#include "shared/systems.h"
#include "worker/gateway/profiles/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_names(struct text text)
{
	char tenant[TENANT_BYTES_MAX], room[ROOM_BYTES_MAX];
	struct buffer system = { 0 };

	text_is_name(clientele_system(text, &system), 0, SIZE_MAX);
	must(systems_is_tenant(systems_tenant(tenant, text)));
	must(systems_is_tenant(systems_tenant(tenant, buffer_text(&system))));
	must(text_is_name(clientele_room(room, text), 1, ROOM_BYTES_MAX));
	buffer_fini(&system);
}

/* Begins the next one. */
static void
check_push(struct buffer *out)
{
	json_t *push = gojson_read(buffer_text(out), false);

	must(json_is_object(push) && out->data[out->length - 1] == '\n');
	must(memchr(out->data, '\n', out->length - 1) == NULL);
	must(json_is_integer(json_object_get(push, "code")));
	must(json_object_get(push, "data") != NULL);
	json_decref(push);
	buffer_clear(out, SIZE_MAX);
}

static void
check_pushes(struct text text)
{
	struct buffer out = { 0 };

	profile_client.write_message(&out,
		&(struct message){
			.from = TEXT_LITERAL("system"),
			.body = text,
		},
		false);
	check_push(&out);
	profile_client.write_presence(&out,
		&(struct presence){ .user = TEXT_LITERAL("id"), .info = text });
	check_push(&out);
	buffer_fini(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text text = { base_alloc(size + 1), size };

	if (size)
		memcpy((char *)text.at, data, size);
	check_names(text);
	check_pushes(text);
	free((char *)text.at);
	return 0;
}
