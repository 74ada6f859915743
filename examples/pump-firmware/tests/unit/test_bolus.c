/* Bolus limits of the LP-100: 2 ml at once, 600 s between two, 6 ml in any hour. */
#include "bolus.h"
#include "runner.h"

extern const struct test bolus_tests[];

static struct bolus_guard fresh(void)
{
    struct bolus_guard guard;

    bolus_init(&guard, model_find("LP-100"));
    return guard;
}

/* @verifies REQ-010 RC-005 */
static void test_largest_bolus_is_granted_and_a_larger_refused(void)
{
    struct bolus_guard guard = fresh();

    CHECK(bolus_request(&guard, 0, 2001) == BOLUS_TOO_LARGE);
    CHECK(bolus_request(&guard, 0, UINT32_MAX) == BOLUS_TOO_LARGE);
    CHECK(bolus_request(&guard, 0, 0) == BOLUS_TOO_LARGE);
    CHECK(bolus_request(&guard, 0, 2000) == BOLUS_GRANTED);
}

/* @verifies REQ-010 RC-005 */
static void test_second_bolus_waits_for_the_lockout(void)
{
    struct bolus_guard guard = fresh();

    CHECK(bolus_request(&guard, 1000, 500) == BOLUS_GRANTED);
    CHECK(bolus_request(&guard, 1000, 500) == BOLUS_LOCKED_OUT);
    CHECK(bolus_request(&guard, 1599, 500) == BOLUS_LOCKED_OUT);
    CHECK(bolus_request(&guard, 1600, 500) == BOLUS_GRANTED);
}

/* @verifies REQ-010 RC-005 */
static void test_refused_request_does_not_prolong_the_lockout(void)
{
    struct bolus_guard guard = fresh();

    CHECK(bolus_request(&guard, 0, 500) == BOLUS_GRANTED);
    for (uint32_t now = 1; now < 600; now++) {
        CHECK(bolus_request(&guard, now, 500) == BOLUS_LOCKED_OUT);
    }
    CHECK(bolus_request(&guard, 600, 500) == BOLUS_GRANTED);
}

/* @verifies REQ-011 RC-005 */
static void test_sum_of_any_hour_is_limited(void)
{
    struct bolus_guard guard = fresh();

    CHECK(bolus_request(&guard, 0, 2000) == BOLUS_GRANTED);
    CHECK(bolus_request(&guard, 700, 2000) == BOLUS_GRANTED);
    CHECK(bolus_request(&guard, 1400, 2000) == BOLUS_GRANTED);
    CHECK(bolus_request(&guard, 2100, 1) == BOLUS_HOURLY_LIMIT);
    CHECK(bolus_request(&guard, 3599, 1) == BOLUS_HOURLY_LIMIT);
    CHECK(bolus_request(&guard, 3600, 2000) == BOLUS_GRANTED);
    CHECK(bolus_request(&guard, 4299, 1) == BOLUS_HOURLY_LIMIT);
    CHECK(bolus_request(&guard, 4300, 2000) == BOLUS_GRANTED);
}

/* @verifies REQ-010 RC-005 */
static void test_clock_that_goes_back_grants_nothing(void)
{
    struct bolus_guard guard = fresh();

    CHECK(bolus_request(&guard, 5000, 500) == BOLUS_GRANTED);
    CHECK(bolus_request(&guard, 4999, 500) == BOLUS_CLOCK_WENT_BACK);
    CHECK(bolus_request(&guard, 0, 500) == BOLUS_CLOCK_WENT_BACK);
}

const struct test bolus_tests[] = {
    TEST(test_largest_bolus_is_granted_and_a_larger_refused),
    TEST(test_second_bolus_waits_for_the_lockout),
    TEST(test_refused_request_does_not_prolong_the_lockout),
    TEST(test_sum_of_any_hour_is_limited),
    TEST(test_clock_that_goes_back_grants_nothing),
    END,
};
