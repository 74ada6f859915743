#include "controller.h"

#include "calibration.h"

#define PL_PER_UL 1000000u

void controller_init(struct controller *controller, const struct model *model, bool firmware_good)
{
    *controller = (struct controller){.model = model, .firmware_good = firmware_good};
    air_init(&controller->air);
    occlusion_init(&controller->occlusion, model);
    bolus_init(&controller->bolus, model);
    if (!firmware_good) {
        controller->state = STATE_ALARM;
        controller->alarm = ALARM_FIRMWARE;
    }
}

static uint64_t steps_for(uint32_t volume_ul, uint32_t pl_per_step)
{
    return (uint64_t)volume_ul * PL_PER_UL / pl_per_step;
}

bool controller_start(struct controller *controller, uint32_t rate_ul_h, uint32_t volume_ul)
{
    const uint32_t pl_per_step = calibration_pl_per_step(controller->model, rate_ul_h);

    if (controller->state != STATE_IDLE || pl_per_step == 0 || volume_ul == 0 || steps_for(volume_ul, pl_per_step) > INT32_MAX / 2) {
        return false;
    }
    controller->rate_ul_h = rate_ul_h;
    controller->pl_per_step = pl_per_step;
    controller->period_us = calibration_step_period_us(controller->model, rate_ul_h);
    controller->steps_to_go = (uint32_t)steps_for(volume_ul, pl_per_step);
    controller->elapsed_us = 0;
    controller->delivered_pl = 0;
    controller->state = STATE_INFUSING;
    return true;
}

enum bolus_answer controller_bolus(struct controller *controller, uint32_t volume_ul)
{
    enum bolus_answer answer;

    if (controller->state != STATE_INFUSING) {
        return BOLUS_LOCKED_OUT;
    }
    answer = bolus_request(&controller->bolus, controller->now_ms / 1000u, volume_ul);
    if (answer == BOLUS_GRANTED) {
        controller->steps_to_go += (uint32_t)steps_for(volume_ul, controller->pl_per_step);
    }
    return answer;
}

void controller_stop(struct controller *controller)
{
    if (controller->state == STATE_INFUSING) {
        controller->state = STATE_IDLE;
    }
}

static enum alarm graver(enum alarm a, enum alarm b)
{
    return a > b ? a : b;
}

/* The motor against its encoder. Too many steps is the graver fault: drug that was not ordered. */
static enum alarm check_motor(struct controller *controller, int32_t encoder_steps)
{
    int32_t surplus;

    if (!controller->encoder_known) {
        controller->encoder_known = true;
        controller->encoder_offset = encoder_steps;
    }
    surplus = encoder_steps - controller->encoder_offset - controller->commanded_steps;
    if (surplus > ENCODER_TOLERANCE_STEPS) {
        return ALARM_RUNAWAY;
    }
    return surplus < -ENCODER_TOLERANCE_STEPS ? ALARM_STALL : ALARM_NONE;
}

static enum alarm check_inputs(struct controller *controller, const struct inputs *inputs)
{
    const uint32_t moved_nl = controller->last_command <= 0 ? 0 : (uint32_t)((uint64_t)controller->last_command * controller->pl_per_step / 1000u);
    enum alarm alarm = check_motor(controller, inputs->encoder_steps);

    switch (occlusion_sample(&controller->occlusion, inputs->pressure_dpa)) {
    case OCCLUSION_FOUND:
        alarm = graver(alarm, ALARM_OCCLUSION);
        break;
    case OCCLUSION_SENSOR_FAULT:
        alarm = graver(alarm, ALARM_SENSOR_FAULT);
        break;
    case OCCLUSION_NONE:
        break;
    }
    if (air_sample(&controller->air, controller->now_ms, inputs->air, moved_nl)) {
        alarm = graver(alarm, ALARM_AIR);
    }
    return alarm;
}

static int32_t command(struct controller *controller, int32_t steps)
{
    controller->commanded_steps += steps;
    controller->last_command = steps;
    return steps;
}

/* The steps due by now; the remainder of the time is carried on, so that no rounding adds up. */
static int32_t infuse(struct controller *controller)
{
    uint32_t steps;

    controller->elapsed_us += TICK_MS * 1000u;
    steps = controller->elapsed_us / controller->period_us;
    controller->elapsed_us %= controller->period_us;
    if (steps >= controller->steps_to_go) {
        steps = controller->steps_to_go;
        controller->state = STATE_ALARM;
        controller->alarm = ALARM_INFUSION_COMPLETE;
    }
    controller->steps_to_go -= steps;
    controller->delivered_pl += (uint64_t)steps * controller->pl_per_step;
    return command(controller, (int32_t)steps);
}

int32_t controller_tick(struct controller *controller, const struct inputs *inputs)
{
    enum alarm alarm;
    const bool infusing = controller->state == STATE_INFUSING;

    controller->now_ms += TICK_MS;
    alarm = controller->firmware_good ? check_inputs(controller, inputs) : ALARM_FIRMWARE;
    if (alarm != ALARM_NONE) {
        controller->state = STATE_ALARM;
        controller->alarm = graver(controller->alarm, alarm);
        if (infusing && alarm == ALARM_OCCLUSION) {
            return command(controller, -(int32_t)occlusion_backoff_steps(controller->model, inputs->pressure_dpa, controller->pl_per_step));
        }
    }
    return controller->state == STATE_INFUSING ? infuse(controller) : command(controller, 0);
}

bool controller_acknowledge(struct controller *controller, const struct inputs *inputs)
{
    const bool pressed = inputs->pressure_dpa >= (int32_t)controller->model->occlusion_dpa || inputs->pressure_dpa < PRESSURE_LOWEST_DPA;

    if (controller->state != STATE_ALARM || controller->alarm >= ALARM_RUNAWAY || pressed || inputs->air) {
        return false;
    }
    controller->state = STATE_IDLE;
    controller->alarm = ALARM_NONE;
    controller->encoder_known = false;
    controller->commanded_steps = 0;
    controller->last_command = 0;
    air_init(&controller->air);
    occlusion_init(&controller->occlusion, controller->model);
    return true;
}
