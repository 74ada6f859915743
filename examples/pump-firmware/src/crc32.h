/* CRC-32 as in ISO/IEC 8802-3 (reflected, polynomial 0xEDB88320), the checksum of zip and PNG. */
#ifndef CRC32_H
#define CRC32_H

#include <stddef.h>
#include <stdint.h>

/* The checksum of what `crc` covered followed by `data`; begin with 0. */
uint32_t crc32_update(uint32_t crc, const uint8_t *data, size_t size);

#endif
