/*
 * Events as JSON, as webhooks and those who ask for them get them.
 */
#ifndef WORKER_API_REPORT_H
#define WORKER_API_REPORT_H

#include "shared/text.h"

struct buffer;
struct message;
struct news;
struct spool_event;

/* The members of an event, without number, time and braces: what a spool
 * keeps. */
void report_news(struct buffer *out, const struct news *news);
void report_message(struct buffer *out, const struct message *message);
void report_start(struct buffer *out);

/* The whole object. */
void report_event(struct buffer *out, const struct spool_event *event);

#endif
