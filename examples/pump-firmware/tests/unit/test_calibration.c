/* From rate to steps. */
#include "calibration.h"
#include "runner.h"

#include <string.h>

extern const struct test calibration_tests[];

/* @verifies REQ-004 */
static void test_calibrated_points_are_used_as_they_are(void)
{
    for (size_t i = 0; i < MODEL_COUNT; i++) {
        for (size_t k = 0; k < models[i].points; k++) {
            CHECK(calibration_pl_per_step(&models[i], models[i].calibration[k].rate_ul_h) == models[i].calibration[k].pl_per_step);
        }
    }
}

/* @verifies REQ-004 */
static void test_between_two_points_the_line_is_straight(void)
{
    const struct model *model = model_find("LP-100");

    /* half way from 5000 (82750) to 20000 (81960) */
    CHECK(calibration_pl_per_step(model, 12500) == 82355);
    CHECK(calibration_pl_per_step(model, 5001) <= 82750);
    CHECK(calibration_pl_per_step(model, 19999) >= 81960);
}

/* @verifies REQ-004 */
static void test_calibration_falls_with_the_rate_everywhere(void)
{
    for (size_t i = 0; i < MODEL_COUNT; i++) {
        const uint32_t highest = models[i].calibration[models[i].points - 1].rate_ul_h;

        for (uint32_t rate = 101; rate <= highest; rate += 97) {
            CHECK(calibration_pl_per_step(&models[i], rate) <= calibration_pl_per_step(&models[i], rate - 1));
        }
    }
}

/* @verifies REQ-005 RC-001 */
static void test_rate_outside_the_calibration_is_refused(void)
{
    for (size_t i = 0; i < MODEL_COUNT; i++) {
        const uint32_t lowest = models[i].calibration[0].rate_ul_h;
        const uint32_t highest = models[i].calibration[models[i].points - 1].rate_ul_h;
        const uint32_t outside[] = {0, 1, lowest - 1, highest + 1, UINT32_MAX};

        for (size_t k = 0; k < sizeof outside / sizeof outside[0]; k++) {
            CHECK(calibration_pl_per_step(&models[i], outside[k]) == 0);
            CHECK(calibration_step_period_us(&models[i], outside[k]) == 0);
        }
        CHECK(calibration_step_period_us(&models[i], lowest) > 0);
        CHECK(calibration_step_period_us(&models[i], highest) > 0);
    }
}

/* @verifies REQ-006 RC-001 */
static void test_each_model_has_its_own_limit(void)
{
    CHECK(calibration_step_period_us(model_find("LP-100"), 125001) == 0);
    CHECK(calibration_step_period_us(model_find("LP-200"), 125001) > 0);
    CHECK(model_find("LP-300") == NULL);
    CHECK(model_find("LP-10") == NULL);
    CHECK(model_find("") == NULL);
}

/* @verifies REQ-003 */
static void test_step_period_is_volume_over_rate(void)
{
    /* 83000 pl at 100 ul/h: 83 nl of 27.78 nl/s are 2.988 s */
    CHECK(calibration_step_period_us(model_find("LP-100"), 100) == 2988000);
    /* 208750 pl at 999 ml/h: 752.25 us */
    CHECK(calibration_step_period_us(model_find("LP-200"), 999000) == 752);
}

const struct test calibration_tests[] = {
    TEST(test_calibrated_points_are_used_as_they_are),
    TEST(test_between_two_points_the_line_is_straight),
    TEST(test_calibration_falls_with_the_rate_everywhere),
    TEST(test_rate_outside_the_calibration_is_refused),
    TEST(test_each_model_has_its_own_limit),
    TEST(test_step_period_is_volume_over_rate),
    END,
};
