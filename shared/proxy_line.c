#include "shared/proxy_line.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base.h"

/* Version 1: with CR and LF; the specification says so. */
#define TEXT_BYTES_MAX 107

/* Version 2. */
#define SIGNATURE_BYTES 12
#define HEAD_BYTES 16
#define VERSION_2 0x20
#define COMMAND_LOCAL 0
#define COMMAND_PROXY 1
#define FAMILY_INET 1
#define FAMILY_INET6 2
#define INET_BYTES 12
#define INET6_BYTES 36

static const char signature[] = "\r\n\r\n\0\r\nQUIT\n";

_Static_assert(sizeof(signature) == SIGNATURE_BYTES + 1, "as specified");

static void
map_ipv4(uint8_t address[16], const void *ipv4)
{
	memset(address, 0, 10);
	address[10] = address[11] = 0xff;
	memcpy(address + 12, ipv4, 4);
}

/* The next word; they are parted by one blank each. */
static struct text
cut_word(struct text *rest)
{
	const char *blank =
		rest->length ? memchr(rest->at, ' ', rest->length) : NULL;
	struct text word = *rest;

	if (blank)
		word.length = (size_t)(blank - rest->at);
	rest->at += word.length + (blank != NULL);
	rest->length -= word.length + (blank != NULL);
	return word;
}

static bool
read_host(int family, struct text word, uint8_t address[16])
{
	char host[INET6_ADDRSTRLEN];
	uint8_t bytes[16];

	if (word.length >= sizeof(host))
		return false;
	memcpy(host, word.at, word.length);
	host[word.length] = 0;
	/* A zero inside would hide what follows it. */
	if (strlen(host) != word.length || inet_pton(family, host, bytes) != 1)
		return false;
	if (family == AF_INET)
		map_ipv4(address, bytes);
	else
		memcpy(address, bytes, sizeof(bytes));
	return true;
}

static bool
read_port(struct text word, uint16_t *port)
{
	unsigned number = 0;

	if (word.length < 1 || word.length > 5)
		return false;
	for (size_t i = 0; i < word.length; i++) {
		if (word.at[i] < '0' || word.at[i] > '9')
			return false;
		number = number * 10 + (unsigned)(word.at[i] - '0');
	}
	*port = (uint16_t)number;
	return number <= UINT16_MAX;
}

/* "TCP4 192.0.2.1 198.51.100.1 50000 443", or "UNKNOWN" and anything. */
static bool
read_words(struct text rest, struct proxy_line *line)
{
	struct text protocol = cut_word(&rest);
	int family =
		text_equal(protocol, TEXT_LITERAL("TCP6")) ? AF_INET6 : AF_INET;
	uint8_t own[16];
	uint16_t own_port;

	if (text_equal(protocol, TEXT_LITERAL("UNKNOWN")))
		return true;
	if (family == AF_INET && !text_equal(protocol, TEXT_LITERAL("TCP4")))
		return false;
	line->has_address = true;
	return read_host(family, cut_word(&rest), line->address) &&
	       read_host(family, cut_word(&rest), own) &&
	       read_port(cut_word(&rest), &line->port) &&
	       read_port(rest, &own_port);
}

static enum proxy_line_end
read_text(struct text bytes, struct proxy_line *line)
{
	static const struct text start = { "PROXY ", 6 };
	size_t limit = MIN_OF(bytes.length, (size_t)TEXT_BYTES_MAX);
	const char *end = memchr(bytes.at, '\n', limit);
	struct text words = bytes;

	if (memcmp(bytes.at, start.at, MIN_OF(bytes.length, start.length)) != 0)
		return PROXY_LINE_BAD;
	if (!end)
		return limit < TEXT_BYTES_MAX ? PROXY_LINE_MORE
					      : PROXY_LINE_BAD;
	line->length = (size_t)(end - bytes.at) + 1;
	if (line->length < start.length + 2 || end[-1] != '\r')
		return PROXY_LINE_BAD;
	words.at += start.length;
	words.length = line->length - start.length - 2;
	return read_words(words, line) ? PROXY_LINE_WHOLE : PROXY_LINE_BAD;
}

/* The addresses of a family, each followed by its own; ports behind them. */
static bool
read_addresses(const uint8_t *at, size_t length, unsigned family,
	struct proxy_line *line)
{
	const uint8_t *port;

	if (family == FAMILY_INET) {
		if (length < INET_BYTES)
			return false;
		map_ipv4(line->address, at);
		port = at + 8;
	} else if (family == FAMILY_INET6) {
		if (length < INET6_BYTES)
			return false;
		memcpy(line->address, at, 16);
		port = at + 32;
	} else {
		return true; /* none that we know */
	}
	line->port = (uint16_t)(port[0] << 8 | port[1]);
	line->has_address = true;
	return true;
}

static enum proxy_line_end
read_binary(struct text bytes, struct proxy_line *line)
{
	const uint8_t *at = (const uint8_t *)bytes.at;
	unsigned command;

	if (memcmp(at, signature,
		    MIN_OF(bytes.length, (size_t)SIGNATURE_BYTES)) != 0)
		return PROXY_LINE_BAD;
	if (bytes.length < HEAD_BYTES)
		return PROXY_LINE_MORE;
	command = at[12] & 0x0f;
	line->length = HEAD_BYTES + (size_t)(at[14] << 8 | at[15]);
	if ((at[12] & 0xf0) != VERSION_2 || command > COMMAND_PROXY ||
		line->length > PROXY_LINE_BYTES)
		return PROXY_LINE_BAD;
	if (bytes.length < line->length)
		return PROXY_LINE_MORE;
	if (command == COMMAND_LOCAL)
		return PROXY_LINE_WHOLE;
	return read_addresses(at + HEAD_BYTES, line->length - HEAD_BYTES,
		       at[13] >> 4, line)
		       ? PROXY_LINE_WHOLE
		       : PROXY_LINE_BAD;
}

enum proxy_line_end
proxy_line_read(struct text bytes, struct proxy_line *line)
{
	*line = (struct proxy_line){ 0 };
	if (bytes.length == 0)
		return PROXY_LINE_MORE;
	return bytes.at[0] == signature[0] ? read_binary(bytes, line)
					   : read_text(bytes, line);
}
