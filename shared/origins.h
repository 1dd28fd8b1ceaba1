/*
 * Which pages may use a listener: the patterns of its origins or cors_origins
 * against the Origin header (RFC 6454).
 */
#ifndef SHARED_ORIGINS_H
#define SHARED_ORIGINS_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/text.h"

/* A pattern "*" allows all, also clients that name no origin. Any other pattern
 * is compared without regard to case and may hold one '*' for any run of
 * characters but '/'; without "://" it is compared with the host and port only.
 */
bool origins_allow(char *const *patterns, size_t count, struct text origin);

#endif
