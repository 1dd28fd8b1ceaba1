/*
 * What people see on a listener with pages: the files of web_dir, and what the
 * chat page must know of this host.
 */
#ifndef WORKER_API_SITE_H
#define WORKER_API_SITE_H

#include <stdbool.h>

struct exchange;

/* Tells pages where their WebSockets are. */
void site_answer_config(struct exchange *exchange);

/* The file that the path names, or 404. Routes of profiles may name files of
 * web_dir, too. */
void site_answer_page(struct exchange *exchange);

/* A file of web_dir that has another address for people; false: there is none,
 * and nothing was answered. */
bool site_send_file(struct exchange *exchange, const char *path);

#endif
