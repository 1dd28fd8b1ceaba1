/*
 * JSON of the protocol confab that clients and backends get alike: a message,
 * the same in pushes, pages and recoveries, lists, and the parts that answers
 * are made of.
 */
#ifndef WORKER_EDGE_CONFAB_JSON_H
#define WORKER_EDGE_CONFAB_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/text.h"

struct buffer;
struct members_page;
struct message;
struct page;

/* `before` as it is, then the value. */
void confab_add_text(struct buffer *out, const char *before, struct text text);
void confab_add_number(struct buffer *out, const char *before, uint64_t number);
void confab_add_epoch(struct buffer *out, const char *before, uint64_t value);

/* The members id and time. */
void confab_add_id(struct buffer *out, uint64_t time, uint64_t origin);

/* messages: packed texts, each one packed message; user: who reads them, for
 * the keys of his own. The elements of an array. */
void confab_add_messages(struct buffer *out, struct text messages,
	uint64_t count, struct text user);

/* The members of answers to history and members. user: as above. */
void confab_add_page(
	struct buffer *out, const struct page *page, struct text user);
void confab_add_members(struct buffer *out, const struct members_page *page);

/* The payload of a push. */
void confab_write_message(
	struct buffer *out, const struct message *message, bool with_key);

#endif
