#include "occlusion.h"

#define DPA_PER_KPA 100u

void occlusion_init(struct occlusion_guard *guard, const struct model *model)
{
    guard->model = model;
    guard->high_samples = 0;
}

enum occlusion_state occlusion_sample(struct occlusion_guard *guard, int32_t pressure_dpa)
{
    if (pressure_dpa < PRESSURE_LOWEST_DPA || pressure_dpa > PRESSURE_HIGHEST_DPA) {
        return OCCLUSION_SENSOR_FAULT;
    }
    if (pressure_dpa < (int32_t)guard->model->occlusion_dpa) {
        guard->high_samples = 0;
        return OCCLUSION_NONE;
    }
    if (guard->high_samples < OCCLUSION_SAMPLES) {
        guard->high_samples++;
    }
    return guard->high_samples == OCCLUSION_SAMPLES ? OCCLUSION_FOUND : OCCLUSION_NONE;
}

uint32_t occlusion_backoff_steps(const struct model *model, int32_t pressure_dpa, uint32_t pl_per_step)
{
    uint64_t stored_pl;

    if (pressure_dpa <= 0 || pl_per_step == 0) {
        return 0;
    }
    stored_pl = (uint64_t)pressure_dpa * model->compliance_nl_per_kpa * 1000u / DPA_PER_KPA;
    return (uint32_t)(stored_pl / pl_per_step);
}
