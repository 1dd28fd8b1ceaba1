/*
 * Marks stand in the line of known.h by when they were moved last. A picture
 * walks along it; a mark that is moved before its turn leaves its old line for
 * the end of the picture, and one that is new does not belong to it. Which
 * picture has a mark already is noted in the entry.
 */
#include "worker/ledger/marks.h"

#include "shared/base.h"
#include "shared/mail.h"
#include "shared/message.h"
#include "shared/pack.h"
#include "shared/records.h"

#define KEEP_BYTES 4096

struct mark_entry {
	struct known_entry head; /* mine: the last picture that has it */
	uint64_t offset;
};

/* One mark in a checkpoint. */
struct mark_line {
	uint64_t high, low, offset;
};

_Static_assert(sizeof(struct mark_line) == 24, "lies on disk");
_Static_assert(sizeof(struct mark_entry) == 40, "there are many");

void
marks_init(struct marks *marks, uint32_t count_max)
{
	*marks = (struct marks){ .count_max = count_max };
	known_init(&marks->known, sizeof(struct mark_entry));
}

void
marks_fini(struct marks *marks)
{
	known_fini(&marks->known);
	buffer_fini(&marks->left);
}

bool
marks_are_sound(const struct mark *mark)
{
	bool is_inbox = mark->kind == STREAM_INBOX;

	if (mark->tenant.length > TENANT_BYTES_MAX || mark->user.length == 0 ||
		mark->user.length > USER_BYTES_MAX)
		return false;
	if (is_inbox)
		return text_equal(mark->stream, mark->user) &&
		       mark->with.length > 0 &&
		       mark->with.length <= USER_BYTES_MAX;
	return mark->kind == STREAM_ROOM && mark->stream.length > 0 &&
	       mark->stream.length <= ROOM_BYTES_MAX && mark->with.length == 0;
}

static struct known_name
name_of(const struct marks *marks, const struct mark *mark)
{
	const struct text texts[] = {
		mark->kind == STREAM_ROOM ? TEXT_LITERAL("r")
					  : TEXT_LITERAL("i"),
		mark->tenant,
		mark->stream,
		mark->user,
		mark->with,
	};

	return known_name_of(&marks->known, texts, ARRAY_LEN(texts));
}

static struct mark_entry *
entry_at(const struct marks *marks, uint32_t place)
{
	return known_at(&marks->known, place);
}

uint64_t
marks_find(const struct marks *marks, const struct mark *mark)
{
	const struct known_name name = name_of(marks, mark);
	uint32_t place = known_find(&marks->known, &name);

	return place ? entry_at(marks, place)->offset : 0;
}

static void
write_line(struct buffer *out, const struct mark_entry *entry)
{
	const struct mark_line line = { entry->head.name.high,
		entry->head.name.low, entry->offset };

	buffer_add(out, &line, sizeof(line));
}

/* The entry is about to change its place or to go. */
static void
leave_for_picture(struct marks *marks, uint32_t place)
{
	struct mark_entry *entry = entry_at(marks, place);

	if (!marks->is_writing)
		return;
	if (marks->writing == place)
		marks->writing = entry->head.newer;
	if (entry->head.mine == marks->picture)
		return;
	write_line(&marks->left, entry);
	entry->head.mine = marks->picture;
}

static void
add(struct marks *marks, const struct known_name *name, uint64_t offset)
{
	uint32_t place = known_add(&marks->known, name);
	struct mark_entry *entry = entry_at(marks, place);

	entry->head.mine = marks->picture;
	entry->offset = offset;
	for (; marks->known.count > marks->count_max; marks->dropped++) {
		uint32_t oldest = marks->known.oldest;

		leave_for_picture(marks, oldest);
		known_remove(&marks->known, oldest);
	}
}

static bool
move(struct marks *marks, const struct mark *mark)
{
	const struct known_name name = name_of(marks, mark);
	uint32_t place = known_find(&marks->known, &name);
	struct mark_entry *entry;

	if (place == 0 && mark->offset > 0)
		add(marks, &name, mark->offset);
	if (place == 0)
		return mark->offset > 0;
	entry = entry_at(marks, place);
	if (mark->offset <= entry->offset)
		return false;
	leave_for_picture(marks, place);
	known_renew(&marks->known, place);
	entry->offset = mark->offset;
	return true;
}

