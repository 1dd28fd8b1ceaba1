#include "worker/ledger/rolls.h"

#include <stdlib.h>
#include <string.h>

#include "shared/buffer.h"
#include "shared/message.h"
#include "shared/records.h"
#include "shared/stream.h"
#include "shared/table.h"

#define KEEP_BYTES (256U * 1024)
#define KEY_BYTES (TENANT_BYTES_MAX + 1 + ROOM_BYTES_MAX)

/* A room, or a user. */
struct roll_name {
	UT_hash_handle hh;
	struct roll_line *lines, *last;
	size_t count;
	uint64_t platform; /* of the first line */
	uint8_t tenant_length;
	uint8_t length;
	char key[]; /* tenant, 0x1f, name */
};

struct roll_line {
	UT_hash_handle hh;
	struct roll_line *next_of_room, *next_of_user;
	struct {
		struct roll_name *room, *user;
	} of;
	uint64_t platform;
};

struct roll_key {
	size_t length;
	char bytes[KEY_BYTES];
};

static struct roll_key
key_of(struct text tenant, struct text name)
{
	struct roll_key key = { .length = tenant.length + 1 + name.length };

	must(key.length <= sizeof(key.bytes));
	if (tenant.length > 0)
		memcpy(key.bytes, tenant.at, tenant.length);
	key.bytes[tenant.length] = 0x1f;
	memcpy(key.bytes + tenant.length + 1, name.at, name.length);
	return key;
}

static struct roll_name *
find_name(struct roll_name *table, struct text tenant, struct text name)
{
	struct roll_key key = key_of(tenant, name);
	struct roll_name *found;

	HASH_FIND(hh, table, key.bytes, key.length, found);
	return found;
}

static struct roll_name *
need_name(struct roll_name **table, const struct enrol *enrol, struct text name)
{
	struct roll_name *made = find_name(*table, enrol->tenant, name);
	struct roll_key key;

	if (made)
		return made;
	key = key_of(enrol->tenant, name);
	made = base_alloc_zeroed(1, sizeof(*made) + key.length);
	made->platform = enrol->platform;
	made->tenant_length = (uint8_t)enrol->tenant.length;
	made->length = (uint8_t)name.length;
	memcpy(made->key, key.bytes, key.length);
	HASH_ADD_KEYPTR(hh, *table, made->key, key.length, made);
	return made;
}

static struct text
tenant_of(const struct roll_name *name)
{
	return (struct text){ name->key, name->tenant_length };
}

static struct text
text_of_name(const struct roll_name *name)
{
	return (struct text){ name->key + name->tenant_length + 1,
		name->length };
}

static void
free_names(struct roll_name **table)
{
	struct roll_name *name, *next;

	HASH_ITER(hh, *table, name, next)
	{
		HASH_DEL(*table, name);
		free(name);
	}
}

void
rolls_fini(struct rolls *rolls)
{
	struct roll_line *line, *next;

	HASH_ITER(hh, rolls->lines, line, next)
	{
		HASH_DEL(rolls->lines, line);
		free(line);
	}
	free_names(&rolls->rooms);
	free_names(&rolls->users);
	rolls->count = 0;
}

bool
rolls_are_sound(const struct enrol *enrol)
{
	return text_is_name(enrol->tenant, 0, TENANT_BYTES_MAX) &&
	       text_is_name(enrol->room, 1, ROOM_BYTES_MAX) &&
	       text_is_name(enrol->user, 1, USER_BYTES_MAX);
}

static struct roll_line *
find_line(const struct rolls *rolls, struct roll_name *room,
	struct roll_name *user)
{
	struct roll_line *found, wanted = { .of = { room, user } };

	if (!room || !user)
		return NULL;
	HASH_FIND(hh, rolls->lines, &wanted.of, sizeof(wanted.of), found);
	return found;
}

bool
rolls_have(const struct rolls *rolls, const struct enrol *enrol)
{
	return find_line(rolls,
		       find_name(rolls->rooms, enrol->tenant, enrol->room),
		       find_name(rolls->users, enrol->tenant, enrol->user)) !=
	       NULL;
}

bool
rolls_have_room_for(
	const struct rolls *rolls, const struct enrol *enrol, size_t more)
{
	const struct roll_name *user =
		find_name(rolls->users, enrol->tenant, enrol->user);

	return rolls->count + more < ROLLS_MAX &&
	       (user ? user->count : 0) + more < ROLLS_OF_USER_MAX;
}

