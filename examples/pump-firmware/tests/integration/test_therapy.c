/* Controller and simulated pump together: whole therapies with something going wrong. */
#include "runner.h"
#include "simulator.h"

extern const struct test therapy_tests[];

/* @verifies REQ-014 REQ-016 REQ-002 RC-007 RC-008 */
static void test_occlusion_is_found_relaxed_and_leaves_no_bolus(void)
{
    struct simulator simulator;
    double before_ul;

    simulator_init(&simulator, "LP-100");
    CHECK(controller_start(&simulator.controller, 20000, 20000));
    simulator_run(&simulator, 60);
    simulator.line_closed = true;
    simulator_run(&simulator, 60);
    CHECK(simulator.controller.alarm == ALARM_OCCLUSION);
    CHECK(simulator.inputs.pressure_dpa < 500);
    before_ul = simulator.infused_ul;
    simulator.line_closed = false;
    simulator_tick(&simulator);
    CHECK(simulator.infused_ul - before_ul < 2.0);
    CHECK(simulator.infused_ul - before_ul > -2.0);
}

/* @verifies REQ-017 REQ-009 RC-010 */
static void test_therapy_goes_on_after_an_occlusion_was_acknowledged(void)
{
    struct simulator simulator;

    simulator_init(&simulator, "LP-200");
    CHECK(controller_start(&simulator.controller, 100000, 50000));
    simulator.line_closed = true;
    simulator_run(&simulator, 120);
    CHECK(simulator.controller.alarm == ALARM_OCCLUSION);
    simulator.line_closed = false;
    simulator_tick(&simulator);
    CHECK(controller_acknowledge(&simulator.controller, &simulator.inputs));
    simulator_tick(&simulator);
    CHECK(controller_start(&simulator.controller, 100000, 50000));
    simulator_run(&simulator, 60);
    CHECK(simulator.controller.state == STATE_INFUSING);
}

/* @verifies REQ-008 REQ-002 RC-003 */
static void test_runaway_motor_delivers_little_before_it_is_stopped(void)
{
    struct simulator simulator;
    double before_ul;

    simulator_init(&simulator, "LP-100");
    CHECK(controller_start(&simulator.controller, 1000, 5000));
    simulator_run(&simulator, 600);
    before_ul = simulator.infused_ul;
    simulator.motor_runs_away_by = 5;
    simulator_run(&simulator, 10);
    CHECK(simulator.controller.alarm == ALARM_RUNAWAY);
    CHECK(simulator.infused_ul - before_ul < 3.0);
}

/* @verifies REQ-009 RC-013 */
static void test_stalled_motor_is_found_at_the_lowest_rate(void)
{
    struct simulator simulator;

    simulator_init(&simulator, "LP-100");
    CHECK(controller_start(&simulator.controller, 100, 1000));
    simulator_run(&simulator, 60);
    simulator.motor_stalls = true;
    simulator_run(&simulator, 120);
    CHECK(simulator.controller.alarm == ALARM_STALL);
}

/* @verifies REQ-010 REQ-007 RC-004 */
static void test_bolus_adds_its_volume_and_the_infusion_still_ends(void)
{
    struct simulator simulator;

    simulator_init(&simulator, "LP-200");
    CHECK(controller_start(&simulator.controller, 500000, 20000));
    CHECK(controller_bolus(&simulator.controller, 5000) == BOLUS_GRANTED);
    simulator_run(&simulator, 600);
    CHECK(simulator.controller.alarm == ALARM_INFUSION_COMPLETE);
    CHECK(simulator.infused_ul > 25000.0 * 0.99 && simulator.infused_ul < 25000.0 * 1.01);
}

const struct test therapy_tests[] = {
    TEST(test_occlusion_is_found_relaxed_and_leaves_no_bolus),
    TEST(test_therapy_goes_on_after_an_occlusion_was_acknowledged),
    TEST(test_runaway_motor_delivers_little_before_it_is_stopped),
    TEST(test_stalled_motor_is_found_at_the_lowest_rate),
    TEST(test_bolus_adds_its_volume_and_the_infusion_still_ends),
    END,
};
