/* The image as it is released: build/firmware.bin, checked the way the boot code checks it. */
#include "crc32.h"
#include "image.h"
#include "model.h"
#include "runner.h"
#include "version.h"

#include <stdio.h>
#include <string.h>

extern const struct test image_file_tests[];

#define LARGEST (512u * 1024u)

static uint8_t image[LARGEST];

static size_t load(void)
{
    FILE *file = fopen("build/firmware.bin", "rb");
    size_t size;

    CHECK(file != NULL);
    size = fread(image, 1, sizeof image, file);
    fclose(file);
    return size;
}

/* @verifies REQ-019 REQ-021 RC-009 RC-002 */
static void test_released_image_is_good_for_every_model(void)
{
    const size_t size = load();

    for (size_t i = 0; i < MODEL_COUNT; i++) {
        CHECK(image_check(image, size, models[i].id) == IMAGE_GOOD);
    }
}

/* @verifies REQ-019 RC-009 */
static void test_every_flipped_byte_is_found(void)
{
    const size_t size = load();

    for (size_t i = 0; i < size; i++) {
        image[i] ^= 0x10;
        CHECK(image_check(image, size, 1) != IMAGE_GOOD);
        image[i] ^= 0x10;
    }
    CHECK(image_check(image, size, 1) == IMAGE_GOOD);
}

/* @verifies REQ-019 RC-009 */
static void test_every_truncation_is_found(void)
{
    const size_t size = load();

    for (size_t cut = 0; cut < size; cut++) {
        CHECK(image_check(image, cut, 1) != IMAGE_GOOD);
    }
}

/* @verifies REQ-019 RC-009 */
static void test_image_for_other_models_is_refused(void)
{
    CHECK(image_check(image, load(), 1u << 7) == IMAGE_WRONG_MODEL);
}

/* Rewrites the image's calibration checksum or version, with a header checksum that fits: a whole image of another kind. */
static enum image_fault check_forged(size_t at, uint8_t mask)
{
    const size_t size = load();
    uint32_t crc;

    image[at] ^= mask;
    crc = crc32_update(0, image, 60);
    for (int i = 0; i < 4; i++) {
        image[60 + i] = (uint8_t)(crc >> (8 * i));
    }
    return image_check(image, size, 1);
}

/* @verifies REQ-019 REQ-021 RC-002 RC-009 */
static void test_whole_image_of_another_version_or_calibration_is_refused(void)
{
    CHECK(check_forged(16, 0x01) == IMAGE_WRONG_VERSION);
    CHECK(check_forged(40, 0x01) == IMAGE_WRONG_CALIBRATION);
}

/* @verifies REQ-020 */
static void test_version_and_checksum_can_be_read_from_the_file(void)
{
    const size_t size = load();
    const uint32_t stored = (uint32_t)image[56] | (uint32_t)image[57] << 8 | (uint32_t)image[58] << 16 | (uint32_t)image[59] << 24;

    CHECK(memcmp(image, "LPFWIMG1version=" FIRMWARE_VERSION, strlen("LPFWIMG1version=" FIRMWARE_VERSION) + 1) == 0);
    CHECK(crc32_update(0, image + 64, size - 64) == stored);
}

const struct test image_file_tests[] = {
    TEST(test_released_image_is_good_for_every_model),
    TEST(test_every_flipped_byte_is_found),
    TEST(test_every_truncation_is_found),
    TEST(test_image_for_other_models_is_refused),
    TEST(test_whole_image_of_another_version_or_calibration_is_refused),
    TEST(test_version_and_checksum_can_be_read_from_the_file),
    END,
};
