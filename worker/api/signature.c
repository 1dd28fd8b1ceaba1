#include "worker/api/signature.h"

#include <inttypes.h>
#include <stdio.h>

#include "shared/buffer.h"
#include "shared/crypto.h"

void
signature_write(char header[SIGNATURE_HEADER_BYTES], struct text secret,
	uint64_t unix_seconds, struct text body)
{
	uint8_t sum[CRYPTO_SHA256_BYTES];
	char hex[2 * CRYPTO_SHA256_BYTES + 1];
	struct buffer signed_bytes = { 0 };

	header[0] = 0;
	if (secret.length == 0)
		return;
	buffer_add_format(&signed_bytes, "%" PRIu64 ".", unix_seconds);
	buffer_add_text(&signed_bytes, body);
	crypto_hmac(secret, buffer_text(&signed_bytes), sum);
	buffer_fini(&signed_bytes);
	for (size_t i = 0; i < sizeof(sum); i++)
		snprintf(hex + 2 * i, 3, "%02x", sum[i]);
	snprintf(header, SIGNATURE_HEADER_BYTES,
		"X-Confab-Signature: t=%" PRIu64 ",v1=%s", unix_seconds, hex);
}
