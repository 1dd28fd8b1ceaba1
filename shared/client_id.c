#include "shared/client_id.h"

#include "shared/base.h"

#define HOST_DIGITS 4
#define SLOT_DIGITS 4
#define PLACE_DIGITS 8
#define SECRET_DIGITS 16

static char *
write_digits(char *at, uint64_t value, int count)
{
	for (int i = count - 1; i >= 0; i--, value >>= 4)
		at[i] = "0123456789abcdef"[value & 15];
	return at + count;
}

static bool
read_digits(const char **at, int count, uint64_t *value)
{
	*value = 0;
	for (int i = 0; i < count; i++) {
		char digit = *(*at)++;

		if (digit >= '0' && digit <= '9')
			*value = *value << 4 | (uint64_t)(digit - '0');
		else if (digit >= 'a' && digit <= 'f')
			*value = *value << 4 | (uint64_t)(digit - 'a' + 10);
		else
			return false;
	}
	return true;
}

void
client_id_write(char id[CLIENT_ID_LENGTH + 1], unsigned host, unsigned slot,
	uint32_t place, uint64_t secret)
{
	char *at = id;

	at = write_digits(at, host, HOST_DIGITS);
	at = write_digits(at, slot, SLOT_DIGITS);
	at = write_digits(at, place, PLACE_DIGITS);
	at = write_digits(at, secret, SECRET_DIGITS);
	must(at == id + CLIENT_ID_LENGTH);
	*at = 0;
}

bool
client_id_read(struct text id, unsigned *host, unsigned *slot, uint32_t *place,
	uint64_t *secret)
{
	const char *at = id.at;
	uint64_t number[3];

	if (id.length != CLIENT_ID_LENGTH ||
		!read_digits(&at, HOST_DIGITS, &number[0]) ||
		!read_digits(&at, SLOT_DIGITS, &number[1]) ||
		!read_digits(&at, PLACE_DIGITS, &number[2]) ||
		!read_digits(&at, SECRET_DIGITS, secret))
		return false;
	*host = (unsigned)number[0];
	*slot = (unsigned)number[1];
	*place = (uint32_t)number[2];
	return true;
}
