#include "image.h"

#include "crc32.h"
#include "model.h"
#include "version.h"

enum offset {
    AT_IDENTIFICATION = 8,
    AT_PAYLOAD_SIZE = 32,
    AT_MODELS = 36,
    AT_CALIBRATION = 40,
    AT_PAYLOAD_CRC = 56,
    AT_HEADER_CRC = 60,
};

static const char identification[IMAGE_IDENTIFICATION_SIZE] = "version=" FIRMWARE_VERSION;

static void put(uint8_t *at, uint32_t number)
{
    for (int i = 0; i < 4; i++) {
        at[i] = (uint8_t)(number >> (8 * i));
    }
}

static uint32_t get(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint32_t all_models(void)
{
    uint32_t mask = 0;

    for (size_t i = 0; i < MODEL_COUNT; i++) {
        mask |= models[i].id;
    }
    return mask;
}

void image_make_header(uint8_t header[IMAGE_HEADER_SIZE], const uint8_t *payload, uint32_t payload_size)
{
    for (size_t i = 0; i < IMAGE_HEADER_SIZE; i++) {
        header[i] = 0;
    }
    for (size_t i = 0; i < AT_IDENTIFICATION; i++) {
        header[i] = (uint8_t)IMAGE_MAGIC[i];
    }
    for (size_t i = 0; i < IMAGE_IDENTIFICATION_SIZE; i++) {
        header[AT_IDENTIFICATION + i] = (uint8_t)identification[i];
    }
    put(header + AT_PAYLOAD_SIZE, payload_size);
    put(header + AT_MODELS, all_models());
    put(header + AT_CALIBRATION, model_calibration_crc());
    put(header + AT_PAYLOAD_CRC, crc32_update(0, payload, payload_size));
    put(header + AT_HEADER_CRC, crc32_update(0, header, AT_HEADER_CRC));
}

static int differ(const uint8_t *bytes, const char *text, size_t size)
{
    uint8_t difference = 0;

    for (size_t i = 0; i < size; i++) {
        difference |= (uint8_t)(bytes[i] ^ (uint8_t)text[i]);
    }
    return difference != 0;
}

enum image_fault image_check(const uint8_t *image, size_t size, uint32_t model_id)
{
    if (size < IMAGE_HEADER_SIZE) {
        return IMAGE_TOO_SHORT;
    }
    if (differ(image, IMAGE_MAGIC, AT_IDENTIFICATION)) {
        return IMAGE_FOREIGN;
    }
    if (crc32_update(0, image, AT_HEADER_CRC) != get(image + AT_HEADER_CRC)) {
        return IMAGE_HEADER_DAMAGED;
    }
    if (get(image + AT_PAYLOAD_SIZE) != size - IMAGE_HEADER_SIZE || crc32_update(0, image + IMAGE_HEADER_SIZE, size - IMAGE_HEADER_SIZE) != get(image + AT_PAYLOAD_CRC)) {
        return IMAGE_PAYLOAD_DAMAGED;
    }
    if ((get(image + AT_MODELS) & model_id) == 0) {
        return IMAGE_WRONG_MODEL;
    }
    if (differ(image + AT_IDENTIFICATION, identification, IMAGE_IDENTIFICATION_SIZE)) {
        return IMAGE_WRONG_VERSION;
    }
    return get(image + AT_CALIBRATION) == model_calibration_crc() ? IMAGE_GOOD : IMAGE_WRONG_CALIBRATION;
}
