#include "simulator.h"

#define PL_PER_UL 1e6
#define PL_PER_NL 1e3
#define DPA_PER_KPA 100.0

void simulator_init(struct simulator *simulator, const char *model)
{
    *simulator = (struct simulator){0};
    controller_init(&simulator->controller, model_find(model), true);
}

double simulator_true_pl_per_step(const struct model *model, double rate_ul_h)
{
    const bool small = model->id == 1u;
    const double full_pl = small ? 83000.0 : 250000.0;
    const double x = rate_ul_h / (small ? 125000.0 : 999000.0);

    return small ? full_pl * (1.0 - 0.075 * x - 0.022 * x * x) : full_pl * (1.0 - 0.14 * x - 0.025 * x * x);
}

int32_t simulator_tick(struct simulator *simulator)
{
    const struct model *model = simulator->controller.model;
    const int32_t commanded = controller_tick(&simulator->controller, &simulator->inputs);
    const int32_t moved = (simulator->motor_stalls ? 0 : commanded) + simulator->motor_runs_away_by;
    const double volume_pl = moved * simulator_true_pl_per_step(model, simulator->controller.rate_ul_h);

    simulator->inputs.encoder_steps += moved;
    if (simulator->line_closed) {
        simulator->stored_nl += volume_pl / PL_PER_NL;
        simulator->inputs.pressure_dpa = (int32_t)(simulator->stored_nl / model->compliance_nl_per_kpa * DPA_PER_KPA);
    } else {
        /* What was stored goes to the patient at once: that is the bolus which the back-off prevents. */
        simulator->infused_ul += (volume_pl + simulator->stored_nl * PL_PER_NL) / PL_PER_UL;
        simulator->stored_nl = 0.0;
        simulator->inputs.pressure_dpa = 0;
    }
    return commanded;
}

void simulator_run(struct simulator *simulator, uint32_t seconds)
{
    const enum controller_state before = simulator->controller.state;

    for (uint64_t tick = 0; tick < (uint64_t)seconds * 1000u / TICK_MS && simulator->controller.state == before; tick++) {
        simulator_tick(simulator);
    }
}
