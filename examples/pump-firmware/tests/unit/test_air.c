/* Air in line: 50 ul in one bubble, 1 ml in fifteen minutes. */
#include "air.h"
#include "runner.h"

extern const struct test air_tests[];

/* @verifies REQ-012 RC-006 */
static void test_bubble_above_fifty_microlitres_stops(void)
{
    struct air_guard guard;

    air_init(&guard);
    for (int i = 0; i < 50; i++) {
        CHECK(!air_sample(&guard, 0, true, 1000));
    }
    CHECK(air_sample(&guard, 0, true, 1));
}

/* @verifies REQ-012 RC-006 */
static void test_film_of_liquid_does_not_end_a_bubble(void)
{
    struct air_guard guard;

    air_init(&guard);
    CHECK(!air_sample(&guard, 0, true, 30000));
    CHECK(!air_sample(&guard, 0, false, 1000));
    CHECK(!air_sample(&guard, 0, false, 1000));
    CHECK(air_sample(&guard, 0, true, 20001));
}

/* @verifies REQ-012 */
static void test_liquid_ends_a_bubble(void)
{
    struct air_guard guard;

    air_init(&guard);
    for (int bubble = 0; bubble < 19; bubble++) {
        CHECK(!air_sample(&guard, 0, true, 50000));
        for (int i = 0; i < 3; i++) {
            CHECK(!air_sample(&guard, 0, false, 1000));
        }
    }
}

/* @verifies REQ-013 RC-006 */
static void test_many_small_bubbles_stop_within_the_window(void)
{
    struct air_guard guard;
    uint32_t now_ms = 0;

    air_init(&guard);
    for (int bubble = 0; bubble < 25; bubble++) {
        CHECK(!air_sample(&guard, now_ms, true, 40000));
        for (int i = 0; i < 3; i++) {
            CHECK(!air_sample(&guard, now_ms, false, 0));
        }
        now_ms += 30000;
    }
    CHECK(air_sample(&guard, now_ms, true, 1));
}

/* @verifies REQ-013 */
static void test_air_is_forgotten_after_the_window(void)
{
    struct air_guard guard;

    air_init(&guard);
    for (uint32_t minute = 0; minute < 600; minute++) {
        /* 60 ul a minute are 900 to 960 ul in the window */
        for (int half = 0; half < 2; half++) {
            CHECK(!air_sample(&guard, minute * 60000u, true, 30000));
            for (int i = 0; i < 3; i++) {
                CHECK(!air_sample(&guard, minute * 60000u, false, 0));
            }
        }
    }
    CHECK(!air_sample(&guard, 2000u * 60000u, true, 40000));
}

/* @verifies REQ-012 REQ-013 RC-006 */
static void test_huge_volumes_do_not_wrap_around(void)
{
    struct air_guard guard;

    air_init(&guard);
    CHECK(air_sample(&guard, 0, true, UINT32_MAX));
    CHECK(air_sample(&guard, 0, true, UINT32_MAX));
    CHECK(air_sample(&guard, 60000, true, 2));
}

const struct test air_tests[] = {
    TEST(test_bubble_above_fifty_microlitres_stops),
    TEST(test_film_of_liquid_does_not_end_a_bubble),
    TEST(test_liquid_ends_a_bubble),
    TEST(test_many_small_bubbles_stop_within_the_window),
    TEST(test_air_is_forgotten_after_the_window),
    TEST(test_huge_volumes_do_not_wrap_around),
    END,
};
