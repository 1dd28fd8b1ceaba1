/*
 * Which pages may open WebSockets here: the patterns of listener.origins
 * against the Origin header (RFC 6454, RFC 6455 10.2).
 */
#ifndef WORKER_GATEWAY_ORIGINS_H
#define WORKER_GATEWAY_ORIGINS_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/text.h"

/* A pattern "*" allows all, also clients that name no origin. Any other pattern
 * is compared without regard to case and may hold one '*' for any run of
 * characters but '/'; without "://" it is compared with the host and port only.
 */
bool origins_allow(char *const *patterns, size_t count, struct text origin);

#endif
