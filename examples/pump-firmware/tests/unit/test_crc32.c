/* The checksum that the boot code uses. */
#include "crc32.h"
#include "runner.h"

#include <string.h>

extern const struct test crc32_tests[];

static uint32_t of(const char *text)
{
    return crc32_update(0, (const uint8_t *)text, strlen(text));
}

/* @verifies REQ-019 */
static void test_crc32_has_the_published_check_value(void)
{
    CHECK(of("123456789") == 0xCBF43926u);
    CHECK(of("") == 0);
    CHECK(of("a") == 0xE8B7BE43u);
}

/* @verifies REQ-019 */
static void test_crc32_can_be_continued(void)
{
    const uint8_t *digits = (const uint8_t *)"123456789";

    for (size_t cut = 0; cut <= 9; cut++) {
        CHECK(crc32_update(crc32_update(0, digits, cut), digits + cut, 9 - cut) == 0xCBF43926u);
    }
}

const struct test crc32_tests[] = {
    TEST(test_crc32_has_the_published_check_value),
    TEST(test_crc32_can_be_continued),
    END,
};