void
rolls_add(struct rolls *rolls, const struct enrol *enrol)
{
	struct roll_name *room = need_name(&rolls->rooms, enrol, enrol->room);
	struct roll_name *user = need_name(&rolls->users, enrol, enrol->user);
	struct roll_line *line;

	if (find_line(rolls, room, user))
		return;
	line = base_alloc_zeroed(1, sizeof(*line));
	line->of.room = room;
	line->of.user = user;
	line->platform = enrol->platform;
	HASH_ADD(hh, rolls->lines, of, sizeof(line->of), line);
	if (room->last)
		room->last->next_of_room = line;
	else
		room->lines = line;
	if (user->last)
		user->last->next_of_user = line;
	else
		user->lines = line;
	room->last = user->last = line;
	room->count++;
	user->count++;
	rolls->count++;
}

/* false: there is no more room on the page. */
static bool
add_name(struct roll *roll, struct buffer *bytes, size_t bytes_max,
	const struct roll_name *name)
{
	if (bytes->length + name->length + 8 > bytes_max) {
		roll->more = 1;
		return false;
	}
	pack_text(bytes, text_of_name(name));
	roll->count++;
	return true;
}

void
rolls_rooms_of(const struct rolls *rolls, const struct enrol *enrol,
	struct buffer *bytes, struct roll *roll)
{
	const struct roll_name *user =
		find_name(rolls->users, enrol->tenant, enrol->user);
	const struct roll_line *line = user ? user->lines : NULL;

	buffer_clear(bytes, KEEP_BYTES);
	for (; line; line = line->next_of_user)
		add_name(roll, bytes, SIZE_MAX, line->of.room);
	roll->names = buffer_text(bytes);
}

static void
add_users(const struct rolls *rolls, const struct roll_wanted *wanted,
	size_t bytes_max, struct buffer *bytes, struct roll *roll)
{
	const struct roll_name *room =
		find_name(rolls->rooms, wanted->tenant, wanted->room);
	const struct roll_line *line = room ? room->lines : NULL;
	uint64_t place = 0;

	for (; line; line = line->next_of_room)
		if (place++ >= wanted->from &&
			!add_name(roll, bytes, bytes_max, line->of.user))
			return;
}

static void
add_rooms(const struct rolls *rolls, const struct roll_wanted *wanted,
	size_t bytes_max, struct buffer *bytes, struct roll *roll)
{
	const struct roll_name *room = rolls->rooms;
	uint64_t place = 0;

	for (; room; room = room->hh.next)
		if (room->platform == wanted->platform &&
			text_equal(tenant_of(room), wanted->tenant) &&
			place++ >= wanted->from &&
			!add_name(roll, bytes, bytes_max, room))
			return;
}

void
rolls_page(const struct rolls *rolls, const struct roll_wanted *wanted,
	size_t bytes_max, struct buffer *bytes, struct roll *roll)
{
	buffer_clear(bytes, KEEP_BYTES);
	if (wanted->room.length > 0)
		add_users(rolls, wanted, bytes_max, bytes, roll);
	else
		add_rooms(rolls, wanted, bytes_max, bytes, roll);
	roll->names = buffer_text(bytes);
}

void
rolls_to_message(const struct enrol *enrol, struct message *message)
{
	*message = (struct message){
		.kind = STREAM_ROOM,
		.tenant = enrol->tenant,
		.stream = enrol->room,
		.from = enrol->user,
		.platform = enrol->platform,
		.flags = MESSAGE_ENROL,
	};
}

bool
rolls_of_message(const struct message *message, struct enrol *enrol)
{
	*enrol = (struct enrol){
		.tenant = message->tenant,
		.room = message->stream,
		.user = message->from,
		.platform = message->platform,
	};
	return message->kind == STREAM_ROOM && rolls_are_sound(enrol);
}

bool
rolls_next(const struct rolls *rolls, const struct roll_line **line,
	struct enrol *enrol)
{
	const struct roll_line *next = *line ? (*line)->hh.next : rolls->lines;

	if (!next)
		return false;
	*line = next;
	*enrol = (struct enrol){
		.tenant = tenant_of(next->of.room),
		.room = text_of_name(next->of.room),
		.user = text_of_name(next->of.user),
		.platform = next->platform,
	};
	return true;
}

/* The first of a room stays it. */
void
rolls_write(const struct rolls *rolls, struct buffer *out)
{
	const struct roll_line *line = NULL;
	struct enrol enrol;

	while (rolls_next(rolls, &line, &enrol)) {
		pack_text(out, enrol.tenant);
		pack_text(out, enrol.room);
		pack_text(out, enrol.user);
		pack_number(out, enrol.platform);
	}
}

bool
rolls_read(struct rolls *rolls, struct unpack *in)
{
	while (!in->failed && in->at < in->end) {
		struct enrol enrol = { .tenant = unpack_text(in) };

		enrol.room = unpack_text(in);
		enrol.user = unpack_text(in);
		enrol.platform = unpack_number(in);
		if (in->failed || !rolls_are_sound(&enrol))
			return false;
		rolls_add(rolls, &enrol);
	}
	return !in->failed;
}
