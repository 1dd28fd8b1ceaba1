/*
 * CRC-32C (Castagnoli; RFC 3720 appendix B.4), the check sum of everything that
 * the journal and its neighbours keep on disk. Uses SSE 4.2 where there is one.
 */
#ifndef SHARED_CRC32C_H
#define SHARED_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Continues from the sum of what stands before; begin with 0. */
uint32_t crc32c(uint32_t sum, const void *data, size_t length);

/* The same without the processor's help; for machines without it, and to
 * check the one against the other. */
uint32_t crc32c_by_table(uint32_t sum, const void *data, size_t length);

#endif
