/* Line pressure: three samples at 80 kPa mean an occlusion on the LP-100. */
#include "occlusion.h"
#include "runner.h"

extern const struct test occlusion_tests[];

static struct occlusion_guard fresh(void)
{
    struct occlusion_guard guard;

    occlusion_init(&guard, model_find("LP-100"));
    return guard;
}

/* @verifies REQ-014 RC-007 */
static void test_three_high_samples_in_a_row_are_an_occlusion(void)
{
    struct occlusion_guard guard = fresh();

    CHECK(occlusion_sample(&guard, 8000) == OCCLUSION_NONE);
    CHECK(occlusion_sample(&guard, 8000) == OCCLUSION_NONE);
    CHECK(occlusion_sample(&guard, 8000) == OCCLUSION_FOUND);
    CHECK(occlusion_sample(&guard, 9500) == OCCLUSION_FOUND);
}

/* @verifies REQ-014 */
static void test_cough_of_the_patient_is_no_occlusion(void)
{
    struct occlusion_guard guard = fresh();

    for (int i = 0; i < 100; i++) {
        CHECK(occlusion_sample(&guard, 12000) == OCCLUSION_NONE);
        CHECK(occlusion_sample(&guard, 12000) == OCCLUSION_NONE);
        CHECK(occlusion_sample(&guard, 7999) == OCCLUSION_NONE);
    }
}

/* @verifies REQ-015 RC-012 */
static void test_impossible_pressure_is_a_sensor_fault_at_once(void)
{
    struct occlusion_guard guard = fresh();

    CHECK(occlusion_sample(&guard, -3001) == OCCLUSION_SENSOR_FAULT);
    CHECK(occlusion_sample(&guard, 30001) == OCCLUSION_SENSOR_FAULT);
    CHECK(occlusion_sample(&guard, INT32_MIN) == OCCLUSION_SENSOR_FAULT);
    CHECK(occlusion_sample(&guard, INT32_MAX) == OCCLUSION_SENSOR_FAULT);
    CHECK(occlusion_sample(&guard, -3000) == OCCLUSION_NONE);
}

/* @verifies REQ-016 RC-008 */
static void test_backoff_relaxes_the_tubing_and_no_more(void)
{
    const struct model *model = model_find("LP-100");

    /* 80 kPa stretch 450 nl/kPa: 36 ul, of 82000 pl a step */
    CHECK(occlusion_backoff_steps(model, 8000, 82000) == 439);
    CHECK((uint64_t)439 * 82000 <= 36000000u);
    CHECK(occlusion_backoff_steps(model, 0, 82000) == 0);
    CHECK(occlusion_backoff_steps(model, -500, 82000) == 0);
    CHECK(occlusion_backoff_steps(model, 8000, 0) == 0);
}

const struct test occlusion_tests[] = {
    TEST(test_three_high_samples_in_a_row_are_an_occlusion),
    TEST(test_cough_of_the_patient_is_no_occlusion),
    TEST(test_impossible_pressure_is_a_sensor_fault_at_once),
    TEST(test_backoff_relaxes_the_tubing_and_no_more),
    END,
};
