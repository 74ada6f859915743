/* The hazardous situations of quality/risks, played through with a simulated pump and a fixed sequence of chance. */
#include "runner.h"
#include "simulator.h"

extern const struct test hazard_scenario_tests[];

/* A small generator (Numerical Recipes): the same sequence on every machine. */
static uint32_t chance_state;

static uint32_t chance(uint32_t below)
{
    chance_state = chance_state * 1664525u + 1013904223u;
    return (uint32_t)(((uint64_t)chance_state * below) >> 32);
}

/* @verifies REQ-010 REQ-011 RC-005 */
static void test_impatient_patient_never_gets_more_than_the_hourly_limit(void)
{
    const struct model *model = model_find("LP-100");
    struct bolus_guard guard;
    static uint32_t granted_ul[24 * 3600];

    chance_state = 11;
    bolus_init(&guard, model);
    for (uint32_t now = 0; now < 24 * 3600; now++) {
        const uint32_t wanted = chance(3000);

        granted_ul[now] = bolus_request(&guard, now, wanted) == BOLUS_GRANTED ? wanted : 0;
    }
    for (uint32_t from = 0; from + 3600 <= 24 * 3600; from += 7) {
        uint32_t sum_ul = 0;

        for (uint32_t now = from; now < from + 3600; now++) {
            sum_ul += granted_ul[now];
        }
        CHECK(sum_ul <= model->max_hourly_bolus_ul);
    }
}

/* @verifies REQ-012 REQ-013 RC-006 */
static void test_air_never_exceeds_its_limits_however_it_comes(void)
{
    for (uint32_t round = 0; round < 200; round++) {
        struct air_guard guard;
        uint32_t total_nl = 0;
        uint32_t now_ms = 0;
        bool stopped = false;

        chance_state = round;
        air_init(&guard);
        /* within one window: whatever the pattern, more than a millilitre must have stopped the pump */
        while (now_ms < 15 * 60000u && !stopped) {
            const bool air = chance(4) != 0;
            const uint32_t moved_nl = chance(2000);

            stopped = air_sample(&guard, now_ms, air, moved_nl);
            total_nl += air ? moved_nl : 0;
            now_ms += 100;
        }
        CHECK(stopped);
        CHECK(total_nl <= AIR_WINDOW_NL + 2000u);
    }
}

/* @verifies REQ-002 REQ-014 REQ-016 RC-007 RC-008 */
static void test_occlusion_at_any_rate_is_found_and_its_release_is_harmless(void)
{
    for (size_t i = 0; i < MODEL_COUNT; i++) {
        const uint32_t highest = models[i].calibration[models[i].points - 1].rate_ul_h;

        for (uint32_t rate = 5000; rate <= highest; rate += highest / 9) {
            struct simulator simulator;
            double before_ul;

            simulator_init(&simulator, models[i].name);
            CHECK(controller_start(&simulator.controller, rate, 500000));
            simulator_run(&simulator, 10);
            simulator.line_closed = true;
            simulator_run(&simulator, 120);
            CHECK(simulator.controller.alarm == ALARM_OCCLUSION);
            before_ul = simulator.infused_ul;
            simulator.line_closed = false;
            simulator_tick(&simulator);
            /* the steps of the tick in which the pressure was sampled are not yet in it: a tick's volume may remain */
            CHECK(simulator.infused_ul - before_ul < 50.0);
        }
    }
}

/* @verifies REQ-008 REQ-009 REQ-015 REQ-017 REQ-018 RC-003 RC-010 RC-011 RC-012 RC-013 */
static void test_every_single_fault_ends_in_a_latched_alarm(void)
{
    static const enum alarm expected[] = {ALARM_RUNAWAY, ALARM_STALL, ALARM_SENSOR_FAULT, ALARM_AIR, ALARM_OCCLUSION};

    for (size_t fault = 0; fault < sizeof expected / sizeof expected[0]; fault++) {
        struct simulator simulator;

        simulator_init(&simulator, "LP-200");
        CHECK(controller_start(&simulator.controller, 300000, 500000));
        simulator_run(&simulator, 30);
        simulator.motor_runs_away_by = fault == 0 ? 50 : 0;
        simulator.motor_stalls = fault == 1;
        simulator.line_closed = fault == 4;
        for (int tick = 0; tick < 600 && simulator.controller.state == STATE_INFUSING; tick++) {
            simulator.inputs.air = fault == 3;
            if (fault == 2) {
                simulator.inputs.pressure_dpa = PRESSURE_HIGHEST_DPA + 1;
            }
            simulator_tick(&simulator);
        }
        CHECK(simulator.controller.alarm == expected[fault]);
        simulator.motor_runs_away_by = 0;
        simulator.inputs.air = false;
        for (int tick = 0; tick < 100; tick++) {
            CHECK(simulator_tick(&simulator) <= 0);
        }
        CHECK(simulator.controller.state == STATE_ALARM);
    }
}

/* @verifies REQ-019 RC-009 */
static void test_device_with_damaged_firmware_delivers_nothing(void)
{
    struct simulator simulator;

    simulator_init(&simulator, "LP-100");
    controller_init(&simulator.controller, model_find("LP-100"), false);
    CHECK(!controller_start(&simulator.controller, 10000, 1000));
    simulator_run(&simulator, 60);
    CHECK(simulator.infused_ul == 0.0);
}

/* @verifies REQ-007 RC-004 */
static void test_no_infusion_delivers_more_than_was_ordered(void)
{
    for (uint32_t round = 0; round < 40; round++) {
        struct simulator simulator;
        uint32_t rate_ul_h;
        uint32_t volume_ul;

        chance_state = 7000 + round;
        rate_ul_h = 50000 + chance(900000);
        volume_ul = 100 + chance(20000);
        simulator_init(&simulator, "LP-200");
        CHECK(controller_start(&simulator.controller, rate_ul_h, volume_ul));
        simulator_run(&simulator, 7200);
        CHECK(simulator.controller.alarm == ALARM_INFUSION_COMPLETE);
        CHECK(simulator.infused_ul <= volume_ul * 1.005);
        CHECK(simulator.infused_ul >= volume_ul * 0.99);
    }
}

const struct test hazard_scenario_tests[] = {
    TEST(test_impatient_patient_never_gets_more_than_the_hourly_limit),
    TEST(test_air_never_exceeds_its_limits_however_it_comes),
    TEST(test_occlusion_at_any_rate_is_found_and_its_release_is_harmless),
    TEST(test_every_single_fault_ends_in_a_latched_alarm),
    TEST(test_device_with_damaged_firmware_delivers_nothing),
    TEST(test_no_infusion_delivers_more_than_was_ordered),
    END,
};
