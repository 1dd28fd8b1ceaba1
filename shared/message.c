#include "shared/message.h"

#include "shared/base.h"

#define ORIGIN_DIGITS 4
#define WORD_DIGITS 13

static const char digits[] = "0123456789abcdefghijklmnopqrstuv";

uint64_t
message_next_time(uint64_t last, uint64_t unix_ms)
{
	return MAX_OF(last + 1, unix_ms << 16);
}

uint64_t
message_unix_ms(uint64_t id_time)
{
	return id_time >> 16;
}

bool
message_is_over(uint64_t until, uint64_t unix_ms)
{
	return until > 0 && until <= unix_ms;
}

uint64_t
message_time_of(uint64_t unix_ms)
{
	return unix_ms << 16;
}

uint64_t
message_origin(unsigned host, unsigned slot)
{
	return (uint64_t)host << 10 | slot;
}

unsigned
message_origin_host(uint64_t origin)
{
	return (unsigned)(origin >> 10);
}

static void
write_word(char *at, uint64_t value, int count)
{
	for (int i = count - 1; i >= 0; i--, value >>= 5)
		at[i] = digits[value & 31];
	at[count] = 0;
}

static bool
read_word(const char *at, int count, uint64_t *value)
{
	*value = 0;
	for (int i = 0; i < count; i++) {
		unsigned digit;

		if (at[i] >= '0' && at[i] <= '9')
			digit = (unsigned)(at[i] - '0');
		else if (at[i] >= 'a' && at[i] <= 'v')
			digit = (unsigned)(at[i] - 'a') + 10;
		else
			return false;
		if (*value >> 59)
			return false;
		*value = *value << 5 | digit;
	}
	return true;
}

void
message_id_write(char id[MESSAGE_ID_LENGTH + 1], uint64_t time, uint64_t origin)
{
	write_word(id, time, WORD_DIGITS);
	write_word(id + WORD_DIGITS, origin, ORIGIN_DIGITS);
}

bool
message_id_read(struct text id, uint64_t *time, uint64_t *origin)
{
	return id.length == MESSAGE_ID_LENGTH &&
	       read_word(id.at, WORD_DIGITS, time) &&
	       read_word(id.at + WORD_DIGITS, ORIGIN_DIGITS, origin);
}

void
message_epoch_write(char epoch[MESSAGE_EPOCH_LENGTH + 1], uint64_t value)
{
	write_word(epoch, value, WORD_DIGITS);
}

bool
message_epoch_read(struct text epoch, uint64_t *value)
{
	return epoch.length == MESSAGE_EPOCH_LENGTH &&
	       read_word(epoch.at, WORD_DIGITS, value);
}
