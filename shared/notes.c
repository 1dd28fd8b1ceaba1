#include "shared/notes.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

static uint64_t
load(const _Atomic uint64_t *word)
{
	return atomic_load_explicit(word, memory_order_acquire);
}

static void
store(_Atomic uint64_t *word, uint64_t value)
{
	atomic_store_explicit(word, value, memory_order_release);
}

static uint64_t
now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* As much of the message as fits, without half a character at the end. */
static uint16_t
length_of(const char *message)
{
	size_t length = strnlen(message, NOTE_TEXT_BYTES + 1);

	if (length <= NOTE_TEXT_BYTES)
		return (uint16_t)length;
	length = NOTE_TEXT_BYTES;
	while (length > 0 && ((unsigned char)message[length] & 0xc0) == 0x80)
		length--;
	return (uint16_t)length;
}

static void
write_note(struct note_place *place, uint64_t stamp, const struct note *note)
{
	uint64_t words[NOTE_WORDS];

	memcpy(words, note, sizeof(words));
	store(&place->stamp, 0);
	for (size_t i = 0; i < NOTE_WORDS; i++)
		store(&place->words[i], words[i]);
	store(&place->stamp, stamp);
}

void
notes_add(void *own, enum log_level level, const char *message)
{
	struct notes *notes = own;
	enum notes_kind kind =
		level <= LOG_LEVEL_WARNING ? NOTES_OF_TROUBLE : NOTES_OF_INFO;
	uint64_t count = load(&notes->count[kind]);
	struct note note = { .unix_us = now_us(),
		.pid = (uint32_t)getpid(),
		.level = (uint16_t)level,
		.length = length_of(message) };

	if (level > LOG_LEVEL_INFO)
		return;
	memcpy(note.text, message, note.length);
	write_note(&notes->places[kind][count % NOTES_KEPT], count + 1, &note);
	store(&notes->count[kind], count + 1);
}

bool
notes_read(const struct notes *notes, enum notes_kind kind, unsigned back,
	struct note *note)
{
	uint64_t count = load(&notes->count[kind]);
	const struct note_place *place;
	uint64_t words[NOTE_WORDS], stamp;

	if (back >= count || back >= NOTES_KEPT)
		return false;
	stamp = count - back;
	place = &notes->places[kind][(stamp - 1) % NOTES_KEPT];
	if (load(&place->stamp) != stamp)
		return false;
	for (size_t i = 0; i < NOTE_WORDS; i++)
		words[i] = load(&place->words[i]);
	memcpy(note, words, sizeof(*note));
	return load(&place->stamp) == stamp && note->length <= NOTE_TEXT_BYTES;
}
