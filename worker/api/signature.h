/*
 * How requests of ours are signed, so that a backend can tell that they are:
 * X-Confab-Signature: t=UNIX,v1=HEX, HEX being the HMAC-SHA256 of the number t,
 * a dot and the body, with the secret that both sides know.
 */
#ifndef WORKER_API_SIGNATURE_H
#define WORKER_API_SIGNATURE_H

#include <stdint.h>

#include "shared/text.h"

#define SIGNATURE_HEADER_BYTES 128

/* The whole header; empty without a secret. */
void signature_write(char header[SIGNATURE_HEADER_BYTES], struct text secret,
	uint64_t unix_seconds, struct text body);

#endif
