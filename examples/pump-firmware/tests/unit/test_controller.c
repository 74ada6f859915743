/* The state machine, tick by tick. */
#include "controller.h"
#include "runner.h"

extern const struct test controller_tests[];

static const struct inputs quiet = {.air = false, .pressure_dpa = 0, .encoder_steps = 0};

/* A controller that infuses 10 ml at 100 ml/h: 36 steps and a bit in each tick. */
static struct controller infusing(void)
{
    struct controller controller;

    controller_init(&controller, model_find("LP-100"), true);
    CHECK(controller_start(&controller, 100000, 10000));
    return controller;
}

/* @verifies REQ-005 REQ-007 RC-001 */
static void test_infusion_outside_the_limits_does_not_start(void)
{
    struct controller controller;

    controller_init(&controller, model_find("LP-100"), true);
    CHECK(!controller_start(&controller, 125001, 1000));
    CHECK(!controller_start(&controller, 0, 1000));
    CHECK(!controller_start(&controller, 1000, 0));
    CHECK(!controller_start(&controller, 1000, UINT32_MAX));
    CHECK(controller.state == STATE_IDLE);
    CHECK(controller_tick(&controller, &quiet) == 0);
}

/* @verifies REQ-003 */
static void test_remainder_of_a_tick_is_carried_on(void)
{
    struct controller controller = infusing();
    struct inputs inputs = quiet;
    int32_t sum = 0;

    for (int tick = 0; tick < 600; tick++) {
        const int32_t steps = controller_tick(&controller, &inputs);

        CHECK(steps == 36 || steps == 37 || steps == 35);
        sum += steps;
        inputs.encoder_steps += steps;
    }
    /* one minute: 60 s divided by the period, exactly */
    CHECK(sum == (int32_t)(60000000u / controller.period_us));
}

/* @verifies REQ-007 RC-004 */
static void test_infusion_ends_at_its_volume(void)
{
    struct controller controller;
    struct inputs inputs = quiet;

    controller_init(&controller, model_find("LP-200"), true);
    CHECK(controller_start(&controller, 500000, 5000));
    for (int tick = 0; tick < 1000; tick++) {
        inputs.encoder_steps += controller_tick(&controller, &inputs);
    }
    CHECK(controller.alarm == ALARM_INFUSION_COMPLETE);
    CHECK(controller.delivered_pl <= 5000000000u);
    CHECK(controller.delivered_pl > 5000000000u - 250000u);
    CHECK(controller_tick(&controller, &inputs) == 0);
}

/* @verifies REQ-002 REQ-008 RC-003 */
static void test_runaway_stops_in_the_same_tick(void)
{
    struct controller controller = infusing();
    struct inputs inputs = quiet;

    inputs.encoder_steps = controller_tick(&controller, &inputs) + ENCODER_TOLERANCE_STEPS;
    inputs.encoder_steps += controller_tick(&controller, &inputs) + 1;
    CHECK(controller_tick(&controller, &inputs) == 0);
    CHECK(controller.alarm == ALARM_RUNAWAY);
}

/* @verifies REQ-008 RC-003 */
static void test_motor_that_moves_while_idle_is_a_runaway(void)
{
    struct controller controller;
    struct inputs inputs = quiet;

    controller_init(&controller, model_find("LP-100"), true);
    CHECK(controller_tick(&controller, &inputs) == 0);
    inputs.encoder_steps = ENCODER_TOLERANCE_STEPS + 1;
    CHECK(controller_tick(&controller, &inputs) == 0);
    CHECK(controller.alarm == ALARM_RUNAWAY);
    CHECK(!controller_acknowledge(&controller, &inputs));
}

/* @verifies REQ-009 RC-013 */
static void test_stalled_motor_is_an_alarm(void)
{
    struct controller controller = infusing();

    for (int tick = 0; tick < 3; tick++) {
        controller_tick(&controller, &quiet);
    }
    CHECK(controller.alarm == ALARM_STALL);
}

/* @verifies REQ-002 REQ-012 RC-006 */
static void test_air_stops_in_the_same_tick(void)
{
    struct controller controller = infusing();
    struct inputs inputs = {.air = true, .pressure_dpa = 0, .encoder_steps = 0};
    int32_t steps = 1;
    int ticks = 0;

    while (steps > 0 && ticks < 100) {
        steps = controller_tick(&controller, &inputs);
        inputs.encoder_steps += steps;
        ticks++;
    }
    CHECK(controller.alarm == ALARM_AIR);
    /* 50 ul at 100 ml/h pass in 1.8 s */
    CHECK(ticks >= 18 && ticks <= 21);
}

