#include "worker/ledger/keys.h"

#include "shared/base.h"
#include "shared/buffer.h"
#include "shared/mail.h"
#include "shared/message.h"
#include "shared/pack.h"
#include "shared/records.h"
#include "shared/stream.h"

/* One key in a checkpoint. */
struct key_line {
	uint64_t high, low, target, id_time, offset, id_origin;
};

_Static_assert(sizeof(struct key_line) == 48, "lies on disk");
_Static_assert(sizeof(struct key_entry) == 64, "there are many");

void
keys_init(struct keys *keys, uint32_t count_max)
{
	*keys = (struct keys){ .count_max = count_max };
	known_init(&keys->known, sizeof(struct key_entry));
}

void
keys_fini(struct keys *keys)
{
	known_fini(&keys->known);
}

static struct key_entry *
entry_at(const struct keys *keys, uint32_t place)
{
	return known_at(&keys->known, place);
}

/* To whom: the stream and the other sides, in whatever order they come. */
static uint64_t
hash_target(const struct keys *keys, const struct message *message)
{
	struct unpack others = unpack_of(message->others);
	struct stream_name stream;
	struct mail_side side;
	uint64_t hash;

	stream_name_make(&stream, (unsigned)message->kind, message->tenant,
		message->stream);
	hash = hash_bytes(&keys->known.secrets[0], stream.bytes, stream.length);
	while (mail_next_side(&others, &side))
		hash += hash_bytes(&keys->known.secrets[1], side.user.at,
			side.user.length);
	return hash;
}

struct key_name
keys_name(const struct keys *keys, const struct message *message)
{
	bool is_of_room = message->flags & MESSAGE_ROOM_KEY;
	bool is_shared = message->flags & MESSAGE_SHARED_KEY;
	const struct text texts[] = { message->tenant,
		is_shared ? TEXT_LITERAL("") : message->from, message->key,
		message->stream };
	size_t count = ARRAY_LEN(texts) - !is_of_room;

	return (struct key_name){
		.key = known_name_of(&keys->known, texts, count),
		.target = hash_target(keys, message),
	};
}

static void
remove_entry(struct keys *keys, uint32_t place)
{
	const struct known_entry *entry = known_at(&keys->known, place);

	if (keys->settled == place)
		keys->settled = entry->older;
	if (keys->writing == place)
		keys->writing = entry->newer;
	known_remove(&keys->known, place);
}

static void
add_line(struct keys *keys, const struct key_line *line)
{
	const struct known_name name = { line->high, line->low };
	struct key_entry *entry =
		entry_at(keys, known_add(&keys->known, &name));

	entry->head.mine = (uint32_t)line->id_origin;
	entry->target = line->target;
	entry->id_time = line->id_time;
	entry->offset = line->offset;
	entry->serial = ++keys->serial;
}

static bool
is_too_old(const struct key_entry *entry, uint64_t unix_ms)
{
	return message_unix_ms(entry->id_time) + KEYS_KEPT_MS <= unix_ms;
}

const struct key_entry *
keys_find(
	const struct keys *keys, const struct key_name *name, uint64_t unix_ms)
{
	uint32_t place = known_find(&keys->known, &name->key);

	if (place == 0 || is_too_old(entry_at(keys, place), unix_ms))
		return NULL;
	return entry_at(keys, place);
}

/* The ids of another host are as right as its clock. */
static uint64_t
placed_ms(const struct message *message)
{
	return message_unix_ms(
		message->placed ? message->placed : message->id_time);
}

void
keys_add(struct keys *keys, const struct key_name *name,
	const struct message *message)
{
	const struct key_line line = {
		.high = name->key.high,
		.low = name->key.low,
		.target = name->target,
		.id_time = message->id_time,
		.offset = message->offset,
		.id_origin = message->id_origin,
	};
	uint64_t now_ms = placed_ms(message);
	uint32_t old;

	/* Two go for one that comes, so all that are too old are gone soon. */
	keys_forget(keys, now_ms, 2);
	if (message_unix_ms(message->id_time) > now_ms + KEYS_KEPT_MS)
		return;
	old = known_find(&keys->known, &name->key);
	if (old != 0)
		remove_entry(keys, old);
	add_line(keys, &line);
}

bool
keys_is_fresh(const struct keys *keys, const struct key_entry *entry)
{
	return keys->settled == 0 ||
	       entry->serial > entry_at(keys, keys->settled)->serial;
}

void
keys_settle(struct keys *keys)
{
	keys->settled = keys->known.newest;
	for (; keys->known.count > keys->count_max; keys->dropped++)
		remove_entry(keys, keys->known.oldest);
}

void
keys_take_back(struct keys *keys)
{
	while (keys->known.newest != keys->settled)
		remove_entry(keys, keys->known.newest);
}

void
keys_forget(struct keys *keys, uint64_t unix_ms, unsigned most)
{
	for (; most > 0 && keys->known.oldest != 0; most--) {
		if (!is_too_old(entry_at(keys, keys->known.oldest), unix_ms))
			break;
		remove_entry(keys, keys->known.oldest);
	}
}

void
keys_replay(struct keys *keys, const struct message *message)
{
	struct key_name name;

	if (message->key.length == 0 || message->key.length > KEY_BYTES_MAX ||
		message->from.length > USER_BYTES_MAX)
		return;
	name = keys_name(keys, message);
	keys_add(keys, &name, message);
	keys_settle(keys);
}

void
keys_begin_writing(struct keys *keys, struct buffer *out)
{
	must(keys->known.newest == keys->settled);
	buffer_add(out, keys->known.secrets, sizeof(keys->known.secrets));
	buffer_reserve(out, keys->known.count * sizeof(struct key_line));
	keys->writing = keys->known.oldest;
	keys->writing_to = keys->known.newest
				   ? entry_at(keys, keys->known.newest)->serial
				   : 0;
}

bool
keys_write(struct keys *keys, struct buffer *out, size_t most)
{
	for (; keys->writing != 0; most--) {
		const struct key_entry *entry = entry_at(keys, keys->writing);
		const struct key_line line = { entry->head.name.high,
			entry->head.name.low, entry->target, entry->id_time,
			entry->offset, entry->head.mine };

		if (entry->serial > keys->writing_to) {
			keys->writing = 0;
			break;
		}
		if (most == 0)
			return false;
		buffer_add(out, &line, sizeof(line));
		keys->writing = entry->head.newer;
	}
	return true;
}

bool
keys_read(struct keys *keys, struct unpack *in)
{
	struct key_line line;

	known_take_bytes(in, keys->known.secrets, sizeof(keys->known.secrets));
	while (!in->failed && in->at < in->end) {
		known_take_bytes(in, &line, sizeof(line));
		if (!in->failed)
			add_line(keys, &line);
	}
	keys_settle(keys);
	return !in->failed;
}
