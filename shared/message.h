/*
 * Names of messages: the id, unique in the cluster and sorted by time, and the
 * epoch of a stream, as the strings that clients see.
 *
 * An id is a hybrid logical clock (milliseconds since 1970 << 16 | a count)
 * and an origin (host << 10 | slot); each slot alone makes ids of its origin.
 */
#ifndef SHARED_MESSAGE_H
#define SHARED_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/text.h"

#define MESSAGE_ID_LENGTH 17
#define MESSAGE_EPOCH_LENGTH 13

#define USER_BYTES_MAX 64
#define ROOM_BYTES_MAX 128
#define TENANT_BYTES_MAX 64
#define TYPE_BYTES_MAX 64
#define KEY_BYTES_MAX 128
#define INFO_BYTES_MAX 1024

/* Later times have no clock value that fits into 63 bits. */
#define MESSAGE_UNIX_MS_MAX (INT64_MAX >> 16)

/* The next clock value: later than last and not before now. */
uint64_t message_next_time(uint64_t last, uint64_t unix_ms);
uint64_t message_unix_ms(uint64_t id_time);

/* The first clock value of this millisecond. */
uint64_t message_time_of(uint64_t unix_ms);
uint64_t message_origin(unsigned host, unsigned slot);
unsigned message_origin_host(uint64_t origin);

/* Is this its end (0: it has none), and has that come? */
bool message_is_over(uint64_t until, uint64_t unix_ms);

/* Base32hex in lower case, fixed width, so strings sort as the numbers do. */
void message_id_write(
	char id[MESSAGE_ID_LENGTH + 1], uint64_t time, uint64_t origin);
bool message_id_read(struct text id, uint64_t *time, uint64_t *origin);
void message_epoch_write(char epoch[MESSAGE_EPOCH_LENGTH + 1], uint64_t value);
bool message_epoch_read(struct text epoch, uint64_t *value);

#endif
