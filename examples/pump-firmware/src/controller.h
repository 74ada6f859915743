/*
 * The dose controller: a state machine that is asked every 100 ms what the motor shall do.
 *
 * Idle, infusing, alarm. An alarm stops the motor in the same tick and stays until a person acknowledges it and its
 * cause is gone. When several things are wrong, the gravest names the alarm.
 */
#ifndef CONTROLLER_H
#define CONTROLLER_H

#include "air.h"
#include "bolus.h"
#include "model.h"
#include "occlusion.h"

#define TICK_MS 100u
#define ENCODER_TOLERANCE_STEPS 20 /* play of the gear */

/* In order of gravity, the gravest last. */
enum alarm {
    ALARM_NONE,
    ALARM_INFUSION_COMPLETE,
    ALARM_STALL,
    ALARM_OCCLUSION,
    ALARM_SENSOR_FAULT,
    ALARM_AIR,
    ALARM_RUNAWAY,
    ALARM_FIRMWARE,
};

enum controller_state {
    STATE_IDLE,
    STATE_INFUSING,
    STATE_ALARM,
};

struct inputs {
    bool air;
    int32_t pressure_dpa;
    int32_t encoder_steps; /* what the motor really did since power-on, forward counted up */
};

struct controller {
    const struct model *model;
    enum controller_state state;
    enum alarm alarm;
    bool firmware_good;
    uint32_t now_ms;
    uint32_t rate_ul_h;
    uint32_t period_us;
    uint32_t pl_per_step;
    uint32_t elapsed_us; /* since the last step */
    uint32_t steps_to_go;
    int32_t commanded_steps;
    int32_t encoder_offset;
    bool encoder_known;
    int32_t last_command;
    uint64_t delivered_pl;
    struct air_guard air;
    struct occlusion_guard occlusion;
    struct bolus_guard bolus;
};

/* A controller at rest. With `firmware_good` false it stays in alarm for ever. */
void controller_init(struct controller *controller, const struct model *model, bool firmware_good);

/* Starts an infusion of a volume at a rate; false, and nothing happens, if state, rate or volume forbid it. */
bool controller_start(struct controller *controller, uint32_t rate_ul_h, uint32_t volume_ul);

/* Adds a bolus to the running infusion, at its rate. */
enum bolus_answer controller_bolus(struct controller *controller, uint32_t volume_ul);

void controller_stop(struct controller *controller);

/* One tick: the steps that the motor shall make until the next, negative for backwards. */
int32_t controller_tick(struct controller *controller, const struct inputs *inputs);

/* A person says that the alarm was noticed; true if its cause is gone and the pump is idle again. */
bool controller_acknowledge(struct controller *controller, const struct inputs *inputs);

#endif
