/*
 * The register of a user's connections here, for backends that ask who that is.
 */
#ifndef WORKER_GATEWAY_REGISTER_H
#define WORKER_GATEWAY_REGISTER_H

#include <stdbool.h>

struct gateway;
struct letter;
struct unpack;

/* A WHO_WANTED; false: the letter makes no sense. */
bool register_tell(struct gateway *gateway, const struct letter *letter,
	struct unpack *in);

#endif
