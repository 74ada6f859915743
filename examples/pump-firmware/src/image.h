/*
 * The firmware image: a header of 64 bytes and the payload. All numbers are least significant byte first.
 *
 *   0  magic          "LPFWIMG1"
 *   8  identification "version=2.3.1", filled with NUL to 24 bytes
 *  32  payload size
 *  36  models         bit mask of the models that may run it
 *  40  calibration    CRC-32 of the calibration tables
 *  44  reserved       zero
 *  56  payload CRC-32
 *  60  header CRC-32  of the 60 bytes before
 */
#ifndef IMAGE_H
#define IMAGE_H

#include <stddef.h>
#include <stdint.h>

#define IMAGE_MAGIC "LPFWIMG1"
#define IMAGE_HEADER_SIZE 64u
#define IMAGE_IDENTIFICATION_SIZE 24u

enum image_fault {
    IMAGE_GOOD,
    IMAGE_TOO_SHORT,
    IMAGE_FOREIGN,
    IMAGE_HEADER_DAMAGED,
    IMAGE_PAYLOAD_DAMAGED,
    IMAGE_WRONG_MODEL,
    IMAGE_WRONG_VERSION,
    IMAGE_WRONG_CALIBRATION,
};

/* Fills the header for a payload of this firmware's version, models and calibration. */
void image_make_header(uint8_t header[IMAGE_HEADER_SIZE], const uint8_t *payload, uint32_t payload_size);

/* What the boot code asks before the motor is enabled: is this image whole, and is it for this device? */
enum image_fault image_check(const uint8_t *image, size_t size, uint32_t model_id);

#endif
