/*
 * What both sides of the profile `im` call things by: its applications, which
 * are platforms of users, and its rooms.
 */
#ifndef SHARED_IM_H
#define SHARED_IM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/gochat.h"
#include "shared/message.h"
#include "shared/text.h"

struct config;

/* Of who logs in. */
#define IM_USER_BYTES_MAX 19

/* Of a roomID. */
#define IM_ROOM_BYTES_MAX 100

/* Who says what nobody is said to say. */
#define IM_NOBODY "system"

/* The words of a code, as gochat_code_words() but for one. */
const char *im_code_words(enum gochat_code code);

/* The applications that there are: how many, the one at a place, and is it one?
 */
size_t im_app_count(const struct config *config);
uint32_t im_app_at(const struct config *config, size_t place);
bool im_is_app(const struct config *config, uint64_t app);

/* The room of all of an application, or the one of it that is named. */
struct text im_room(
	char bytes[ROOM_BYTES_MAX + 1], uint32_t app, struct text room);

#endif
