/*
 * What an operator wishes of this gateway, as the master hands it on: clients
 * are sent away or out of a room, and something is said to a room or a user.
 */
#ifndef WORKER_GATEWAY_WISHES_H
#define WORKER_GATEWAY_WISHES_H

#include <stdbool.h>

#include "shared/text.h"

struct gateway;
struct refused;

/* One packed wish; what makes no sense is logged and dropped. */
void wishes_take(struct gateway *gateway, struct text packed);

/* Is this the refusal of what an operator said? Then it is logged. */
bool wishes_are_refused(const struct refused *refused);

#endif
