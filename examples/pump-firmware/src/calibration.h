/*
 * Flow calibration: from a rate in microlitres per hour to motor steps.
 *
 * Integers only. A step delivers less the faster the pump runs, because the tubing has less time to fill; the profile
 * says how much, measured at a few rates, and between them the line is straight.
 */
#ifndef CALIBRATION_H
#define CALIBRATION_H

#include "model.h"

/* Picolitres per step at this rate; 0 where the model is not calibrated for it. */
uint32_t calibration_pl_per_step(const struct model *model, uint32_t rate_ul_h);

/* Microseconds between steps for this rate; 0 where the model is not calibrated for it. */
uint32_t calibration_step_period_us(const struct model *model, uint32_t rate_ul_h);

#endif
