/*
 * A simulated pump for the tests: motor, encoder, tubing, patient. It knows nothing of the firmware's calibration tables:
 * what a step delivers follows from how far the tubing fills at a rate (a smooth curve), and pressure from how much it
 * is stretched.
 */
#ifndef SIMULATOR_H
#define SIMULATOR_H

#include "controller.h"

struct simulator {
    struct controller controller;
    struct inputs inputs;
    double infused_ul;     /* into the patient */
    double stored_nl;      /* in the stretched tubing while the line is closed */
    bool line_closed;
    int32_t motor_runs_away_by; /* steps per tick that nobody commanded */
    bool motor_stalls;
};

void simulator_init(struct simulator *simulator, const char *model);

/* One tick of controller and pump; what the controller commanded. */
int32_t simulator_tick(struct simulator *simulator);

/* As many ticks as the seconds hold, or until the controller leaves the state. */
void simulator_run(struct simulator *simulator, uint32_t seconds);

/* What a step truly delivers, in picolitres. */
double simulator_true_pl_per_step(const struct model *model, double rate_ul_h);

#endif