/* @verifies REQ-015 REQ-002 RC-012 */
static void test_broken_pressure_sensor_stops(void)
{
    struct controller controller = infusing();
    const struct inputs broken = {.air = false, .pressure_dpa = 99999, .encoder_steps = 0};

    CHECK(controller_tick(&controller, &broken) == 0);
    CHECK(controller.alarm == ALARM_SENSOR_FAULT);
}

/* @verifies REQ-017 RC-010 */
static void test_alarm_stays_until_acknowledged_with_its_cause_gone(void)
{
    struct controller controller = infusing();
    struct inputs inputs = {.air = false, .pressure_dpa = 99999, .encoder_steps = 0};

    controller_tick(&controller, &inputs);
    inputs.pressure_dpa = 8000;
    CHECK(!controller_acknowledge(&controller, &inputs));
    inputs.pressure_dpa = 0;
    for (int tick = 0; tick < 1000; tick++) {
        CHECK(controller_tick(&controller, &inputs) == 0);
        CHECK(controller.state == STATE_ALARM);
        CHECK(!controller_start(&controller, 1000, 1000));
    }
    inputs.air = true;
    CHECK(!controller_acknowledge(&controller, &inputs));
    inputs.air = false;
    CHECK(controller_acknowledge(&controller, &inputs));
    CHECK(controller.state == STATE_IDLE);
    CHECK(controller_tick(&controller, &inputs) == 0);
}

/* @verifies REQ-018 RC-011 */
static void test_gravest_cause_names_the_alarm(void)
{
    struct controller controller = infusing();
    struct inputs inputs = {.air = false, .pressure_dpa = 99999, .encoder_steps = 0};

    controller_tick(&controller, &inputs);
    CHECK(controller.alarm == ALARM_SENSOR_FAULT);
    inputs.encoder_steps = 1000;
    controller_tick(&controller, &inputs);
    CHECK(controller.alarm == ALARM_RUNAWAY);
    inputs.encoder_steps = 0;
    controller_tick(&controller, &inputs);
    CHECK(controller.alarm == ALARM_RUNAWAY);
}

/* @verifies REQ-010 RC-005 */
static void test_bolus_needs_a_running_infusion(void)
{
    struct controller controller;

    controller_init(&controller, model_find("LP-100"), true);
    CHECK(controller_bolus(&controller, 500) == BOLUS_LOCKED_OUT);
    CHECK(controller_start(&controller, 1000, 1000));
    CHECK(controller_bolus(&controller, 500) == BOLUS_GRANTED);
    CHECK(controller_bolus(&controller, 500) == BOLUS_LOCKED_OUT);
    controller_stop(&controller);
    CHECK(controller.state == STATE_IDLE);
    CHECK(controller_bolus(&controller, 500) == BOLUS_LOCKED_OUT);
}

/* @verifies REQ-019 RC-009 */
static void test_bad_firmware_never_moves_the_motor(void)
{
    struct controller controller;

    controller_init(&controller, model_find("LP-100"), false);
    CHECK(!controller_start(&controller, 1000, 1000));
    CHECK(controller_tick(&controller, &quiet) == 0);
    CHECK(!controller_acknowledge(&controller, &quiet));
    CHECK(controller.alarm == ALARM_FIRMWARE);
}

const struct test controller_tests[] = {
    TEST(test_infusion_outside_the_limits_does_not_start),
    TEST(test_remainder_of_a_tick_is_carried_on),
    TEST(test_infusion_ends_at_its_volume),
    TEST(test_runaway_stops_in_the_same_tick),
    TEST(test_motor_that_moves_while_idle_is_a_runaway),
    TEST(test_stalled_motor_is_an_alarm),
    TEST(test_air_stops_in_the_same_tick),
    TEST(test_broken_pressure_sensor_stops),
    TEST(test_alarm_stays_until_acknowledged_with_its_cause_gone),
    TEST(test_gravest_cause_names_the_alarm),
    TEST(test_bolus_needs_a_running_infusion),
    TEST(test_bad_firmware_never_moves_the_motor),
    END,
};
