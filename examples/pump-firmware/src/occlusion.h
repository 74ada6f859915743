/* Occlusion: line pressure that stays too high, and how far to turn back so that its release is no bolus. */
#ifndef OCCLUSION_H
#define OCCLUSION_H

#include "model.h"

#include <stdbool.h>

#define OCCLUSION_SAMPLES 3u        /* in a row; the controller samples every 100 ms */
#define PRESSURE_LOWEST_DPA (-3000) /* below and above: no pressure, but a broken sensor */
#define PRESSURE_HIGHEST_DPA 30000

enum occlusion_state {
    OCCLUSION_NONE,
    OCCLUSION_FOUND,
    OCCLUSION_SENSOR_FAULT,
};

struct occlusion_guard {
    const struct model *model;
    uint32_t high_samples;
};

void occlusion_init(struct occlusion_guard *guard, const struct model *model);

enum occlusion_state occlusion_sample(struct occlusion_guard *guard, int32_t pressure_dpa);

/* Steps to turn back so that the tubing is relaxed: what it took up at this pressure, never more. */
uint32_t occlusion_backoff_steps(const struct model *model, int32_t pressure_dpa, uint32_t pl_per_step);

#endif