/* How far `reader` has read what stands in the inbox of `stream`. */
static struct mark
mirrored(const struct mark *mark, struct text stream, struct text reader)
{
	return (struct mark){
		.kind = mark->kind,
		.tenant = mark->tenant,
		.stream = stream,
		.user = reader,
		.offset = mark->with_offset,
	};
}

bool
marks_set(struct marks *marks, const struct mark *mark)
{
	bool has_moved = move(marks, mark);

	if (has_moved && mark->with.length > 0 && mark->with_offset > 0) {
		const struct mark mirror =
			mirrored(mark, mark->with, mark->user);

		move(marks, &mirror);
	}
	return has_moved;
}

uint64_t
marks_find_with(const struct marks *marks, const struct mark *mark)
{
	const struct mark mirror = mirrored(mark, mark->user, mark->with);

	return marks_find(marks, &mirror);
}

void
marks_to_message(
	const struct mark *mark, struct message *message, struct buffer *others)
{
	const struct mail_side side = { mark->with, mark->with_offset };

	buffer_clear(others, KEEP_BYTES);
	if (mark->kind == STREAM_INBOX && !text_equal(mark->with, mark->user))
		mail_add_side(others, &side);
	*message = (struct message){
		.kind = mark->kind,
		.tenant = mark->tenant,
		.stream = mark->stream,
		.from = mark->user,
		.flags = MESSAGE_MARK,
		.others = buffer_text(others),
		.of_offset = mark->offset,
		.asker_slot = mark->asker_slot,
		.asker_life = mark->asker_life,
		.connection = mark->connection,
	};
}

bool
marks_of_message(const struct message *message, struct mark *mark)
{
	struct unpack others = unpack_of(message->others);
	struct mail_side side = { 0 };

	if (message->kind == STREAM_INBOX && !mail_next_side(&others, &side))
		side.user = message->from; /* what was said to oneself */
	*mark = (struct mark){
		.kind = message->kind,
		.tenant = message->tenant,
		.stream = message->stream,
		.user = message->from,
		.with = side.user,
		.offset = message->of_offset,
		.with_offset = side.offset,
		.asker_slot = message->asker_slot,
		.asker_life = message->asker_life,
		.connection = message->connection,
	};
	return (message->flags & MESSAGE_MARK) && marks_are_sound(mark);
}

void
marks_begin_writing(struct marks *marks)
{
	marks->picture++;
	marks->writing = marks->known.oldest;
	marks->is_writing = true;
	marks->has_begun = false;
	buffer_clear(&marks->left, 0);
}

bool
marks_write(struct marks *marks, struct buffer *out, size_t most)
{
	if (!marks->is_writing)
		return true;
	if (!marks->has_begun)
		buffer_add(out, marks->known.secrets,
			sizeof(marks->known.secrets));
	marks->has_begun = true;
	for (; marks->writing != 0; most--) {
		struct mark_entry *entry = entry_at(marks, marks->writing);

		if (entry->head.mine == marks->picture)
			break; /* those behind it were moved or came since */
		if (most == 0)
			return false;
		write_line(out, entry);
		entry->head.mine = marks->picture;
		marks->writing = entry->head.newer;
	}
	buffer_add_text(out, buffer_text(&marks->left));
	buffer_clear(&marks->left, 0);
	marks->is_writing = false;
	return true;
}

bool
marks_read(struct marks *marks, struct unpack *in)
{
	struct mark_line line;

	known_take_bytes(
		in, marks->known.secrets, sizeof(marks->known.secrets));
	while (!in->failed && in->at < in->end) {
		struct known_name name;

		known_take_bytes(in, &line, sizeof(line));
		name = (struct known_name){ line.high, line.low };
		if (!in->failed && known_find(&marks->known, &name) == 0)
			add(marks, &name, line.offset);
	}
	return !in->failed;
}
